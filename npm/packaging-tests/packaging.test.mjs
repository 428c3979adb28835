// Small projects that install the packed package, each as people do, and use it.
import assert from 'node:assert/strict';
import { copyFileSync, cpSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { build as esbuild } from 'esbuild';
import * as vite from 'vite';
import webpack from 'webpack';

import { launch } from '../../host-web/tests/browser/chromium.mjs';
import { pack } from '../scripts/pack.mjs';
import { found, foundAt } from './pages.mjs';
import { lay, run, runtime, tool } from './projects.mjs';
import { serve } from './workerd.mjs';

const { tarball } = pack();
let browser;

before(async () => {
  browser = await launch();
});
after(() => browser.close());

test('Node imports it', () => {
  const folder = lay('node-esm', tarball);

  expected(JSON.parse(run(folder, process.execPath, 'main.js')), FILES);
});

test('Node requires it', () => {
  const folder = lay('node-commonjs', tarball);

  expected(JSON.parse(run(folder, process.execPath, 'main.cjs')), FILES);
});

test('Deno imports it', (t) => {
  const deno = runtime(t, '@deno/linux-x64-glibc/deno');
  if (deno === undefined) return;
  const folder = lay('deno', tarball);
  const flags = [
    'run',
    '--quiet',
    // Deno keeps compiled scripts by their path, and takes an old one for a new one of its length.
    '--no-code-cache',
    '--no-remote',
    '--node-modules-dir=manual',
    '--allow-read',
    '--allow-env',
  ];

  expected(JSON.parse(run(folder, deno, ...flags, 'main.js')), FILES);
});

test('Bun imports it', (t) => {
  const bun = runtime(t, '@oven/bun-linux-x64/bin/bun');
  if (bun === undefined) return;
  const folder = lay('bun', tarball);

  expected(JSON.parse(run(folder, bun, 'main.js')), FILES);
});

test('TypeScript finds the types as Node does and as a bundler does', () => {
  const folder = lay('typescript', tarball);
  for (const name of ['as-esm.mts', 'as-commonjs.cts']) {
    copyFileSync(`${folder}main.ts`, `${folder}${name}`);
  }
  const tsc = tool('typescript/bin/tsc');

  run(folder, process.execPath, tsc, '--project', 'bundler.json');
  run(folder, process.execPath, tsc, '--project', 'node-only.json');
  run(folder, process.execPath, tsc);

  for (const name of ['as-esm.mjs', 'as-commonjs.cjs']) {
    assert.match(run(folder, process.execPath, name), /"found":"[0-9a-f]{64}"/);
  }
});

test('a page without a bundler imports it', async () => {
  expected(await found(browser, lay('plain-page', tarball)), ADDRESSES);
});

test("a module worker of one's own imports it", async () => {
  expected(await found(browser, lay('module-worker', tarball)), ADDRESSES);
});

test('Vite builds a page of it', async () => {
  const folder = lay('vite', tarball);
  await vite.build({ root: folder, logLevel: 'error' });

  cpSync(`${folder}wrong`, `${folder}dist/wrong`, { recursive: true });

  expected(await found(browser, `${folder}dist`), ADDRESSES);
});

test('Vite serves a page of it while it is written', async () => {
  const folder = lay('vite', tarball);
  const server = await vite.createServer({
    root: folder,
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0 },
  });
  await server.listen();

  try {
    // Instead of what is not there it answers a page.
    const none = 'engine-not-wasm';
    expected(await foundAt(browser, server.resolvedUrls.local[0]), { ...ADDRESSES, none });
  } finally {
    await server.close();
  }
});

test('webpack builds a page of it', async () => {
  const folder = lay('webpack', tarball);
  const output = { path: `${folder}dist`, filename: 'main.js' };
  const compiler = webpack({ mode: 'production', context: folder, entry: './main.js', output });

  const stats = await new Promise((resolve, reject) => {
    compiler.run((error, stats) => (error ? reject(error) : resolve(stats)));
  });
  await new Promise((resolve) => compiler.close(resolve));
  copyFileSync(`${folder}index.html`, `${folder}dist/index.html`);
  cpSync(`${folder}wrong`, `${folder}dist/wrong`, { recursive: true });

  assert.deepEqual(stats.toJson().errors, []);
  expected(await found(browser, `${folder}dist`), ADDRESSES);
});

test('esbuild builds a page of it that brings the wasm along, under a strict policy', async () => {
  const folder = lay('esbuild', tarball);
  await esbuild({
    entryPoints: [`${folder}main.js`, `${folder}worker.js`],
    outdir: `${folder}dist`,
    bundle: true,
    minify: true,
    format: 'esm',
    loader: { '.wasm': 'file' },
  });
  copyFileSync(`${folder}index.html`, `${folder}dist/index.html`);
  cpSync(`${folder}wrong`, `${folder}dist/wrong`, { recursive: true });

  expected(await found(browser, `${folder}dist`), ADDRESSES);
});

test('workerd runs it, its wasm as a module', async (t) => {
  const workerd = runtime(t, '@cloudflare/workerd-linux-64/bin/workerd');
  if (workerd === undefined) return;
  const folder = lay('workerd', tarball);
  await esbuild({
    entryPoints: [`${folder}main.js`],
    outdir: `${folder}dist`,
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
  });
  const wasm = ['markerbed.wasm', 'other.wasm'];
  const { address, stop } = await serve(workerd, `${folder}dist/`, wasm);

  try {
    const answer = await (await fetch(address)).json();

    expected(answer, { other: 'engine-mismatch', bytes: 'engine-not-allowed' }, false);
  } finally {
    stop();
  }
});

test('the suite for stores is installed beside it, for Node and for pages', async () => {
  const suite = { 'markerbed-conformance': pack('conformance').tarball };
  const folder = lay('conformance', tarball, suite);
  copyFileSync(new URL('../tests/stores/memory.mjs', import.meta.url), `${folder}memory.js`);

  const inNode = JSON.parse(run(folder, process.execPath, 'main.js'));
  const inPage = await found(browser, folder);

  assert.ok(inNode.passed >= 5 && inNode.cases >= CASES, JSON.stringify(inNode));
  assert.equal(inPage.cases, inNode.cases);
  assert.match(inPage.refused, /\w/);
});

function expected(found, codes, hasWorkers = true) {
  const roots = hasWorkers ? { root: ROOT, rootOfWorker: ROOT } : { root: ROOT };
  assert.deepEqual(found, { ...roots, codes, verdict: 'verified' });
}

/** What `markerbed snap --portable` says of the same files. */
const ROOT = '7332dd76784ed6b7390e8723b9801a65fe89022e01233563a25fb9828859b33b';

/** How many tests the suite for stores has at least. */
const CASES = 70;

/** What is told of wrong wasm files. */
const FILES = {
  page: 'engine-not-wasm',
  cut: 'engine-damaged',
  other: 'engine-mismatch',
  none: 'engine-not-loaded',
};

/** And of wrong addresses: the server of these tests says of all of them that they are wasm. */
const ADDRESSES = { ...FILES, page: 'engine-damaged' };
