/** Whether `_content` has entries: they are many, so the operator decides. */

/** One is written for every request: they are looked for by who, what and when. */
const NEVER = new Set(['AuditEvent']);

let isOn = false;

/** Says whether the words of whole resources get entries from now on; documents made before need a reindex. */
export function indexContent(on: boolean): void {
  isOn = on;
}

/** Whether a search by `_content` on the type is led by entries; otherwise it reads what the rest of the query leaves. */
export function isContentIndexed(type: string): boolean {
  return isOn && !NEVER.has(type);
}
