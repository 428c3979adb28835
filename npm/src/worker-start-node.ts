/** Starts workers in Node. */
import { Worker } from 'node:worker_threads';

import type { WasmSource } from './engine.js';
import { Connection, type HeldWorker } from './worker-connection.js';
import { remoteEngine, type MarkerbedWorker } from './worker-remote.js';
import { sendable } from './worker-start.js';

/** What is used of a `Worker` of `node:worker_threads`: so the types need none of Node's. */
export interface WorkerThread {
  /** Sends it a message. */
  postMessage(message: unknown, transfer?: readonly object[]): void;
  /** Hears of its end. */
  once(event: string, listener: (...given: never[]) => void): unknown;
  /** Makes the program wait for it. */
  ref(): unknown;
  /** Lets the program end without it. */
  unref(): unknown;
  /** Ends it. */
  terminate(): unknown;
}

/** How a worker starts. */
export interface WorkerOptions {
  /** A worker of one's own, whose script imports `markerbed/worker`; by default that script. */
  worker?: WorkerThread;
  /** Where the worker gets the wasm; by default from the file of this package. */
  wasm?: WasmSource;
}

/** Starts the engine in a worker thread. */
export async function startWith({
  worker,
  wasm,
}: WorkerOptions & { wasm: WasmSource }): Promise<MarkerbedWorker> {
  const source = await sendable(wasm);
  const begun = worker ?? new Worker(new URL('./worker-node.cjs', import.meta.url), NO_FLAGS);
  return remoteEngine(await Connection.begin(held(begun), source));
}

function held(worker: WorkerThread): HeldWorker {
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    onEnd: (tell) => {
      worker.once('error', (error: Error) => tell(error.message, error));
      worker.once('exit', (code: number) => tell(`it ended with ${code}`));
    },
    begun: () => {},
    hold: (isBusy) => (isBusy ? worker.ref() : worker.unref()),
    stop: () => void worker.terminate(),
  };
}

/** Flags of the program are not for its workers: some refuse to be given on. */
const NO_FLAGS = { execArgv: [] };
