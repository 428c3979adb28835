// Packs what is shipped, and says what it weighs: `node scripts/pack.mjs`.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const ROOT = new URL('../', import.meta.url);
const PLACE = fileURLToPath(new URL('../target/npm/', ROOT));

/** Packs the package in a folder: `{ tarball, files }`, where it is and the paths in it. */
export function pack(folder = '.') {
  mkdirSync(PLACE, { recursive: true });
  const flags = ['pack', '--json', '--ignore-scripts', '--pack-destination', PLACE];
  const cwd = new URL(`${folder}/`, ROOT);
  const said = execFileSync('npm', flags, { cwd, stdio: ['ignore', 'pipe', 'ignore'] });
  const [{ filename, files }] = Object.values(JSON.parse(said));
  return { tarball: `${PLACE}${filename}`, files: files.map(({ path }) => path).sort() };
}

/** What files of the package have, as they are and with brotli. */
export function weight(files) {
  const sum = { bytes: 0, brotli: 0 };
  for (const file of files) {
    const bytes = readFileSync(new URL(file, ROOT));
    sum.bytes += bytes.length;
    sum.brotli += brotliCompressSync(bytes).length;
  }
  return sum;
}

/** An entry, all that it imports, and the wasm: what a page downloads. */
export function downloaded(entry) {
  const files = new Set([`dist/${entry}`, 'dist/markerbed.wasm']);
  for (const file of files) {
    if (!file.endsWith('js')) continue;
    const text = readFileSync(new URL(file, ROOT), 'utf8');
    for (const [, path] of text.matchAll(/(?:from|import|require\() ?["']\.\/([\w.-]+js)["']/g)) {
      files.add(`dist/${path}`);
    }
  }
  return [...files];
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const shown = (name, { bytes, brotli }) =>
    console.log(`${name.padEnd(36)} ${String(bytes).padStart(9)} ${String(brotli).padStart(9)}`);
  const { tarball, files } = pack();
  console.log(`${tarball}\n${'bytes'.padStart(46)} ${'brotli'.padStart(9)}`);
  for (const file of files) shown(file, weight([file]));
  shown('all but maps', weight(files.filter((file) => !file.endsWith('.map'))));
  shown('what a page downloads', weight(downloaded('index.js')));
}
