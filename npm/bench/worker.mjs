// What the worker costs, in Chromium and Firefox: `node bench/worker.mjs [ROUNDS]`, after the
// package was built. Prints a line of JSON for each value, with the target where there is one.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import * as chromium from '../../host-web/tests/browser/chromium.mjs';
import * as firefox from '../../host-web/tests/browser/firefox.mjs';
import { must, openTab } from '../../host-web/tests/browser/page.mjs';
import { servePages } from '../tests/browser/pages.mjs';

const FILES = 10_000;
const FILE_BYTES = 1_000;
/** What issue 6 asks for. */
const TARGETS = { 'longest-block-ms': 50, 'snap-over-read': 2, 'first-use-ms': 200 };

const [rounds = '3'] = process.argv.slice(2);
const server = await servePages();
for (const round of Array(Number(rounds)).keys()) {
  const data = await mkdtemp(join(tmpdir(), 'markerbed-bench-'));
  const context = await chromium.launchKeeping(data);
  await measure('Chromium', context, round);
  await context.close();
  await rm(data, { recursive: true });
  if (firefox.missing() === undefined) {
    const browser = await firefox.launch();
    await measure('Firefox', await browser.newContext(), round);
    await browser.close();
  }
}
server.stop();

async function measure(browser, context, round) {
  const first = await openTab(context, server.address);
  const tell = (operation, values, more = {}) => {
    for (const [quantity, value] of Object.entries(values)) {
      const target = TARGETS[quantity] !== undefined && { most: TARGETS[quantity] };
      console.log(
        JSON.stringify({ browser, round, operation, ...more, quantity, value, ...target }),
      );
    }
  };
  tell('first use', await must(first, firstUse));
  await first.close();
  const tab = await openTab(context, server.address);
  await must(tab, prepare, FILES, FILE_BYTES);
  for (const source of ['files', 'directory']) {
    const read = await must(tab, readOnly, source, 1);
    const readAtOnce = await must(tab, readOnly, source, 16);
    tell('read', { ms: read, 'ms-16-at-once': readAtOnce }, { source });
    for (const store of ['memory', 'IndexedDB']) {
      const { ms, block, longTask } = await must(tab, snap, source, store, `${round} ${source}`);
      const values = {
        ms,
        'snap-over-read': ms / read,
        'snap-over-read-16-at-once': ms / readAtOnce,
      };
      const more = { source, store, files: FILES, fileBytes: FILE_BYTES };
      tell('snap', { ...values, 'longest-block-ms': block, 'longest-task-ms': longTask }, more);
    }
  }
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
  return { 'first-use-ms': inWorker, 'first-use-in-page-ms': performance.now() - here };
}

async function prepare(count, fileBytes) {
  const bytes = (at) => new Uint8Array(fileBytes).map((_, place) => (at * 31 + place * 7) % 251);
  const named = Array.from({ length: count }, (_, at) => [`${at % 100}/${at}`, bytes(at)]);
  const transfer = new DataTransfer();
  for (const [path, content] of named) {
    transfer.items.add(new File([content], path.replace('/', ' ')));
  }
  window.sources = { files: transfer.files };
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

/** Takes all files by the worker, while the page measures how long it does not come to turn. */
async function snap(source, store, name) {
  const worker = await window.markerbed.startWorker();
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
  port2.postMessage(undefined);
  const start = performance.now();
  await workspace.snap(window.sources[source], { onProgress: () => {} });
  const ms = performance.now() - start;
  isOver = true;
  observer.disconnect();
  worker.stop();
  return { ms, block, longTask };
}
