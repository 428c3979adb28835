// Makes what wasm-bindgen wrote into what is shipped: smaller, and marked as one with its glue.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';

const MADE = new URL('../wasm/', import.meta.url);
const MODULE = new URL('markerbed_web_bg.wasm', MADE);
const SHIPPED = new URL('markerbed.wasm', MADE);
const MARK = new URL('mark.js', MADE);
const MADE_FROM = new URL('.made-from', MADE);
const WASM_OPT = new URL('../node_modules/binaryen/bin/wasm-opt', import.meta.url);

/** What Rust's compiler uses by default, and vectors. */
const FEATURES = [
  'bulk-memory',
  'bulk-memory-opt',
  'multivalue',
  'mutable-globals',
  'nontrapping-float-to-int',
  'reference-types',
  'sign-ext',
  'simd',
];

/**
 * What makes the file smallest as it is downloaded. Rust's compiler has inlined already what is
 * worth it: `-Oz` and `-O3` inline more, which takes 7 % more bytes with brotli and is no faster.
 */
export const PASSES = ['-Oz', '--skip-pass=inlining-optimizing'];

/** Optimises the module again if it has changed; answers nothing. */
export function makeWasm() {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const glue = [new URL('markerbed_web.js', MADE), ...scripts(new URL('snippets/', MADE))];
  const mark = `${version} ${digest(glue.map((file) => readFileSync(file))).slice(0, 16)}`;
  const madeFrom = digest([readFileSync(MODULE), mark, ...PASSES]);
  if (existsSync(MADE_FROM) && readFileSync(MADE_FROM, 'utf8') === madeFrom) return;
  optimise(PASSES, SHIPPED.pathname);
  writeFileSync(SHIPPED, Buffer.concat([readFileSync(SHIPPED), section('markerbed', mark)]));
  writeFileSync(MARK, `export const MARK = ${JSON.stringify(mark)};\n`);
  writeFileSync(new URL('mark.d.ts', MADE), 'export declare const MARK: string;\n');
  // Written last: half of it is made again.
  writeFileSync(MADE_FROM, madeFrom);
}

/** Writes what some passes make of the module. */
export function optimise(passes, path) {
  const flags = [...FEATURES.map((feature) => `--enable-${feature}`), ...passes];
  const given = [WASM_OPT.pathname, ...flags, MODULE.pathname, '-o', path];
  const { status } = spawnSync(process.execPath, given, { stdio: 'inherit' });
  if (status !== 0) throw new Error(`wasm-opt ended with ${status}`);
}

/** A custom section: nothing runs to read it. */
export function section(name, text) {
  const body = Buffer.from([name.length, ...Buffer.from(name), ...Buffer.from(text)]);
  if (body.length > 127) throw new Error('the length takes more than a byte');
  return Buffer.from([0, body.length, ...body]);
}

function scripts(folder) {
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true });
  const paths = files
    .filter((file) => file.isFile())
    .map((file) => `${file.parentPath}/${file.name}`);
  return paths.sort().map((path) => new URL(`file://${path}`));
}

function digest(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(String(part.length)).update(':').update(part);
  return hash.digest('hex');
}
