// What the worker costs, in Chromium and Firefox: `node npm/bench/worker.mjs [ROUNDS]`, after the
// package was built. Prints a line of JSON for each value, as `cargo xtask bench compare` reads it.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as chromium from '../../host-web/tests/browser/chromium.mjs';
import * as firefox from '../../host-web/tests/browser/firefox.mjs';
import { must, openTab } from '../../host-web/tests/browser/page.mjs';
import { servePages } from '../tests/browser/pages.mjs';

const FILES = 10_000;
const FILE_BYTES = 1_000;
/** Files that are read at once when nothing but reading is measured. */
const AT_ONCE = 16;
const OURS = 'markerbed';
const [rounds = '3'] = process.argv.slice(2);
const server = await servePages();
const picked = await mkdtemp(join(tmpdir(), 'markerbed-bench-files-'));
const paths = await writeFiles(picked);
for (let round = 0; round < Number(rounds); round += 1) {
  const data = await mkdtemp(join(tmpdir(), 'markerbed-bench-'));
  const context = await chromium.launchKeeping(data);
  await measure('Chromium', context);
  await context.close();
  await rm(data, { recursive: true });
  if (firefox.missing() === undefined) {
    const browser = await firefox.launch();
    await measure('Firefox', await browser.newContext());
    await browser.close();
  }
}
server.stop();
await rm(picked, { recursive: true });

/** The files that a person would pick: on a disk, small, a hundred in each directory. */
async function writeFiles(folder) {
  const written = [];
  for (let at = 0; at < FILES; at += 1) {
    const directory = join(folder, String(at % 100));
    if (at < 100) await mkdir(directory);
    const bytes = Buffer.from(
      Array.from({ length: FILE_BYTES }, (_, i) => (at * 31 + i * 7) % 251),
    );
    written.push(join(directory, String(at)));
    await writeFile(written.at(-1), bytes);
  }
  return written;
}

async function measure(browser, context) {
  const tell = (operation, program, quantity, value) => {
    console.log(
      JSON.stringify({ operation: `${operation} in ${browser}`, program, quantity, value }),
    );
  };
  const first = await openTab(context, server.address);
  const { inWorker, inPage } = await must(first, firstUse);
  tell('first use by a worker', OURS, 'wall-ms', inWorker);
  tell('first use by the page', OURS, 'wall-ms', inPage);
  await first.close();
  const tab = await openTab(context, server.address);
  await must(tab, prepare, FILES, FILE_BYTES);
  // Playwright's way and Puppeteer's.
  if (tab.setInputFiles) await tab.setInputFiles('#files', paths);
  else await (await tab.$('#files')).uploadFile(...paths);
  await must(tab, () => (window.sources.files = document.querySelector('#files').files) && null);
  let longest = 0;
  for (const source of ['files', 'directory']) {
    const read = await must(tab, readOnly, source, AT_ONCE);
    for (const store of ['memory', 'IndexedDB']) {
      const name = `${source} ${store}`;
      const { ms } = await must(tab, snap, source, store, name, false);
      // By itself: a page that always looks at the clock takes the processor from the worker.
      const { block, longTask } = await must(tab, snap, source, store, name, true);
      const operation = `${source} into ${store}`;
      tell(operation, 'reading alone', 'wall-s', read / 1_000);
      tell(operation, OURS, 'wall-s', ms / 1_000);
      longest = Math.max(longest, block, longTask);
    }
  }
  tell('longest block of the page', OURS, 'wall-ms', longest);
  await tab.close();
}

/** From everything downloaded to the root of one file: a page's own part is all of it. */
async function firstUse() {
  const wasm = await (await fetch('/dist/markerbed.wasm')).arrayBuffer();
  const started = performance.now();
  const worker = await window.markerbed.startWorker({ wasm: wasm.slice(0) });
  const workspace = await worker.inMemory();
  await workspace.snap(window.FILES.slice(0, 1));
  const inWorker = performance.now() - started;
  worker.stop();
  const here = performance.now();
  await window.markerbed.init(wasm);
  const own = await window.markerbed.Workspace.inMemory();
  await own.snap(window.FILES.slice(0, 1));
  return { inWorker, inPage: performance.now() - here };
}

async function prepare(count, fileBytes) {
  const bytes = (at) => new Uint8Array(fileBytes).map((_, place) => (at * 31 + place * 7) % 251);
  const named = Array.from({ length: count }, (_, at) => [`${at % 100}/${at}`, bytes(at)]);
  const input = Object.assign(document.createElement('input'), { type: 'file', id: 'files' });
  input.multiple = true;
  document.body.append(input);
  window.sources = {};
  // The way to write that is fast in every browser; only workers have it.
  const write = async ({ data }) => {
    const above = await navigator.storage.getDirectory();
    const top = await above.getDirectoryHandle('bench', { create: true });
    for (const [path, content] of data) {
      const [directory, name] = path.split('/');
      const into = await top.getDirectoryHandle(directory, { create: true });
      const file = await into.getFileHandle(name, { create: true });
      const access = await file.createSyncAccessHandle();
      access.write(content);
      access.close();
    }
    postMessage('done');
  };
  const writer = new Worker(URL.createObjectURL(new Blob([`onmessage = ${write}`])));
  await new Promise((resolve) => {
    writer.onmessage = resolve;
    writer.postMessage(named);
  });
  writer.terminate();
  const above = await navigator.storage.getDirectory();
  window.sources.directory = await above.getDirectoryHandle('bench');
}

async function readOnly(source, atOnce) {
  const worker = new Worker('/bench/read.js');
  const given = window.sources[source];
  const answer = await new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
    worker.postMessage({ source: given instanceof FileList ? [...given] : given, atOnce });
  });
  worker.terminate();
  return answer.ms;
}

/** Takes all files by the worker; a page that watches measures how long it gets no turn. */
async function snap(source, store, name, isWatched) {
  const worker = await window.markerbed.startWorker();
  if (store !== 'memory') await worker.removeStore(name);
  const workspace = await (store === 'memory' ? worker.inMemory() : worker.create(name));
  let block = 0;
  let longTask = 0;
  let last = performance.now();
  let isOver = false;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) longTask = Math.max(longTask, duration);
  });
  const { supportedEntryTypes } = PerformanceObserver;
  if (supportedEntryTypes.includes('longtask')) observer.observe({ type: 'longtask' });
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => {
    const now = performance.now();
    block = Math.max(block, now - last);
    last = now;
    if (!isOver) port2.postMessage(undefined);
  };
  if (isWatched) port2.postMessage(undefined);
  const start = performance.now();
  await workspace.snap(window.sources[source], { onProgress: () => {} });
  const ms = performance.now() - start;
  isOver = true;
  observer.disconnect();
  worker.stop();
  return { ms, block, longTask };
}
