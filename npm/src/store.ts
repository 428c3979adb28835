/** What a store of one's own must do. */

/**
 * A place that keeps bytes for workspaces: give one to {@link Workspace.over}.
 *
 * It only keeps. What is asked of it is checked before, what it answers is checked after: ids are
 * computed outside, contents are hashed when they come back, and limits are those of the engine.
 * An answer of the wrong type or length is refused with the code `store-wrong`, bytes that are not
 * those of their id with `store-damaged`.
 *
 * For all methods:
 *
 * - `workspace` is 64 hexadecimal digits. Workspaces have nothing in common: the same id, key or
 *   number in two of them are two things.
 * - A list of questions is answered by a list with one answer each, in the order of the questions,
 *   which may repeat themselves. What is not there is `undefined`.
 * - Calls come at once, also several of one kind; a store that cannot do that puts them in a queue.
 * - What was put is seen by every later call. It is durable, where `isDurable` says so, when a
 *   later `commit` or `flush` of any workspace has answered.
 * - Bytes that are handed over are the store's own, and bytes that it answers are copied at once.
 * - A failure is thrown as an error. With a `code` of `store-full`, `store-busy`,
 *   `store-temporary`, `store-no-access`, `store-read-only`, `store-damaged`, `no-store` or
 *   `store-exists` it is that failure for whoever called; any other is `store-failed`. A call that
 *   failed may have put a part, but for `commit`.
 *
 * An answer may be a value or a promise of one. `markerbed-conformance` tries all of this.
 */
export interface Store {
  /** What messages call it. */
  readonly name?: string;
  /** Whether what it keeps survives its closing, a crash and a power cut. By default not. */
  readonly isDurable?: boolean;

  /** Reads objects. An id is a text of at most 80 letters, digits and hyphens. */
  fetchObjects(workspace: string, ids: string[]): Answer<(Uint8Array | undefined)[]>;
  /** Tells which objects are there, without reading them. */
  hasObjects(workspace: string, ids: string[]): Answer<boolean[]>;
  /**
   * Puts objects of at most 1 MiB each, thousands in a call. One that is there already stays as it
   * is; the same twice in a call is one.
   */
  putObjects(workspace: string, objects: Item[]): Answer<void>;

  /** Reads rows. A key has 1 to 4,097 bytes, a value 0 to 1 MiB. */
  fetchRows(workspace: string, keys: Uint8Array[]): Answer<(Uint8Array | undefined)[]>;
  /**
   * Reads rows whose keys begin with `prefix`, in ascending order of their bytes, at most `limit`
   * (1 to 4,096): from the first on, or from the first behind `after`, which need not be there.
   */
  rangeRows(
    workspace: string,
    prefix: Uint8Array,
    after: Uint8Array | undefined,
    limit: number,
  ): Answer<(readonly [key: Uint8Array, value: Uint8Array])[]>;

  /** The number of the newest entry; `undefined` before the first. */
  number(workspace: string): Answer<bigint | undefined>;
  /**
   * Reads the bytes of entries `from` to before `to` (at most 4,096), without gaps: as many of them
   * as there are.
   */
  fetchEntries(workspace: string, from: bigint, to: bigint): Answer<Uint8Array[]>;
  /** Finds the numbers of the entries that came with these requests: 64 digits each. */
  findRequests(workspace: string, requests: string[]): Answer<(bigint | undefined)[]>;
  /**
   * Takes a batch whole, or leaves everything as it was: nobody sees a part, and no crash leaves
   * one. Takes it only if `number` is what is expected, and answers whether it was taken: of
   * two that expect the same and have entries one is taken, whoever asks, from whatever process.
   * Of several changes of one row the last counts. When it answers, the batch is durable, and all
   * that was put before.
   */
  commit(workspace: string, batch: Batch): Answer<boolean>;

  /** Puts contents; one that is there already stays as it is. */
  putContents(workspace: string, contents: Item[]): Answer<void>;
  /** Begins a content of any length, which is there when it was finished and not before. */
  writeContent(workspace: string): Answer<ContentWriter>;
  /** Reads whole contents of at most 16 MiB each. */
  fetchContents(workspace: string, ids: string[]): Answer<(Uint8Array | undefined)[]>;
  /**
   * Reads the bytes `from` to before `to` of a content; both lie within it, and `to` is at most
   * 16 MiB behind `from`. `undefined` if the content is not there.
   */
  readContent(
    workspace: string,
    id: string,
    from: number,
    to: number,
  ): Answer<Uint8Array | undefined>;
  /** How many bytes contents have. */
  contentLengths(workspace: string, ids: string[]): Answer<(number | bigint | undefined)[]>;
  /** Takes contents away; those that are not there are no error. Durable when it answers. */
  removeContents(workspace: string, ids: string[]): Answer<void>;

  /** Makes durable what was put. */
  flush(workspace: string): Answer<void>;
}

/** A value, or a promise of one. */
export type Answer<T> = T | PromiseLike<T>;

/** Bytes and what they are called. */
export interface Item {
  /** What they are called. */
  id: string;
  /** All of them. */
  bytes: Uint8Array;
}

/** What becomes visible and durable together. */
export interface Batch {
  /** The number that the store must be at. */
  expected: bigint | undefined;
  /** Entries with the numbers that follow; may be empty. */
  entries: BatchEntry[];
  /** Rows to put or to take away. */
  rows: RowChange[];
}

/** An entry of the ledger as a store has it. */
export interface BatchEntry {
  /** Its number. */
  number: bigint;
  /** Its own request: 64 digits. */
  request: string;
  /** To be given back as they are; the entry's canonical bytes, with four bytes before them. */
  bytes: Uint8Array;
}

/** A change of one row. */
export interface RowChange {
  /** Its key. */
  key: Uint8Array;
  /** Its new value; it is taken away if there is none. */
  value: Uint8Array | undefined;
}

/** Takes a content piece by piece; several write at once. */
export interface ContentWriter {
  /** Adds the next bytes. */
  write(bytes: Uint8Array): Answer<void>;
  /** Ends the content, whose id is known now. If it is there already, that one stays. */
  finish(id: string): Answer<void>;
  /** Nothing more comes: what was written is of no use. */
  abort?(): Answer<void>;
}
