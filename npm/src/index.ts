/**
 * markerbed in browsers, by bundlers and without one.
 *
 * @module
 */
import { load, type WasmSource } from './engine.js';
import type { MarkerbedWorker } from './worker-remote.js';
import { startWith, type WorkerOptions } from './worker-start.js';

export type { CompiledWasm, WasmSource } from './engine.js';
export type { WorkerOptions } from './worker-start.js';
export * from './api.js';

/**
 * Loads the engine, by default from the wasm file of this package; calls after the first wait for
 * the same.
 */
export function init(source?: WasmSource): Promise<void> {
  return load(() => source ?? new URL('./markerbed.wasm', import.meta.url));
}

/** Starts the engine in a worker, which computes while this thread is free. */
export function startWorker(options: WorkerOptions = {}): Promise<MarkerbedWorker> {
  return startWith({ wasm: new URL('./markerbed.wasm', import.meta.url), ...options });
}
