/**
 * Single elements of an event, read off its canonical JSON without parsing it: keys are in order, and inside a string
 * a quotation mark never stands without a backslash, so these patterns occur once, where they belong.
 */

import type { AuditEvent } from '@medplum/fhirtypes';

function after(text: string, mark: string): string {
  const at = text.lastIndexOf(mark);
  if (at < 0) return '';
  const start = at + mark.length;
  return text.slice(start, text.indexOf('"', start));
}

/** `"id"` comes after the agents and entities, and nothing behind it has one. */
export function idOf(text: string): string {
  return after(text, '"id":"');
}

export function actionOf(text: string): string {
  return text.startsWith('{"action":"') ? text.charAt('{"action":"'.length) : '';
}

export function outcomeOf(text: string): string {
  return after(text, ',"outcome":"');
}

export function recordedOf(text: string): string {
  return after(text, ',"recorded":"');
}

/** Code of the first subtype: the interaction. */
export function interactionOf(text: string): string {
  return after(text, ',"subtype":[{"code":"');
}

/** What an event has in common with the others that the same agent causes in the same way. */
const FRAME = [
  'action',
  'agent',
  'outcome',
  'outcomeDesc',
  'purposeOfEvent',
  'source',
  'subtype',
  'type',
] as const satisfies readonly (keyof AuditEvent)[];

/** Frames that are remembered; then all are forgotten. */
const FRAMES_LIMIT = 500;
const frames = new Map<string, { name: string; common: AuditEvent }>();
let framesSeen = 0;

/**
 * An event parsed, its frame only once.
 * @returns also a name of the frame, and the names of the elements in it.
 */
export function framedOf(text: string): { event: AuditEvent; frame: string; elements: readonly string[] } {
  const own = text.indexOf('"entity":[');
  const rest = text.lastIndexOf(',"outcome":"');
  const recorded = text.lastIndexOf(',"recorded":"');
  const after = text.indexOf(',"resourceType":"', recorded);
  if (own < 0 || rest < own || recorded < rest || after < 0)
    throw new Error('An event of the log has another layout.');
  const frame = text.slice(0, own) + text.slice(rest + 1, recorded) + text.slice(after);
  let known = frames.get(frame);
  if (known === undefined) {
    if (frames.size >= FRAMES_LIMIT) frames.clear();
    known = { name: String((framesSeen += 1)), common: JSON.parse(frame) as AuditEvent };
    frames.set(frame, known);
  }
  const { entity, id, meta } = JSON.parse(`{${text.slice(own, rest)}}`) as AuditEvent;
  const event = { ...known.common, entity, id, meta, recorded: recordedOf(text) };
  return { event, frame: known.name, elements: FRAME };
}
