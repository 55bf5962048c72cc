import type { Filter } from '../filter';
import type { Document, Sort } from '../value';
import { CommandError } from '../value';

/** Documents on their way through a pipeline. */
export type Batches = AsyncIterable<readonly Document[]>;

/** What a pipeline needs of the server around it. */
export interface PipelineContext {
  /** The documents of another collection that match, for `$lookup`; any superset order, exact filter. */
  readonly find: (collection: string, filter: Filter) => Batches;
  /** The time of the command, `$$NOW`. */
  readonly now: Date;
  /** How many bytes of documents one blocking stage may hold; 64 MiB by default. */
  readonly memoryLimit?: number;
  /** Variables of an enclosing `$lookup`. */
  readonly variables?: Readonly<Record<string, unknown>>;
}

/** One stage, compiled. The first three let a planner take over the beginning of a pipeline. */
export interface Stage {
  readonly name: string;
  /** Of `$match`. */
  readonly filter?: Filter;
  /** Of `$sort`. */
  readonly sort?: Sort;
  /** Of `$skip` and `$limit`. */
  readonly count?: number;
  /** Collections that the stage reads. */
  readonly collections?: readonly string[];
  readonly run: (input: Batches, context: PipelineContext) => AsyncGenerator<Document[]>;
}

/** Parses a stage's argument. `variables` are the names bound by an enclosing `$lookup`. */
export type StageParser = (argument: unknown, variables: ReadonlySet<string>) => Stage;

/** A stage that turns each document into any number of documents, on its own. */
export function eachDocument(
  name: string,
  prepare: (context: PipelineContext) => (document: Document, emit: (document: Document) => void) => void,
): Stage {
  return {
    name,
    run: async function* (input, context) {
      const apply = prepare(context);
      const pacer = new Pacer();
      for await (const batch of input) {
        let out: Document[] = [];
        for (const document of batch) {
          apply(document, (result) => out.push(result));
          if (out.length >= BATCH) {
            yield out;
            out = [];
          }
          const pause = pacer.pause();
          if (pause) await pause;
        }
        if (out.length > 0) yield out;
      }
    },
  };
}

/** Largest number of documents that a stage hands on at once. */
export const BATCH = 256;

const SLICE_MS = 5;

/** Lets other work of the process go on: after every few milliseconds of work, one turn of the event loop. */
export class Pacer {
  private last = performance.now();
  private calls = 0;

  /** Cheap when it is not yet time; the clock is read every 16th call. */
  pause(): Promise<void> | undefined {
    if ((++this.calls & 15) !== 0 || performance.now() - this.last < SLICE_MS) return undefined;
    return this.turn();
  }

  /** Gives the event loop a turn now. */
  async turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.last = performance.now();
  }
}

const DEFAULT_LIMIT = 64 * 1024 * 1024;

/** Counts what a blocking stage holds, and refuses to hold more than the limit. */
export class Memory {
  private used = 0;
  private readonly limit: number;
  private readonly stage: string;

  constructor(stage: string, context: PipelineContext) {
    this.stage = stage;
    this.limit = context.memoryLimit ?? DEFAULT_LIMIT;
  }

  /** @throws CommandError 292 beyond the limit; there is no spilling to disk here */
  add(value: unknown): void {
    this.used += heapSize(value);
    if (this.used > this.limit)
      throw new CommandError(
        292,
        `${this.stage} exceeded memory limit of ${this.limit} bytes, and the embedded database does not spill to disk`,
      );
  }

  remove(value: unknown): void {
    this.used -= heapSize(value);
  }
}

/** Roughly the bytes that a deserialized value takes in this process. */
function heapSize(value: unknown): number {
  if (typeof value === 'string') return 24 + value.length;
  if (typeof value !== 'object' || value === null) return 8;
  if (Array.isArray(value)) return value.reduce((size: number, element) => size + 8 + heapSize(element), 32);
  if (Object.getPrototypeOf(value) !== Object.prototype) return 56;
  let size = 48;
  for (const name of Object.keys(value)) size += 16 + heapSize((value as Document)[name]);
  return size;
}
