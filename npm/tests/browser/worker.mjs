// The package's worker in Chromium and Firefox: `node worker.mjs`, after the package was built.
import assert from 'node:assert/strict';

import * as chromium from '../../../host-web/tests/browser/chromium.mjs';
import * as firefox from '../../../host-web/tests/browser/firefox.mjs';
import { must, openTab } from '../../../host-web/tests/browser/page.mjs';
import { servePages } from './pages.mjs';

/** What `markerbed snap --portable` says of the same files. */
const ROOT = '7332dd76784ed6b7390e8723b9801a65fe89022e01233563a25fb9828859b33b';

const CASES = {
  async 'a worker answers what the page answers'(tab) {
    const told = await must(tab, async () => {
      const worker = await window.markerbed.startWorker();
      const workspace = await worker.inMemory();
      const { root, files, bytes } = await workspace.snap(window.FILES);
      const names = [];
      for await (const { name } of workspace.list(root, 'notes')) names.push(name);
      const plan = await workspace.read(root, 'notes/plan.md');
      const proof = await workspace.prove(root, 'notes/plan.md');
      const { verdict } = await worker.verify(proof, root);
      worker.stop();
      return { root, files, bytes, names, plan: new TextDecoder().decode(plan), verdict };
    });
    assert.deepEqual(told, {
      root: ROOT, files: 3, bytes: 42, names: ['ideas', 'plan.md'],
      plan: 'Water the plants.\n', verdict: 'verified',
    });
  },

  async 'a store that the browser took away is told of in a worker, too'(tab) {
    const told = await must(tab, async () => {
      const { startWorker } = window.markerbed;
      const first = await startWorker();
      (await first.create('taken')).free();
      first.stop();
      const isMarked = localStorage.getItem('markerbed/store/taken') !== null;
      await new Promise((resolve, reject) => {
        const removing = indexedDB.deleteDatabase('taken');
        [removing.onsuccess, removing.onerror] = [resolve, reject];
      });
      const worker = await startWorker();
      const codes = [];
      for (const call of ['open', 'create', 'openOrCreate']) {
        codes.push(await window.codeOf(worker[call]('taken')));
      }
      await worker.removeStore('taken');
      const left = localStorage.getItem('markerbed/store/taken');
      codes.push(await window.codeOf(worker.open('taken')));
      worker.stop();
      return { isMarked, codes, left };
    });
    const lost = 'store-damaged';
    const codes = [lost, lost, lost, 'no-store'];
    assert.deepEqual(told, { isMarked: true, codes, left: null });
  },

  async 'directories, file lists, files and blobs are read there'(tab) {
    const told = await must(tab, async () => {
      const worker = await window.markerbed.startWorker();
      const workspace = await worker.inMemory();
      const directory = await window.directoryOf('notebook', window.FILES);
      const blobs = window.FILES.map(([path, bytes]) => [path, new Blob([bytes])]);
      const flat = window.FILES.map(([, bytes], at) => new File([bytes], `${at}`));
      const transfer = new DataTransfer();
      for (const file of flat) transfer.items.add(file);
      const sources = [directory, blobs, flat, transfer.files];
      const roots = [];
      for (const source of sources) roots.push((await workspace.snap(source)).root);
      worker.stop();
      return roots;
    });
    assert.deepEqual(told.slice(0, 2), [ROOT, ROOT]);
    assert.equal(told[2], told[3]);
    assert.notEqual(told[2], ROOT);
  },

  async 'a store that a worker fills is there in the page and in the next worker'(tab) {
    const told = await must(tab, async () => {
      const { init, startWorker, Workspace } = window.markerbed;
      await init();
      const worker = await startWorker();
      const workspace = await worker.create('shared');
      const { root } = await workspace.snap(window.FILES);
      const again = await window.codeOf(worker.create('shared'));
      worker.stop();
      const here = await Workspace.open('shared');
      const text = new TextDecoder().decode(await here.read(root, 'notes/plan.md'));
      here.free();
      const next = await startWorker();
      const there = await next.open('shared');
      const bytes = (await there.read(root, 'notes/ideas/garden.md')).length;
      there.free();
      await next.removeStore('shared');
      const gone = await window.codeOf(next.open('shared'));
      next.stop();
      return { again, text, bytes, gone };
    });
    const { again, text, bytes, gone } = told;
    assert.deepEqual(
      [again, text, bytes, gone],
      ['store-exists', 'Water the plants.\n', 24, 'no-store'],
    );
  },

  async 'progress comes in between, and who aborts gets its reason'(tab) {
    const told = await must(tab, async () => {
      const worker = await window.markerbed.startWorker();
      const workspace = await worker.inMemory();
      const heard = [];
      const many = Array.from({ length: 2_000 }, (_, at) => new File(['x'], `${at}`));
      await workspace.snap(many, { onProgress: (it) => heard.push(it.files) });
      const controller = new AbortController();
      const options = { signal: controller.signal, onProgress: () => controller.abort('enough') };
      const aborted = await workspace.snap(many, options).catch((reason) => reason);
      const { root } = await workspace.snap(window.FILES);
      worker.stop();
      return { messages: heard.length, last: heard.at(-1), aborted, root };
    });
    assert.ok(told.messages < 2_000, `${told.messages} messages`);
    assert.deepEqual([told.last, told.aborted, told.root], [2_000, 'enough', ROOT]);
  },

  async 'a worker that ends by whatever cause ends its calls'(tab) {
    const told = await must(tab, async () => {
      const codes = {};
      const begin = async () => {
        const own = new Worker('/own.js', { type: 'module' });
        const worker = await window.markerbed.startWorker({ worker: own });
        const workspace = await worker.inMemory();
        const waiting = workspace.snap((async function* () { await new Promise(() => {}); })());
        return { own, worker, workspace, waiting };
      };
      for (const how of ['close', 'stop']) {
        const { own, worker, waiting } = await begin();
        own.postMessage(how);
        codes[how] = [await window.codeOf(waiting), await window.codeOf(worker.inMemory())];
      }
      const terminated = await begin();
      terminated.own.terminate();
      codes.terminated = [await window.codeOf(terminated.waiting)];
      const stopped = await begin();
      stopped.worker.stop();
      codes.stopped = [await window.codeOf(stopped.waiting)];
      const goesOn = await begin();
      goesOn.own.postMessage('throw');
      codes.goesOn = (await goesOn.workspace.snap(window.FILES)).root;
      goesOn.worker.stop();
      return codes;
    });
    assert.deepEqual(told, {
      close: ['worker-ended', 'worker-ended'],
      stop: ['worker-ended', 'worker-ended'],
      terminated: ['worker-ended'],
      stopped: ['worker-ended'],
      goesOn: ROOT,
    });
  },

  async 'a worker that cannot begin says so'(tab) {
    const told = await must(tab, async () => {
      const { startWorker } = window.markerbed;
      const begun = (script) => new Worker(script, { type: 'module' });
      const codes = [
        await window.codeOf(startWorker({ worker: begun('/none.js') })),
        await window.codeOf(startWorker({ worker: begun('/broken.js') })),
        await window.codeOf(startWorker({ worker: begun('/other.js') })),
        await window.codeOf(startWorker({ wasm: '/none.wasm' })),
        await window.codeOf(startWorker({ wasm: new Uint8Array(8) })),
      ];
      window.Worker = undefined;
      return [...codes, await window.codeOf(startWorker())];
    });
    assert.deepEqual(told, [
      'worker-ended', 'worker-ended', 'worker-mismatch',
      'engine-not-loaded', 'engine-not-wasm', 'no-worker',
    ]);
  },

  async 'the wasm comes from an address, an answer, bytes or a module'(tab) {
    const told = await must(tab, async () => {
      const address = '/dist/markerbed.wasm';
      const bytes = await (await fetch(address)).arrayBuffer();
      const sources = [
        address, new URL(address, location.href), new Request(address), await fetch(address),
        bytes, await WebAssembly.compile(bytes),
      ];
      const roots = [];
      for (const wasm of sources) {
        const worker = await window.markerbed.startWorker({ wasm });
        roots.push((await (await worker.inMemory()).snap(window.FILES)).root);
        worker.stop();
      }
      return roots;
    });
    assert.deepEqual(told, Array(6).fill(ROOT));
  },

  async 'a page that may have no workers is told'(tab, address) {
    await tab.goto(`${address}/no-workers`);
    await tab.waitForFunction(() => window.ready);
    const code = await must(tab, () => window.codeOf(window.markerbed.startWorker()));
    assert.ok(['no-worker', 'worker-ended'].includes(code), code);
  },

  async 'ten thousand files are taken while the page is free'(tab) {
    const told = await must(tab, async () => {
      const count = 10_000;
      const worker = await window.markerbed.startWorker();
      const workspace = await worker.inMemory();
      const files = Array.from({ length: count }, (_, at) => new File([`file ${at}`], `${at}`));
      let longest = 0;
      let last = performance.now();
      let isOver = false;
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        longest = Math.max(longest, performance.now() - last);
        last = performance.now();
        if (!isOver) port2.postMessage(undefined);
      };
      port2.postMessage(undefined);
      const taken = await workspace.snap(files);
      isOver = true;
      worker.stop();
      return { longest, files: taken.files };
    });
    console.log(`  the page's longest gap: ${told.longest.toFixed(1)} ms`);
    assert.equal(told.files, 10_000);
  },
};

const browsers = { Chromium: await chromium.launch() };
if (firefox.missing() === undefined) browsers.Firefox = await firefox.launch();
const server = await servePages();
const only = process.argv[2] ?? '';
let passed = 0;
let failed = 0;
for (const [name, browser] of Object.entries(browsers)) {
  for (const [title, run] of Object.entries(CASES)) {
    if (!title.includes(only)) continue;
    const context = await browser.newContext();
    try {
      const tab = await openTab(context, server.address);
      await run(tab, server.address);
      passed += 1;
      console.log(`ok ${name}: ${title}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok ${name}: ${title}\n${error.stack}`);
    }
    await context.close();
  }
  await browser.close();
}
server.stop();
console.log(`markerbed-npm-worker ${passed} passed, ${failed} failed`);
const floor = only ? 1 : Object.keys(browsers).length * 9;
process.exit(failed === 0 && passed >= floor ? 0 : 1);
