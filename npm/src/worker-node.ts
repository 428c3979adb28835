/**
 * The script of a worker thread of Node that computes for another thread.
 *
 * @module
 */
import { parentPort } from 'node:worker_threads';

import { opened } from './wasm-file.js';
import { isStart, serve } from './worker-serve.js';

parentPort?.on('message', (message: unknown) => {
  if (isStart(message)) void serve(message, opened);
});
