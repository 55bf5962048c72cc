import { Anchor, Badge, Code, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { BASE } from '../../api/fhir';
import { Link } from '../../app/link';
import { type Fields, isFields, lastPart, type Shape, shapeOf, wordsOfNarrative } from './shapes';
import { FhirTime } from './times';

const asText = (value: unknown): string => (typeof value === 'string' ? value : '');
const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
const joined = (parts: readonly unknown[], separator = ' '): string =>
  parts
    .map((part) => (typeof part === 'number' ? String(part) : asText(part)))
    .filter((part) => part !== '')
    .join(separator);

/** A value of a datatype in one line; undefined for what has a structure of its own. */
export function oneLine(value: unknown): ReactNode | undefined {
  if (typeof value === 'string') return <TextValue text={value} />;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return String(value);
  if (!isFields(value)) return undefined;
  const shape = shapeOf(value);
  if (shape === undefined) return undefined;
  const Shown = SHOWN[shape];
  return <Shown value={value} />;
}

function TextValue({ text }: { text: string }) {
  if (/^\d{4}-\d\d-\d\d(T.*)?$/.test(text)) return <FhirTime at={text} />;
  if (/^[A-Z]\w+\/[A-Za-z0-9\-.]{1,64}$/.test(text)) return <ReferenceTo reference={text} />;
  return <span className="words">{text}</span>;
}

const SHOWN: Readonly<Record<Shape, (shown: { value: Fields }) => ReactNode>> = {
  narrative: ({ value: { div } }) => <span className="words">{wordsOfNarrative(asText(div))}</span>,
  concept: ({ value: { text, coding } }) => (
    <Concept text={asText(text)} codings={asList(coding).filter(isFields)} />
  ),
  coding: ({ value }) => <CodingValue coding={value} />,
  quantity: ({ value }) => quantityText(value),
  money: ({ value: { value, currency } }) => joined([value, currency]),
  range: ({ value: { low, high } }) => `${rangeEnd(low)} to ${rangeEnd(high)}`,
  ratio: ({ value: { numerator, denominator } }) => `${rangeEnd(numerator)} : ${rangeEnd(denominator)}`,
  period: ({ value }) => <PeriodValue period={value} />,
  reference: ({ value }) => <ReferenceValue value={value} />,
  contact: ({ value: { system, value, use } }) => (
    <>
      {asText(value)} <Aside>{joined([use, system])}</Aside>
    </>
  ),
  identifier: ({ value: { value, system, type } }) => (
    <>
      <span className="mono">{asText(value)}</span>{' '}
      <Aside>{isFields(type) ? oneLine(type) : lastPart(asText(system))}</Aside>
    </>
  ),
  name: ({ value: { text, prefix, given, family, suffix, use } }) => (
    <>
      {joined([...asList(prefix), ...asList(given), family, ...asList(suffix)]) || asText(text)}{' '}
      <Aside>{asText(use)}</Aside>
    </>
  ),
  address: ({ value: { text, line, city, state, postalCode, country, use } }) => (
    <>
      {joined([joined(asList(line), ', '), city, joined([state, postalCode]), country], ', ') || asText(text)}{' '}
      <Aside>{asText(use)}</Aside>
    </>
  ),
  attachment: ({ value }) => <AttachmentValue attachment={value} />,
  annotation: ({ value: { text, time, authorString, authorReference } }) => (
    <>
      <span className="words">{asText(text)}</span>{' '}
      <Aside>
        {isFields(authorReference) ? oneLine(authorReference) : asText(authorString)}{' '}
        {time !== undefined && <FhirTime at={asText(time)} />}
      </Aside>
    </>
  ),
};

function Aside({ children }: { children: ReactNode }) {
  return (
    <Text span size="sm" c="dimmed">
      {children}
    </Text>
  );
}

function Concept({ text, codings }: { text: string; codings: readonly Fields[] }) {
  const [first, ...others] = codings;
  if (text === '' && first !== undefined) {
    return (
      <>
        <CodingValue coding={first} />
        {others.map((coding, index) => (
          <span key={index}>
            {' · '}
            <CodingValue coding={coding} />
          </span>
        ))}
      </>
    );
  }
  return (
    <>
      {text}{' '}
      {codings.map((coding, index) => (
        <CodingValue key={index} coding={coding} isQuiet={coding['display'] === text} />
      ))}
    </>
  );
}

/** Display, code, and the system by its last part; the whole system on pointing at it. */
function CodingValue({ coding, isQuiet = false }: { coding: Fields; isQuiet?: boolean }) {
  const { system, code, display } = coding;
  return (
    <>
      {!isQuiet && display !== undefined && `${asText(display)} `}
      {code !== undefined && (
        <Badge color="gray" title={asText(system)}>
          {system === undefined ? asText(code) : `${lastPart(asText(system))} ${asText(code)}`}
        </Badge>
      )}{' '}
    </>
  );
}

function quantityText({ comparator, value, unit, code }: Fields): string {
  return joined([comparator, value, unit ?? code]);
}

function rangeEnd(value: unknown): string {
  return isFields(value) ? quantityText(value) : '…';
}

function PeriodValue({ period: { start, end } }: { period: Fields }) {
  return (
    <>
      {start === undefined ? 'until ' : <FhirTime at={asText(start)} />}
      {start !== undefined && (end === undefined ? ' on' : ' to ')}
      {end !== undefined && <FhirTime at={asText(end)} />}
    </>
  );
}

function ReferenceValue({ value: { reference, display, type, identifier } }: { value: Fields }) {
  const to = asText(reference);
  if (to === '') {
    return (
      <>
        {asText(display)} <Aside>{asText(type)}</Aside> {isFields(identifier) && oneLine(identifier)}
      </>
    );
  }
  return (
    <>
      {display !== undefined && `${asText(display)} `}
      <ReferenceTo reference={to} />
    </>
  );
}

/** A link within the browser where the reference leads to this server; otherwise its words. */
function ReferenceTo({ reference }: { reference: string }) {
  const own = `${window.location.origin}${BASE}/`;
  const local = reference.startsWith(own) ? reference.slice(own.length) : reference;
  const [, type, id] = /^([A-Z]\w+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/\S+)?$/.exec(local) ?? [];
  if (reference.startsWith('#')) return <span className="mono">{reference} (contained)</span>;
  if (type === undefined || id === undefined) return <span className="mono">{reference}</span>;
  return (
    <Anchor component={Link} to={`/records/${type}/${id}`} className="mono" size="sm">
      {type}/{id}
    </Anchor>
  );
}

function AttachmentValue({
  attachment: { title, contentType, url, size, data, creation },
}: {
  attachment: Fields;
}) {
  const bytes =
    typeof size === 'number' ? size : data === undefined ? undefined : (asText(data).length * 3) / 4;
  return (
    <>
      {asText(title) || 'Attachment'} <Badge color="gray">{asText(contentType) || 'unknown type'}</Badge>{' '}
      <Aside>
        {bytes !== undefined && `${Math.max(1, Math.round(bytes / 1024)).toLocaleString()} kB `}
        {creation !== undefined && <FhirTime at={asText(creation)} />}
      </Aside>{' '}
      {url !== undefined && <ReferenceTo reference={asText(url)} />}
    </>
  );
}

/** JSON as text, indented. */
export function JsonBlock({ json }: { json: string }) {
  return (
    <Code block tabIndex={0} role="region" aria-label="JSON" className="json">
      {json}
    </Code>
  );
}
