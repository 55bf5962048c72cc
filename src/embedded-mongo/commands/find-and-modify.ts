import { ServerError } from '../errors';
import type { Document } from '../semantics';
import { compileProjection, parseFilter } from '../semantics';
import { recordResult, recordedBytes } from '../sessions/retryable';
import { decode, encode } from '../storage/codec';
import type { Writer } from '../storage/view';
import { enclose } from '../wire/raw';
import type { Command, Handler } from './command';
import { allowFields, documentField, namespaceOf, refuse, statementOf } from './command';
import type { Change, Changed } from './modify';
import { SLOW, changeOne, changeSlowly, readChange } from './modify';
import { inWriter } from './writes';

const FIELDS = new Set([
  'query',
  'sort',
  'remove',
  'update',
  'new',
  'fields',
  'upsert',
  'bypassDocumentValidation',
  'collation',
  'arrayFilters',
  'hint',
  'let',
]);

/** https://www.mongodb.com/docs/manual/reference/command/findAndModify/ */
export const findAndModify: Handler = async (command, engine) => {
  const { body } = command;
  allowFields(body, command.name, FIELDS);
  refuse(body, ['collation', 'let']);
  const namespace = namespaceOf(command);
  const change = changeOf(body);
  const statement = statementOf(command, 0);
  const place = { command, engine, namespace };
  const record = (writer: Writer, changed: Changed | undefined): Buffer => {
    const reply = replyFor(command, change, changed);
    if (statement) recordResult(writer, statement, reply);
    return reply;
  };
  const quick = await inWriter(command, engine, namespace, (writer) => {
    const recorded = statement && recordedBytes(writer, statement);
    if (recorded) return recorded;
    const changed = changeOne(place, writer, change);
    return changed === SLOW ? SLOW : record(writer, changed);
  });
  return quick === SLOW ? changeSlowly(place, change, (writer, changed) => record(writer, changed())) : quick;
};

function changeOf(body: Document): Change {
  const remove = body['remove'] === true;
  if (remove && body['update'] !== undefined)
    throw new ServerError(9, "Cannot specify both an 'update' and 'remove'=true");
  if (!remove && body['update'] === undefined)
    throw new ServerError(9, "Either an 'update' or 'remove'=true must be specified");
  if (remove && body['upsert'] === true)
    throw new ServerError(9, "Cannot specify both 'upsert'=true and 'remove'=true");
  if (remove && body['new'] === true)
    throw new ServerError(
      9,
      "Cannot specify both 'new'=true and 'remove'=true; 'remove' always returns the deleted document",
    );
  const query = {
    filter: documentField(body, 'query') ?? {},
    sort: documentField(body, 'sort'),
    hint: body['hint'],
  };
  return readChange(
    query,
    remove ? undefined : body['update'],
    body['arrayFilters'],
    body['upsert'] === true,
  );
}

/** The reply, with the document copied in as it lies in the file. */
function replyFor({ body }: Command, change: Change, changed: Changed | undefined): Buffer {
  const fields = documentField(body, 'fields');
  const value = change.update !== undefined && body['new'] === true ? changed?.after : changed?.before;
  const shown =
    value && fields && Object.keys(fields).length > 0
      ? encode(compileProjection(fields, parseFilter(change.query.filter)).apply(decode(value)))
      : value;
  const lastErrorObject: Document = { n: changed ? 1 : 0 };
  if (change.update !== undefined) {
    lastErrorObject['updatedExisting'] = changed !== undefined && !('upserted' in changed);
    if (changed && 'upserted' in changed) lastErrorObject['upserted'] = changed.upserted;
  }
  const others = encode({ lastErrorObject, ok: 1 });
  return enclose([
    others.subarray(4, others.length - 1),
    ...(shown ? [DOCUMENT_VALUE, shown] : [NULL_VALUE]),
  ]);
}

/** The beginnings of the element `value`. */
const DOCUMENT_VALUE = Buffer.from('\x03value\0', 'latin1');
const NULL_VALUE = Buffer.from('\x0avalue\0', 'latin1');
