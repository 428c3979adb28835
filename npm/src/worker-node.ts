/**
 * The script of a worker thread of Node that computes for another thread.
 *
 * @module
 */
import { readFile } from 'node:fs/promises';
import { parentPort } from 'node:worker_threads';

import type { WasmSource } from './engine.js';
import { isStart, serve } from './worker-serve.js';

parentPort?.on('message', (message: unknown) => {
  if (isStart(message)) void serve(message, opened);
});

/** Files have addresses, too, but `fetch` knows none of them. */
async function opened(wasm: WasmSource): Promise<WasmSource> {
  return typeof wasm === 'string' && wasm.startsWith('file:') ? readFile(new URL(wasm)) : wasm;
}
