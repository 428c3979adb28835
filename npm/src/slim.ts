/**
 * The package without its wasm: give `init` the bytes, an address, a response or a module.
 *
 * @module
 */
import { load, type WasmSource } from './engine.js';
import { MarkerbedError } from './errors.js';
import type { MarkerbedWorker } from './worker-remote.js';
import { startWith, type WorkerOptions } from './worker-start.js';

export type { CompiledWasm, WasmSource } from './engine.js';
export type { WorkerOptions } from './worker-start.js';
export * from './api.js';

/** Loads the engine; calls after the first wait for the same. */
export function init(source: WasmSource): Promise<void> {
  return load(() => {
    if (source === undefined) throw new MarkerbedError('bad-usage', 'init() needs the wasm here');
    return source;
  });
}

/** Starts the engine in a module worker, which computes while this thread is free. */
export function startWorker(
  options: WorkerOptions & { wasm: WasmSource },
): Promise<MarkerbedWorker> {
  return startWith(options);
}
