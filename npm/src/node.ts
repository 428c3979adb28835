/**
 * markerbed in Node, Deno and Bun.
 *
 * @module
 */
import { load, type WasmSource } from './engine.js';
import { opened } from './wasm-file.js';
import type { MarkerbedWorker } from './worker-remote.js';
import { startWith, type WorkerOptions } from './worker-start-node.js';

export type { CompiledWasm, WasmSource } from './engine.js';
export type { WorkerOptions } from './worker-start-node.js';
export * from './api.js';

/**
 * Loads the engine, by default from the wasm file of this package; calls after the first wait for
 * the same.
 */
export function init(source?: WasmSource): Promise<void> {
  return load(() => opened(source ?? new URL('./markerbed.wasm', import.meta.url)));
}

/** Starts the engine in a worker, which computes while this thread is free. */
export function startWorker(options: WorkerOptions = {}): Promise<MarkerbedWorker> {
  return startWith({ wasm: new URL('./markerbed.wasm', import.meta.url), ...options });
}
