import { RAW } from './raw.js';
import {
  ConformanceCase, conformanceCases, conformanceFailure,
} from './wasm/markerbed_conformance_web.js';

let loading;
let last = Promise.resolve();
let count = 0;

/** Makes `conformance` of what loads the wasm. */
export function cases(load) {
  return async (openStore) => {
    loading ??= load();
    await loading;
    const names = [...conformanceCases(), ...Object.keys(RAW)];
    return names.map((name) => ({ name, run: () => inTurn(() => run(name, openStore)) }));
  };
}

/** Begins when what was begun before has ended. */
function inTurn(work) {
  const ended = last.then(work);
  last = ended.catch(() => {});
  return ended;
}

async function run(name, openStore) {
  count += 1;
  let store;
  const open = async (place) => {
    await store?.close?.();
    store = await openStore(place);
    return store;
  };
  const place = `${name.replace('::', '-')}-${count}`;
  try {
    const raw = RAW[name];
    await (raw ? raw(await open(place)) : polled(name, place, open));
  } finally {
    await store?.close?.();
  }
}

/** Polls a test to its end; one that fails stops in the middle of a poll. */
function polled(name, place, open) {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let isWoken = false;
    let limit;
    let turnedAt = performance.now();
    const poll = () => {
      isWoken = false;
      if (isOver) return;
      try {
        isOver = test.poll();
        if (!isOver) return;
        test.free();
        clearTimeout(limit);
        resolve();
      } catch (cause) {
        isOver = true;
        clearTimeout(limit);
        // Not freed: what stopped in the middle holds it, and is left as it is.
        const hasStopped = cause instanceof WebAssembly.RuntimeError;
        reject(new Error((hasStopped && conformanceFailure()) || String(cause), { cause }));
      }
    };
    const wake = () => {
      if (isWoken || isOver) return;
      isWoken = true;
      if (performance.now() - turnedAt < TURN_MS) return queueMicrotask(poll);
      // A test that asks again and again must not keep the store from what it waits for.
      setTimeout(() => {
        turnedAt = performance.now();
        poll();
      });
    };
    const tooLate = () => {
      isOver = true;
      reject(new Error(`it did not end within ${LIMIT_MS / 1_000} s`));
    };
    limit = setTimeout(tooLate, LIMIT_MS);
    const test = new ConformanceCase(name, place, open, wake);
    wake();
  });
}

const TURN_MS = 5;
/** A store that never says what a test waits for must not keep the others waiting. */
const LIMIT_MS = 60_000;
