/**
 * Single elements of an event, read off its canonical JSON without parsing it: keys are in order, and inside a string
 * a quotation mark never stands without a backslash, so these patterns occur once, where they belong.
 */

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
