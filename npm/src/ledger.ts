import type * as wasm from '../wasm/markerbed_web.js';
import { told } from './errors.js';
import { keptIdentity, randomBytes } from './identity.js';
import { bytesOf, shown } from './paths.js';
import type { SnapOptions, Written } from './snap.js';
import type { Gap } from './sources.js';
import { stampOf } from './stores.js';

/** A snapshot, and when it was recorded. */
export interface RecordedSnapshot {
  /** Its id: 64 hexadecimal digits that protect who recorded it, when, and what was left out. */
  id: string;
  /** The root of its tree. */
  root: string;
  /** The number of the entry that recorded it. */
  number: number;
  /** What people call its source; the ref of that name moves with it. */
  source: string;
  /** When it was taken, by the clock of whoever took it. */
  time: Date;
  /** The ids of the snapshots before it. */
  parents: string[];
  /** Whether all of the source was seen. */
  isComplete: boolean;
  /** What took it. */
  tool: string;
}

/** What was recorded of a tree. */
export interface Recorded {
  /** The snapshot: a new one, or the newest of its source if that says the same. */
  snapshot: RecordedSnapshot;
  /** Whether an entry was written. */
  isNew: boolean;
}

/** An entry of the ledger. */
export interface LogEntry {
  /** Its place in the ledger; the first has 0. */
  number: number;
  /** When it was written, by the clock of whoever wrote it. */
  time: Date;
  /** The pseudonym of whoever wrote it: 16 bytes. */
  agent: Uint8Array;
  /** What it does. */
  operation: 'workspace' | 'snapshot' | 'ref' | 'state' | 'other';
  /** The snapshot that it is about. */
  snapshot: RecordedSnapshot | undefined;
}

/** What was said of a snapshot, and what could not be seen. */
export interface Evidence {
  /** What was said of it. */
  message: string | undefined;
  /** What is not in its tree. */
  gaps: Gap[];
}

/** Where a ref is. */
export interface RefPlace {
  /** The name of the ref. */
  name: string;
  /** The id of the snapshot that it points at. */
  snapshot: string;
  /** The number of the entry that moved it there. */
  number: number;
}

/** What a workspace has recorded. */
export class Ledger {
  readonly #raw: wasm.Workspace;
  #agent: Promise<Uint8Array> | undefined;

  constructor(raw: wasm.Workspace, agent?: Uint8Array) {
    this.#raw = raw;
    if (agent !== undefined) this.#agent = Promise.resolve(agent);
  }

  async commit({ root, gaps }: Written, options: SnapOptions): Promise<Recorded> {
    const { label: source = 'files', message, always = false, time } = options;
    const sent = gaps.map((gap) => ({ ...gap, path: bytesOf(gap.path) }));
    const draft = { source, root, run: randomBytes(16), gaps: sent, message, always };
    const stamp = stampOf(await this.#ownAgent(), time);
    const answer = (await this.#raw.commitSnapshot(draft, stamp)) as {
      isNew: boolean;
      snapshot: RawSnapshot;
    };
    return { isNew: answer.isNew, snapshot: shownSnapshot(answer.snapshot) };
  }

  async snapshot(reference: string): Promise<RecordedSnapshot> {
    return shownSnapshot((await this.#raw.findSnapshot(reference)) as RawSnapshot);
  }

  async evidence(reference: string): Promise<Evidence> {
    const { message, gaps } = (await this.#raw.evidence(reference)) as {
      message: string | undefined;
      gaps: (Gap & { path: Uint8Array })[];
    };
    return { message, gaps: gaps.map((gap) => ({ ...gap, path: shown(gap.path) })) };
  }

  async *snapshots(): AsyncGenerator<RecordedSnapshot> {
    for await (const { operation, snapshot } of this.log()) {
      if (operation === 'snapshot' && snapshot !== undefined) yield snapshot;
    }
  }

  async *log(): AsyncGenerator<LogEntry> {
    let before: number | undefined;
    do {
      const page = (await told(() => this.#raw.log(before, PAGE))) as RawEntry[];
      for (const { number, timeMs, agent, operation, snapshot } of page) {
        before = Number(number);
        const about = snapshot && shownSnapshot(snapshot);
        yield { number: before, time: new Date(timeMs), agent, operation, snapshot: about };
      }
    } while (before);
  }

  async refs(): Promise<RefPlace[]> {
    const refs = (await this.#raw.refs()) as (Omit<RefPlace, 'number'> & { number: bigint })[];
    return refs.map(({ name, snapshot, number }) => ({ name, snapshot, number: Number(number) }));
  }

  async moveRef(name: string, from: string | undefined, to: string | undefined): Promise<void> {
    await this.#raw.moveRef(name, from, to, stampOf(await this.#ownAgent()));
  }

  /** Who writes: as kept with the key that the workspace began with, or somebody new. */
  #ownAgent(): Promise<Uint8Array> {
    this.#agent ??= this.#foundAgent().catch((error: unknown) => {
      this.#agent = undefined;
      throw error;
    });
    return this.#agent;
  }

  async #foundAgent(): Promise<Uint8Array> {
    const kept = await keptIdentity(await this.#raw.publicKey());
    return kept?.agent ?? randomBytes(16);
  }
}

type RawSnapshot = Omit<RecordedSnapshot, 'number' | 'time'> & { number: bigint; timeMs: number };

interface RawEntry {
  number: bigint;
  timeMs: number;
  agent: Uint8Array;
  operation: LogEntry['operation'];
  snapshot: RawSnapshot | undefined;
}

function shownSnapshot({ number, timeMs, ...rest }: RawSnapshot): RecordedSnapshot {
  return { ...rest, number: Number(number), time: new Date(timeMs) };
}

const PAGE = 100;
