import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import type { Stored } from '../../api/fhir';
import { type Fields, isFields, labelOf, lastPart, shapeOf } from './shapes';
import { oneLine } from './values';

/** Shown by the page itself. */
const HEAD = new Set(['resourceType', 'id']);
/** Plumbing comes last. */
const LAST = ['extension', 'contained', 'meta'];

/** A resource field by field, for reading: every value by its datatype, whatever has parts as a list of its own. */
export function ResourceView({ resource }: { resource: Stored }) {
  const fields = resource as unknown as Fields;
  const rank = (name: string): number => LAST.indexOf(name);
  const names = Object.keys(fields)
    .filter((name) => !HEAD.has(name))
    .sort((a, b) => rank(a) - rank(b));
  return <FieldList fields={Object.fromEntries(names.map((name) => [name, fields[name]]))} isTop />;
}

function FieldList({ fields, isTop = false }: { fields: Fields; isTop?: boolean }) {
  return (
    <dl className={isTop ? 'fields top' : 'fields'}>
      {Object.entries(fields).map(([name, value]) => (
        <div key={name}>
          <Text component="dt" size="sm" c="dimmed">
            {labelOf(name)}
          </Text>
          <dd>{name.startsWith('_') ? <Primitive value={value} /> : <Value name={name} value={value} />}</dd>
        </div>
      ))}
    </dl>
  );
}

/** Extensions of a primitive value, which JSON keeps in a field of their own. https://hl7.org/fhir/R4/json.html#primitive */
function Primitive({ value }: { value: unknown }): ReactNode {
  const each = Array.isArray(value) ? (value as unknown[]) : [value];
  return each.map((one, index) =>
    isFields(one) && one['extension'] !== undefined ? (
      <Value key={index} name="extension" value={one['extension']} />
    ) : null,
  );
}

function Value({ name, value }: { name: string; value: unknown }): ReactNode {
  if (Array.isArray(value)) return <ListOfValues name={name} values={value as unknown[]} />;
  if (isFields(value) && name === 'extension') return <Extension extension={value} />;
  const line = oneLine(value);
  if (line === undefined) return isFields(value) ? <FieldList fields={value} /> : null;
  const extension = isFields(value) && shapeOf(value) !== undefined ? value['extension'] : undefined;
  return (
    <>
      {line}
      {extension !== undefined && <Value name="extension" value={extension} />}
    </>
  );
}

function ListOfValues({ name, values }: { name: string; values: readonly unknown[] }) {
  if (values.length === 1) return <Value name={name} value={values[0]} />;
  return (
    <ul className="values">
      {values.map((value, index) => (
        <li key={index}>
          <Value name={name} value={value} />
        </li>
      ))}
    </ul>
  );
}

/** By the name that its URL ends with, the whole URL on pointing at it. */
function Extension({ extension }: { extension: Fields }) {
  const url = String(extension['url'] ?? '');
  const [, value] = Object.entries(extension).find(([name]) => name.startsWith('value')) ?? [];
  return (
    <div className="extension">
      <Text span size="sm" c="dimmed" title={url}>
        {labelOf(lastPart(url))}:{' '}
      </Text>
      {value !== undefined && <Value name="value" value={value} />}
      {extension['extension'] !== undefined && <Value name="extension" value={extension['extension']} />}
    </div>
  );
}
