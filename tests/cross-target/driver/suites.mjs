// Asks the module; the same code in Node and in a page.
export function ask(suites, question) {
  if ('vectors' in question) {
    return suites.vectors(question.vectors);
  }
  if ('hashed' in question) {
    return hashing(suites, question.hashed);
  }
  // JSON has no numbers of 64 bits.
  return suites.program(BigInt(question.program), question.plant);
}

/** How long hashing so many mebibytes takes, through the engine and without it, in ms. */
function hashing(suites, mebibytes) {
  const content = new Uint8Array(mebibytes << 20).fill(0x5a);
  const engine = timed(() => {
    const hasher = new suites.Hasher();
    for (let time = 0; time < TIMES; time += 1) {
      for (let at = 0; at < content.length; at += READ_BYTES) {
        hasher.update(content.subarray(at, at + READ_BYTES));
      }
    }
    hasher.finish();
    hasher.free();
  });
  // What the memory costs that is hashed is left out.
  const once = timed(() => suites.bare_hash(mebibytes, 1));
  const more = timed(() => suites.bare_hash(mebibytes, 1 + TIMES));
  return { engine: engine / TIMES, bare: (more - once) / TIMES };
}

function timed(work) {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** What a file is read by. */
const READ_BYTES = 1 << 20;

/** Firefox tells time in whole milliseconds. */
const TIMES = 4;
