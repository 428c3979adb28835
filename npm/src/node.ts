/**
 * markerbed in Node, Deno and Bun.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';

import { load, type WasmSource } from './engine.js';
import { notLoaded } from './module.js';
import type { MarkerbedWorker } from './worker-remote.js';
import { startWith, type WorkerOptions } from './worker-start-node.js';

export type { WasmSource } from './engine.js';
export type { WorkerOptions } from './worker-start-node.js';
export * from './api.js';

/**
 * Loads the engine, by default from the wasm file of this package; calls after the first wait for
 * the same.
 */
export function init(source?: WasmSource): Promise<void> {
  return load(() => {
    const place = source ?? new URL('./markerbed.wasm', import.meta.url);
    return place instanceof URL && place.protocol === 'file:' ? read(place) : place;
  });
}

async function read(file: URL): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await readFile(file);
  } catch (error) {
    throw notLoaded(file.href, error);
  }
}

/** Starts the engine in a worker, which computes while this thread is free. */
export function startWorker(options: WorkerOptions = {}): Promise<MarkerbedWorker> {
  return startWith({ wasm: new URL('./markerbed.wasm', import.meta.url), ...options });
}
