/**
 * The script of a module worker that computes for a page: nothing but to import it is needed.
 *
 * @module
 */
import { isStart, isStopped, serve } from './worker-serve.js';

addEventListener('message', ({ data }) => {
  if (!isStart(data)) return;
  const gone = (error: unknown) => {
    if (isStopped(error)) data.port.postMessage({ told: 'gone', why: String(error) });
  };
  addEventListener('error', ({ error }) => gone(error));
  addEventListener('unhandledrejection', ({ reason }) => gone(reason));
  void serve(data, async (wasm) => wasm);
});
