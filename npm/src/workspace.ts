import type * as wasm from '../wasm/markerbed_web.js';
import { engine } from './engine.js';
import { told } from './errors.js';
import {
  Ledger, type Evidence, type LogEntry, type Recorded, type RecordedSnapshot, type RefPlace,
} from './ledger.js';
import { bytesOf, shown, type PathLike } from './paths.js';
import { writeTree, type SnapOptions, type WriteOptions, type Written } from './snap.js';
import type { FileSource } from './sources.js';
import type { Store } from './store.js';
import { begin, type BeginOptions } from './stores.js';

/** What a directory has under a name. */
export interface Child {
  /** Its name; bytes if that is no UTF-8. */
  name: string | Uint8Array;
  /** `file`, `symlink`, `directory`, or one of these after `sealed`. */
  kind: string;
  /** The id of the node. */
  id: string;
  /** Bytes of a file, or of all files below a directory; none if its node is missing. */
  bytes: number | undefined;
  /** How many files are below a directory. */
  files: number | undefined;
  /** The id of a file's content: what `b3sum` prints. */
  content: string | undefined;
}

/** A child and where it is. */
export interface Walked extends Child {
  /** Where it is; bytes if that is no UTF-8. */
  path: string | Uint8Array;
  /** How many directories are above it, the root of the walk left aside. */
  depth: number;
}

/** What was taken and recorded. */
export interface Snapped extends Written, Recorded {}

/** What differs at a path of two trees. */
export interface Change {
  /** What has happened; `mode` if only the executable bit differs. */
  change: 'added' | 'removed' | 'changed' | 'mode' | 'moved';
  /** Where; bytes if that is no UTF-8. */
  path: string | Uint8Array;
  /** Where it was, of what was moved. */
  from?: string | Uint8Array;
}

/** Up to so many changes, and whether these are all. */
export interface Difference {
  /** By path. */
  changes: Change[];
  /** Whether there are no more. */
  isComplete: boolean;
}

/**
 * One workspace of a store: files are recorded in it, read, compared and proven.
 *
 * A tree is named by its root, or by a reference as on the command line: `@` is the newest
 * snapshot, `@-` the one before, `#41` that of an entry of the ledger, or a ref, or eight or more
 * digits of an id.
 */
export class Workspace {
  readonly #raw: wasm.Workspace;
  readonly #ledger: Ledger;

  private constructor(raw: wasm.Workspace, agent?: Uint8Array) {
    this.#raw = raw;
    this.#ledger = new Ledger(raw, agent);
  }

