import type * as wasm from '../wasm/markerbed_web.js';
import { engine } from './engine.js';
import { told } from './errors.js';
import { bytesOf, shown, type PathLike } from './paths.js';
import { snap, type FileSource, type SnapOptions, type Snapped } from './snap.js';

/** Removes a store of this origin with all that is in it. */
export async function removeStore(name: string): Promise<void> {
  await told(() => engine().removeStore(name));
}

/** What a directory has under a name. */
export interface Child {
  name: string | Uint8Array;
  kind: string;
  /** The id of the node. */
  id: string;
}

/** What differs at a path of two trees. */
export interface Change {
  change: 'added' | 'removed' | 'changed' | 'mode' | 'moved';
  path: string | Uint8Array;
}

/** One workspace of a store: trees are put into it, read, compared and proven. */
export class Workspace {
  readonly #raw: wasm.Workspace;

  private constructor(raw: wasm.Workspace) {
    this.#raw = raw;
  }

  /** Begins a store in memory; what it holds is gone with it. */
  static inMemory(workspace: string = FIRST): Promise<Workspace> {
    return told(() => new Workspace(engine().Workspace.inMemory(workspace)));
  }

  /** Makes the store `name` of this origin in IndexedDB. */
  static create(name: string, workspace: string = FIRST): Promise<Workspace> {
    return told(async () => new Workspace(await engine().Workspace.create(name, workspace)));
  }

  /** Opens the store `name` of this origin, and never makes one. */
  static open(name: string, workspace: string = FIRST): Promise<Workspace> {
    return told(async () => new Workspace(await engine().Workspace.open(name, workspace)));
  }

  /** Puts all files of a source and answers the root of their tree. */
  snap(source: FileSource, options: SnapOptions = {}): Promise<Snapped> {
    return snap(this.#raw, source, options);
  }

  /** The children of a directory in their order; none if there is no directory. */
  async *list(root: string, path: PathLike = ''): AsyncGenerator<Child> {
    let from = new Uint8Array();
    for (;;) {
      const page = await told(() => this.#raw.list(root, bytesOf(path), from, PAGE));
      const children = (page ?? []) as { name: Uint8Array; kind: string; id: string }[];
      for (const { name, kind, id } of children) yield { name: shown(name), kind, id };
      const last = children.at(-1);
      if (last === undefined || children.length < PAGE) return;
      // The next name is not before this one with a byte added.
      from = new Uint8Array([...last.name, 0]);
    }
  }

  /** The bytes of a file; `undefined` if there is none at the path. */
  async read(root: string, path: PathLike): Promise<Uint8Array | undefined> {
    return told(() => this.#raw.readFile(root, bytesOf(path)));
  }

  /** Up to `max` changes from one tree to another. */
  async diff(
    before: string,
    after: string,
    max: number = CHANGES_MAX,
  ): Promise<{ changes: Change[]; isComplete: boolean }> {
    const told_ = (await told(() => this.#raw.compare(before, after, max))) as {
      changes: { change: Change['change']; path: Uint8Array }[];
      isComplete: boolean;
    };
    const changes = told_.changes.map(({ change, path }) => ({ change, path: shown(path) }));
    return { changes, isComplete: told_.isComplete };
  }

  /** A proof file of what is at a path, absence too; `undefined` if nothing can be proven of it. */
  prove(root: string, path: PathLike, options: { isBlind?: boolean } = {}): Promise<Uint8Array | undefined> {
    return told(() => this.#raw.prove(root, bytesOf(path), options.isBlind ?? false));
  }

  /** Gives back the memory that it holds. */
  free(): void {
    this.#raw.free();
  }
}

/** The workspace of who names none. */
const FIRST = '00'.repeat(31) + '01';
const PAGE = 1_000;
const CHANGES_MAX = 10_000;
