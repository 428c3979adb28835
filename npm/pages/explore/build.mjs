// Builds the page into dist/: each file but the page itself is named by what it holds.
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = new URL('./', import.meta.url);
const out = new URL('dist/', here);
const wasmPath = createRequire(import.meta.url).resolve('markerbed/markerbed.wasm');

await rm(out, { recursive: true, force: true });
await mkdir(out);

/** What the service worker keeps: name to digest. */
const kept = {};
const wasm = await put('markerbed.wasm', await readFile(wasmPath));
const worker = await put('worker.js', await bundle('src/worker/engine.ts'));
const main = await put('main.js', await bundle('src/main.ts', { WASM: wasm, WORKER: worker }));
const css = await put('explore.css', await bundle('src/explore.css'));
const old = await put('old.js', await readFile(new URL('src/old.js', here)));
const icon = await put('icon.svg', await readFile(new URL('icon.svg', here)));
const names = { 'main.js': main, 'old.js': old, 'explore.css': css, 'icon.svg': icon };
const page = await readFile(new URL('index.html', here), 'utf8');
const html = page.replace(/\{\{(.+?)\}\}/g, (_, name) => names[name]);
await write('index.html', Buffer.from(html));
// Of the same files, it is the same build.
const list = JSON.stringify(kept);
const digest = createHash('sha256').update(list).digest('hex').slice(0, 12);
await write('sw.js', await bundle('src/worker/sw.ts', { FILES: kept, BUILD: digest }));
const sizes = Object.keys(kept).join(', ');
console.log(`dist: ${sizes}`);

async function bundle(path, define = {}) {
  const texts = Object.entries(define).map(([name, value]) => [name, JSON.stringify(value)]);
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(path, here))],
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    legalComments: 'inline',
    // The package says of its own parts which do nothing when they are only loaded.
    logOverride: { 'ignored-bare-import': 'silent' },
    define: Object.fromEntries(texts),
  });
  return Buffer.from(outputFiles[0].contents);
}

/** Writes a file by the name of its content, and answers that. */
async function put(name, bytes) {
  const digest = createHash('sha256').update(bytes).digest('hex');
  const [stem, ending] = name.split('.');
  const named = `${stem}-${digest.slice(0, 12)}.${ending}`;
  await write(named, bytes);
  return named;
}

async function write(name, bytes) {
  kept[name] = createHash('sha256').update(bytes).digest('hex');
  await writeFile(new URL(name, out), bytes);
}
