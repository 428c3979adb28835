/** What a thread and the worker that it started say to each other, over a channel of their own. */
import type { WasmSource } from './engine.js';
import { MarkerbedError } from './errors.js';
import type { PathLike } from './paths.js';
import type { SnapProgress } from './snap.js';
import type { Gap } from './sources.js';
import type { SentMark } from './worker-marks.js';

/** Raised with every change of the messages: a worker of another version is refused. */
export const PROTOCOL = 1;

/** The engine itself, among the things that calls are made on. */
export const ENGINE_NUMBER = 0;

/** The one message that goes to the worker itself: all others go over `port`. */
export interface Start {
  markerbed: number;
  port: MessagePort;
  wasm: WasmSource;
  /** The Web Lock that the worker holds as long as it lives. */
  lock: string | undefined;
}

/** To the worker. */
export type Request =
  | { ask: 'call'; call: number; on: number; method: string; given: unknown[]; mark?: SentMark }
  /** The next items of a generator, or bytes of a stream. */
  | { ask: 'next'; call: number }
  /** Nothing more is wanted of it. */
  | { ask: 'end'; call: number }
  | { ask: 'abort'; call: number }
  | { ask: 'files'; call: number; files: Sent[]; isLast: boolean }
  /** The files' own iterator threw. */
  | { ask: 'no-files'; call: number }
  | { ask: 'free'; on: number };

/** From the worker. */
export type Answer =
  /** The script runs. */
  | { told: 'here' }
  | { told: 'value'; call: number; value: unknown }
  /** A workspace or a stream, which stays there. */
  | { told: 'kept'; call: number; on: number; id?: string }
  | { told: 'items'; call: number; items: unknown[]; isLast: boolean }
  | { told: 'failure'; call: number; failure: SentFailure }
  | { told: 'progress'; call: number; progress: SnapProgress }
  /** What became of the mark of a store. */
  | { told: 'mark'; mark: SentMark }
  /** Room for some more files. */
  | { told: 'want'; call: number }
  /** The engine stopped in the middle of something, and answers nobody any more. */
  | { told: 'gone'; why: string };

/** A file; of a large one `bytes` are a piece, and `total` says how many it has. */
export interface SentFile {
  path: PathLike;
  bytes: Uint8Array | Blob | null;
  total?: number;
}

/** A file, or what could not be read. */
export type Sent = SentFile | Gap;

/** Takes the place of the source of files among what is given to a call. */
export type SentSource = 'pulled' | FileSystemDirectoryHandle;

export interface SentFailure {
  kind: 'markerbed' | 'system' | 'other';
  name: string;
  message: string;
  code: string;
}

/** How a method answers: once, item by item, by a stream of bytes; `files` first takes files. */
export type Shape = 'value' | 'items' | 'stream' | 'files' | 'workspace';

export function failureOf(error: unknown): SentFailure {
  if (error instanceof MarkerbedError) {
    return { kind: 'markerbed', name: error.name, message: error.message, code: error.code };
  }
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const isSystem = typeof DOMException !== 'undefined' && error instanceof DOMException;
  return { kind: isSystem ? 'system' : 'other', name, message, code: '' };
}

export function errorOf({ kind, name, message, code }: SentFailure): Error {
  if (kind === 'markerbed') return new MarkerbedError(code, message);
  if (kind === 'system') return new DOMException(message, name);
  return Object.assign(new Error(message), { name });
}

/** The bytes with a buffer of their own, which can be handed over. */
export function alone(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength && bytes.buffer instanceof ArrayBuffer
    ? bytes
    : bytes.slice();
}

/** The buffers of bytes that are an answer, or among its items. */
export function buffersOf(value: unknown): ArrayBuffer[] {
  const all: unknown[] = Array.isArray(value) ? value : [value];
  const bytes = all.filter((one) => one instanceof Uint8Array);
  return [...new Set(bytes.map(({ buffer }) => buffer as ArrayBuffer))];
}
