import type * as wasm from '../wasm/markerbed_web.js';
import {
  forgetIdentity, keepIdentity, makeIdentity, randomBytes, type Identity,
} from './identity.js';

/** What a workspace begins with. */
export interface BeginOptions {
  /** What people call it; it is in no hash. */
  label?: string;
  /** Whose it is; by default a new one is made. */
  identity?: Identity;
  /** Whether the identity is kept in this origin; by default if the store is. */
  isKept?: boolean;
  /** When that is; by default now. */
  time?: Date;
}

/** What an entry is stamped with. */
export interface Stamp {
  agent: Uint8Array;
  request: Uint8Array;
  timeMs: number;
}

/** A workspace that has begun, and the agent who did it. */
export interface Begun {
  raw: wasm.Workspace;
  agent: Uint8Array;
}

/** Begins a workspace of a store, which is freed. */
export async function begin(store: wasm.Store, options: BeginOptions): Promise<Begun> {
  try {
    const identity = options.identity ?? (await makeIdentity());
    const { isKept = false, label = '', time } = options;
    // Before the workspace: one without its key could not be written to by whoever it belongs to.
    if (isKept) await keepIdentity(identity);
    try {
      const { agent, publicKey } = identity;
      const stamp = stampOf(agent, time);
      return { raw: await store.begin(randomBytes(32), publicKey, label, stamp), agent };
    } catch (error) {
      if (isKept && options.identity === undefined) await forgetIdentity(identity.publicKey);
      throw error;
    }
  } finally {
    store.free();
  }
}

/** What an entry is stamped with: each its own request. */
export function stampOf(agent: Uint8Array, time: Date = new Date()): Stamp {
  return { agent, request: randomBytes(16), timeMs: time.getTime() };
}