  static async #begun(store: wasm.Store, options: BeginOptions): Promise<Workspace> {
    const { raw, agent } = await begin(store, options);
    return new Workspace(raw, agent);
  }

  /** Begins a workspace in memory; what it holds is gone with it. */
  static inMemory(options: BeginOptions = {}): Promise<Workspace> {
    return told(() => Workspace.#begun(engine().Store.inMemory(), options));
  }

  /** Makes the store `name` of this origin in IndexedDB, with a workspace. */
  static create(name: string, options: BeginOptions = {}): Promise<Workspace> {
    return told(async () => {
      const store = await createStore(name);
      return Workspace.#begun(store, { label: name, isKept: true, ...options });
    });
  }

  /** Opens the workspace of the store `name` of this origin, and never makes one. */
  static open(name: string): Promise<Workspace> {
    return told(async () => {
      const store = await engine().Store.open(name);
      return new Workspace(await freeing(store, () => store.openWorkspace(undefined)));
    });
  }

  /** Opens the workspace of the store `name`; makes both if there is none. */
  static async openOrCreate(name: string, options: BeginOptions = {}): Promise<Workspace> {
    try {
      return await Workspace.open(name);
    } catch (error) {
      if (!hasCode(error, 'no-store', 'no-workspace')) throw error;
    }
    try {
      return await Workspace.create(name, options);
    } catch (error) {
      // Another tab was faster.
      if (!hasCode(error, 'store-exists')) throw error;
      return Workspace.open(name);
    }
  }

  /**
   * Takes a store of one's own: opens its workspace, or begins one if it holds none. It is called
   * in this thread; for a worker make it in the worker's own script, and call it there.
   */
  static over(store: Store, options: BeginOptions = {}): Promise<Workspace> {
    return told(async () => {
      try {
        const opened = engine().Store.over(store);
        return new Workspace(await freeing(opened, () => opened.openWorkspace(undefined)));
      } catch (error) {
        if (!hasCode(error, 'no-workspace')) throw error;
      }
      return Workspace.#begun(engine().Store.over(store), options);
    });
  }

  /** Its id: 64 hexadecimal digits. */
  get id(): string {
    return this.#raw.id;
  }

  /**
   * Records all files of a source as a snapshot, and moves the ref named like the source to it.
   * Nothing is recorded if the newest snapshot of that source says the same.
   */
  async snap(source: FileSource, options: SnapOptions = {}): Promise<Snapped> {
    const written = await writeTree(this.#raw, source, options);
    options.signal?.throwIfAborted();
    return { ...written, ...(await told(() => this.#ledger.commit(written, options))) };
  }

  /** Puts all files of a source and answers the root of their tree; nothing is recorded. */
  writeTree(source: FileSource, options: WriteOptions = {}): Promise<Written> {
    return writeTree(this.#raw, source, options);
  }

  /** All snapshots, the newest first. */
  snapshots(): AsyncGenerator<RecordedSnapshot> {
    return this.#ledger.snapshots();
  }

  /** The snapshot that a reference means. */
  snapshot(reference: string): Promise<RecordedSnapshot> {
    return told(() => this.#ledger.snapshot(reference));
  }

  /** What was said of the snapshot that a reference means, and what could not be seen. */
  evidence(reference: string): Promise<Evidence> {
    return told(() => this.#ledger.evidence(reference));
  }

  /** The entries of the ledger, the newest first. */
  log(): AsyncGenerator<LogEntry> {
    return this.#ledger.log();
  }

  /** All refs by name. */
  refs(): Promise<RefPlace[]> {
    return told(() => this.#ledger.refs());
  }

  /**
   * Moves a ref from one snapshot to another; `from` is `undefined` if there is no such ref yet,
   * `to` is `undefined` if it shall go. Throws `ref-moved` if it is elsewhere.
   */
  moveRef(name: string, from: string | undefined, to: string | undefined): Promise<void> {
    return told(() => this.#ledger.moveRef(name, from, to));
  }

  /** The children of a directory in their order; none if there is no directory. */
  async *list(tree: string, path: PathLike = ''): AsyncGenerator<Child> {
    let from = new Uint8Array();
    for (;;) {
      const page = await told(() => this.#raw.list(tree, bytesOf(path), from, PAGE));
      const children = (page ?? []) as RawChild[];
      for (const child of children) yield shownChild(child);
      const last = children.at(-1);
      if (last === undefined || children.length < PAGE) return;
      // The next name is not before this one with a byte added.
      from = new Uint8Array([...last.name, 0]);
    }
  }

  /** All that is below a directory, each directory before what is in it. */
  async *walk(tree: string, path: PathLike = ''): AsyncGenerator<Walked> {
    const open = [{ path: bytesOf(path), children: this.list(tree, path) }];
    for (let last = open.at(-1); last !== undefined; last = open.at(-1)) {
      const { value: child, done } = await last.children.next();
      if (done) {
        open.pop();
        continue;
      }
      const below = joined(last.path, bytesOf(child.name));
      yield { ...child, path: shown(below), depth: open.length - 1 };
      if (child.kind === 'directory')
        open.push({ path: below, children: this.list(tree, below) });
    }
  }

  /** The bytes of a file; `undefined` if there is none at the path. */
  async read(tree: string, path: PathLike): Promise<Uint8Array | undefined> {
    const stream = await this.open(tree, path);
    return stream && new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /** A file's bytes piece by piece; `undefined` if there is none at the path. */
  async open(
    tree: string,
    path: PathLike,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
    const reader = await told(() => this.#raw.openFile(tree, bytesOf(path)));
    return reader && streamOf(reader);
  }

  /** Up to `max` changes from one tree to another. */
  async diff(before: string, after: string, max: number = CHANGES_MAX): Promise<Difference> {
    const found = (await told(() => this.#raw.compare(before, after, max))) as {
      changes: { change: Change['change']; path: Uint8Array; from: Uint8Array | undefined }[];
      isComplete: boolean;
    };
    const changes = found.changes.map(({ change, path, from }) => {
      return { change, path: shown(path), ...(from && { from: shown(from) }) };
    });
    return { changes, isComplete: found.isComplete };
  }

  /**
   * A proof file of what is at a path, absence too; `isBlind` leaves out the names beside it. Of a
   * reference to a snapshot it brings the snapshot along. `undefined` if a blind proof would have
   * to say that nothing is there.
   */
  prove(
    tree: string,
    path: PathLike,
    { isBlind = false }: { isBlind?: boolean } = {},
  ): Promise<Uint8Array | undefined> {
    return told(() => this.#raw.proveOf(tree, bytesOf(path), isBlind));
  }

  /** Gives back the memory that it holds. */
  free(): void {
    this.#raw.free();
  }
}

/** Removes a store of this origin with all that is in it. */
export async function removeStore(name: string): Promise<void> {
  await told(() => engine().removeStore(name));
}

type RawChild = Omit<Child, 'name' | 'bytes' | 'files'> & {
  name: Uint8Array;
  bytes: bigint | undefined;
  files: bigint | undefined;
};

function shownChild({ name, kind, id, bytes, files, content }: RawChild): Child {
  const number = (given: bigint | undefined) => (given === undefined ? undefined : Number(given));
  return { name: shown(name), kind, id, bytes: number(bytes), files: number(files), content };
}

function joined(above: Uint8Array, name: Uint8Array): Uint8Array {
  return above.length === 0 ? name : new Uint8Array([...above, SLASH, ...name]);
}

function streamOf(reader: wasm.ContentReader): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    async pull(controller) {
      const piece = await told(() => reader.read());
      if (piece !== undefined) return controller.enqueue(piece as Uint8Array<ArrayBuffer>);
      reader.free();
      controller.close();
    },
    cancel: () => reader.free(),
  }, { highWaterMark: 0 });
}

/** Makes a store, or takes one without a workspace: a rest of a page that was closed meanwhile. */
async function createStore(name: string): Promise<wasm.Store> {
  try {
    return await engine().Store.create(name);
  } catch (error) {
    if (!hasCode(error, 'store-exists')) throw error;
    const store = await engine().Store.open(name);
    if ((await store.workspaces()).length === 0) return store;
    store.free();
    throw error;
  }
}

/** Frees a store when it was asked: what it gave out holds it as long as it is needed. */
async function freeing<T>(store: wasm.Store, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } finally {
    store.free();
  }
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}

const PAGE = 1_000;
const CHANGES_MAX = 10_000;
const SLASH = 0x2f;
