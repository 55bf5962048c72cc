import type { Subscription } from '@medplum/fhirtypes';
import type { Collection, Connection, mongo } from 'mongoose';
import type { Sealing } from './secrets';
import type { CompiledSubscription } from './types';

/** What stands in `channel.header` instead of a value: it may be the receiver's secret, for nobody else to read. */
const HIDDEN = '***';

/** Collection `notify_headers`: the values of `channel.header`, sealed for this subscription and origin alone. */
interface HeadersDocument {
  /** Subscription id. */
  _id: string;
  sealed: string;
  /** Id of who wrote all of the values; absent where they come from several. */
  writer?: string | undefined;
}

type Pair = readonly [name: string, value: string];

/** Header lines as they are stored, and whether what is sent changes. */
export interface Hidden {
  lines: string[];
  isChanged: boolean;
  /** Places of values that are hidden and not known here: they have to be sent again. */
  missing: number[];
}

export interface Headers {
  /**
   * Keeps the values of a Subscription's header lines apart; a hidden value stands for the one kept before, as long
   * as the endpoint has the same origin: who may change a Subscription cannot have its headers sent elsewhere.
   */
  hide(
    id: string,
    next: Subscription,
    before: Subscription | undefined,
    written: { by: string; session: mongo.ClientSession },
  ): Promise<Hidden>;
  forget(id: string, session: mongo.ClientSession): Promise<void>;
  /** The lines of these Subscriptions as they were written, of those whose values this writer gave. */
  writtenBy(writer: string, subscriptions: readonly Subscription[]): Promise<Map<string, string[]>>;
  /** The headers to send, by subscription. @throws Error when they were sealed for another endpoint. */
  of(subscriptions: readonly CompiledSubscription[]): Promise<Map<string, Record<string, string>>>;
}

/** Headers of Subscriptions, which may hold credentials: sealed beside the record, never in it. */
export function createHeaders(connection: Connection, sealing: Sealing): Headers {
  const kept = connection.collection('notify_headers') as unknown as Collection<HeadersDocument>;
  const open = (sealed: string, id: string, endpoint: string): Pair[] =>
    JSON.parse(sealing.unseal(sealed, purpose(id, endpoint))) as Pair[];
  const before = async (
    id: string,
    old: Subscription | undefined,
    session: mongo.ClientSession,
  ): Promise<{ known: Pair[]; writer?: string | undefined }> => {
    if ((old?.channel.header ?? []).length === 0) return { known: [] };
    const found = await kept.findOne({ _id: id }, { session });
    if (found === null) return { known: [] };
    return { known: open(found.sealed, id, old?.channel.endpoint ?? ''), writer: found.writer };
  };
  return {
    async hide(id, next, old, { by, session }) {
      const lines = (next.channel.header ?? []).map(pairOf);
      if (lines.length === 0 && (old?.channel.header ?? []).length === 0)
        return { lines: [], isChanged: false, missing: [] };
      const { known, writer } = await before(id, old, session);
      const isSamePlace = originOf(next.channel.endpoint) === originOf(old?.channel.endpoint);
      const filled = lines.map((pair, i) =>
        pair[1] === HIDDEN ? keptValue(lines, i, isSamePlace ? known : []) : pair,
      );
      const pairs = filled.filter((pair) => pair !== undefined);
      const missing = filled.flatMap((pair, i) => (pair === undefined ? [i] : []));
      const isChanged = JSON.stringify(pairs) !== JSON.stringify(known);
      if (missing.length === 0 && (isChanged || !isSamePlace)) {
        const sealed = sealing.seal(JSON.stringify(pairs), purpose(id, next.channel.endpoint ?? ''));
        // A value that was kept is still its writer's: who changes another one does not come to read it.
        const isOwn = by === writer || lines.every(([, value]) => value !== HIDDEN);
        const replacement = { sealed, ...(isOwn && { writer: by }) };
        if (pairs.length === 0) await kept.deleteOne({ _id: id }, { session });
        else await kept.replaceOne({ _id: id }, replacement, { upsert: true, session });
      }
      return { lines: lines.map(([name]) => `${name}: ${HIDDEN}`), isChanged, missing };
    },
    async forget(id, session) {
      await kept.deleteOne({ _id: id }, { session });
    },
    async writtenBy(writer, subscriptions) {
      const asked = new Map(subscriptions.map((each) => [each.id ?? '', each]));
      const found = await kept.find({ _id: { $in: [...asked.keys()] }, writer }).toArray();
      return new Map(
        found.flatMap(({ _id, sealed }) => {
          const { header = [], endpoint = '' } = asked.get(_id)?.channel ?? {};
          const pairs = openOr(() => open(sealed, _id, endpoint), []);
          // A version from before may have had other headers: then its values are not known any more.
          const isOfThese =
            header.length === pairs.length && header.every((line, i) => pairOf(line)[0] === pairs[i]?.[0]);
          return isOfThese ? [[_id, pairs.map(([name, value]) => `${name}: ${value}`)]] : [];
        }),
      );
    },
    async of(subscriptions) {
      const endpoints = new Map(subscriptions.map(({ id, endpoint }) => [id, endpoint]));
      const found =
        endpoints.size === 0 ? [] : await kept.find({ _id: { $in: [...endpoints.keys()] } }).toArray();
      return new Map(
        found.map(({ _id, sealed }) => [_id, combined(open(sealed, _id, endpoints.get(_id) ?? ''))]),
      );
    },
  };
}

/** Values sealed for another endpoint stay closed. */
function openOr<T>(open: () => T, otherwise: T): T {
  try {
    return open();
  } catch {
    return otherwise;
  }
}

function purpose(id: string, endpoint: string): string {
  return `webhook-header ${id} ${originOf(endpoint)}`;
}

function originOf(endpoint: string | undefined): string {
  return endpoint !== undefined && URL.canParse(endpoint) ? new URL(endpoint).origin : '';
}

function pairOf(line: string): Pair {
  const at = line.indexOf(':');
  return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
}

/** Several lines of one name are one header, as they are to the receiver. RFC 9110, 5.3 */
function combined(pairs: readonly Pair[]): Record<string, string> {
  const byName = new Map<string, Pair>();
  for (const [name, value] of pairs) {
    const before = byName.get(name.toLowerCase());
    byName.set(
      name.toLowerCase(),
      before === undefined ? [name, value] : [before[0], `${before[1]}, ${value}`],
    );
  }
  return Object.fromEntries(byName.values());
}

/** The value before of the same header, of several of one name the one at the same place among them. */
function keptValue(lines: readonly Pair[], at: number, known: readonly Pair[]): Pair | undefined {
  const name = lines[at]?.[0] ?? '';
  const isSame = ([other]: Pair): boolean => other.toLowerCase() === name.toLowerCase();
  const place = lines.slice(0, at).filter(isSame).length;
  const value = known.filter(isSame)[place]?.[1];
  return value === undefined ? undefined : [name, value];
}
