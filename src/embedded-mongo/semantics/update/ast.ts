/** What a modifier needs to know of the update under way. */
export interface ModifierContext {
  readonly now: Date;
}

/** One operator on one path, compiled. */
export interface Modifier {
  /** The operator, for messages. */
  readonly name: string;
  /** Whether missing documents on the way are made. */
  readonly creates: boolean;
  /** Whether a path that cannot exist (through a scalar) is left alone rather than an error. */
  readonly toleratesBlockedPath: boolean;
  /** Only when a document is inserted. */
  readonly onInsert: boolean;
  /**
   * The new value, MISSING to remove it, or `current` itself (also MISSING) for no change.
   * @param path the concrete path, for messages
   */
  readonly apply: (current: unknown, path: string, context: ModifierContext) => unknown;
}

/** A modifier at its path; `from` is the source of a `$rename`. */
export interface PathUpdate {
  readonly parts: readonly string[];
  readonly modifier: Modifier;
  readonly from?: readonly string[];
}
