// Measures what passes of wasm-opt make of the module: `node scripts/passes.mjs`, after a build.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';

import { PASSES, optimise } from './wasm.mjs';

const GLUE = new URL('../wasm/markerbed_web.js', import.meta.url).href;
const TRIED = { none: ['--strip-debug'], '-Oz': ['-Oz'], '-O3': ['-O3'], shipped: PASSES };
const ROUNDS = 60;
const large = new Uint8Array(16 << 20).map((_, at) => at % 251);
const small = Array.from({ length: 4_000 }, (_, at) => large.subarray(at * 64, at * 64 + 1_000));

const folder = mkdtempSync(join(tmpdir(), 'markerbed-passes-'));
const variants = [];
for (const [name, passes] of Object.entries(TRIED)) {
  optimise(passes, join(folder, `${name}.wasm`));
  const bytes = readFileSync(join(folder, `${name}.wasm`));
  const engine = await import(`${GLUE}?${name}`);
  await engine.default({ module_or_path: bytes });
  variants.push({ name, bytes, engine, large: [], small: [] });
}
rmSync(folder, { recursive: true });

// In turn; the best round is the one that the machine's other work has slowed least.
for (let round = 0; round < ROUNDS; round += 1) {
  for (const { engine, ...times } of variants) {
    times.large.push(timeOf(() => engine.contentIds([large])));
    times.small.push(timeOf(() => engine.contentIds(small)));
  }
}
for (const { name, bytes, ...times } of variants) {
  const mib = (all, milliseconds) => Math.round((all / 1_048_576 / milliseconds) * 1_000);
  console.log(
    JSON.stringify({
      passes: name,
      bytes: bytes.length,
      brotli: brotliCompressSync(bytes).length,
      large_mib_per_second: mib(large.length, Math.min(...times.large)),
      small_mib_per_second: mib(small.length * 1_000, Math.min(...times.small)),
    }),
  );
}

function timeOf(work) {
  const start = performance.now();
  work();
  return performance.now() - start;
}
