/** Starts workers in a browser. */
import type { WasmSource } from './engine.js';
import { MarkerbedError } from './errors.js';
import { Connection, type HeldWorker } from './worker-connection.js';
import { remoteEngine, type MarkerbedWorker } from './worker-remote.js';

/** How a worker starts. */
export interface WorkerOptions {
  /** A worker of one's own, whose script imports `markerbed/worker`; by default that script. */
  worker?: Worker;
  /** Where the worker gets the wasm; by default from the file of this package. */
  wasm?: WasmSource;
}

/** Starts the engine in a module worker. */
export async function startWith({
  worker,
  wasm,
}: WorkerOptions & { wasm: WasmSource }): Promise<MarkerbedWorker> {
  const source = await sendable(wasm);
  if (worker !== undefined) return remoteEngine(await Connection.begin(held(worker), source));
  if (typeof Worker === 'undefined') {
    throw new MarkerbedError('no-worker', 'workers cannot be started here');
  }
  return remoteEngine(await Connection.begin(held(begun()), source));
}

function begun(): Worker {
  try {
    return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
  } catch (error) {
    throw new MarkerbedError('no-worker', `the worker cannot be started: ${String(error)}`, {
      cause: error,
    });
  }
}

function held(worker: Worker): HeldWorker {
  const hasLocks = typeof navigator !== 'undefined' && navigator.locks !== undefined;
  let hasBegun = false;
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    onEnd: (tell) => {
      worker.addEventListener('error', (event) => {
        // Later errors are those of its own script: what stops the engine comes over the port.
        if (!hasBegun) tell(event.message || 'its script cannot be loaded', event.error);
      });
    },
    begun: () => {
      hasBegun = true;
    },
    hold: () => {},
    stop: () => worker.terminate(),
    ...(hasLocks && { lock: `markerbed-worker-${crypto.randomUUID()}` }),
  };
}

/** The wasm as something that can be sent to another thread. */
export async function sendable(wasm: WasmSource): Promise<WasmSource> {
  if (typeof wasm === 'string') return new URL(wasm, globalThis.location?.href).href;
  if (wasm instanceof URL) return wasm.href;
  const isRequest = typeof Request !== 'undefined' && wasm instanceof Request;
  const answer = isRequest ? await fetch(wasm) : wasm;
  const isResponse = typeof Response !== 'undefined' && answer instanceof Response;
  return isResponse ? await answer.arrayBuffer() : answer;
}
