import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

import { MarkerbedError, Workspace, init, startWorker } from 'markerbed';

const text = new TextEncoder();
/** What `markerbed snap --portable` says of the same files. */
const ROOT = '7332dd76784ed6b7390e8723b9801a65fe89022e01233563a25fb9828859b33b';
const FILES = [
  ['notes/plan.md', text.encode('Water the plants.\n')],
  ['notes/ideas/garden.md', text.encode('A bed of marker stones.\n')],
  ['empty', new Uint8Array()],
];

/** Runs a test with a worker, and ends it. */
const withWorker = (name, run) =>
  test(name, async () => {
    const worker = await startWorker();
    try {
      await run(worker);
    } finally {
      worker.stop();
    }
  });

const refused = (work, code) =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof MarkerbedError, String(error));
    assert.equal(error.code, code);
    return true;
  });

withWorker('a worker answers what this thread answers', async (worker) => {
  const workspace = await worker.inMemory();

  const { root, files, bytes } = await workspace.snap(FILES);
  const other = await workspace.snap(FILES.slice(1));
  const names = [];
  for await (const { name, kind } of workspace.list(root, 'notes')) names.push([name, kind]);
  const proof = await workspace.prove(root, 'notes/plan.md');
  const verdict = await worker.verify(proof, root);

  assert.deepEqual([root, files, bytes], [ROOT, 3, 42]);
  assert.deepEqual(names, [['ideas', 'directory'], ['plan.md', 'file']]);
  assert.deepEqual(await workspace.read(root, 'notes/plan.md'), FILES[0][1]);
  assert.equal(await workspace.read(root, 'none'), undefined);
  const { changes } = await workspace.diff(root, other.root);
  assert.deepEqual(
    changes.map(({ change, path }) => [change, path]),
    [['removed', 'notes/plan.md']],
  );
  assert.deepEqual([verdict.verdict, verdict.path], ['verified', 'notes/plan.md']);
  assert.deepEqual(await worker.contentIds([FILES[0][1]]), [verdict.content]);
  assert.equal(FILES[0][1].length, 18, 'what was given is still there');
});

withWorker('files of every kind and size make the tree that they make here', async (worker) => {
  await init();
  const large = new Uint8Array(9_000_000).map((_, at) => at % 251);
  const view = large.subarray(100, 5_000_100);
  async function* files() {
    yield ['large', large];
    yield ['view', view];
    yield [text.encode('bytes'), text.encode('a path of bytes')];
    yield ['blob', new Blob([large])];
    yield ['exact', large.slice(0, 4 << 20)];
    for (let at = 0; at < 1_000; at += 1) yield [`many/${at}`, text.encode(`file ${at}`)];
  }
  const here = await Workspace.inMemory();
  const there = await worker.inMemory();

  const expected = await here.snap(files());
  const told = await there.snap(files());

  assert.equal(told.root, expected.root);
  assert.deepEqual([told.files, told.bytes], [expected.files, expected.bytes]);
  assert.deepEqual(await there.read(told.root, 'view'), view.slice());
  assert.equal(large.length, 9_000_000);
});

withWorker('a list is told page by page, and can be left', async (worker) => {
  const workspace = await worker.inMemory();
  const many = Array.from({ length: 3_000 }, (_, at) => [`f${at}`, new Uint8Array()]);
  const { root } = await workspace.snap(many);

  const all = [];
  for await (const { name } of workspace.list(root)) all.push(name);
  let first;
  for await (const child of workspace.list(root)) {
    first = child;
    break;
  }

  assert.equal(all.length, 3_000);
  assert.deepEqual(all, many.map(([name]) => name).sort());
  assert.equal(first.name, 'f0');
  await refused(async () => {
    for await (const child of workspace.list('zz')) assert.fail(child);
  }, 'no-ref');
});

withWorker(
  'what was recorded is told of, and a large file is read piece by piece',
  async (worker) => {
    const workspace = await worker.inMemory();
    const large = new Uint8Array(5_000_000).map((_, at) => at % 251);

    const { snapshot, root } = await workspace.snap([['large', large]], { label: 'one' });
    await workspace.snap(FILES, { label: 'two' });
    const labels = [];
    for await (const { source } of workspace.snapshots()) labels.push(source);
    const walked = [];
    for await (const { path, depth } of workspace.walk('@')) walked.push([path, depth]);
    const pieces = [];
    for await (const piece of await workspace.open(root, 'large')) pieces.push(piece);
    const left = (await workspace.open(root, 'large')).getReader();
    await left.read();
    await left.cancel();

    assert.match(workspace.id, /^[0-9a-f]{64}$/);
    assert.deepEqual(labels, ['two', 'one']);
    assert.equal((await workspace.snapshot('#1')).id, snapshot.id);
    assert.deepEqual(
      walked.map(([path]) => path),
      ['empty', 'notes', 'notes/ideas', 'notes/ideas/garden.md', 'notes/plan.md'],
    );
    assert.ok(pieces.length > 1);
    assert.deepEqual(new Uint8Array(await new Blob(pieces).arrayBuffer()), large);
    assert.equal(await workspace.open(root, 'none'), undefined);
  },
);

withWorker('progress is told in between and once at the end', async (worker) => {
  const workspace = await worker.inMemory();
  const heard = [];
  const many = Array.from({ length: 500 }, (_, at) => [`f${at}`, new Uint8Array([1])]);

  await workspace.snap(many, { onProgress: (it) => heard.push(it) });

  assert.ok(heard.length >= 1 && heard.length < 500, `${heard.length} messages`);
  const { files, bytes } = heard.at(-1);
  assert.deepEqual([files, bytes], [500, 500]);
});

withWorker('who aborts gets its reason, and the worker goes on', async (worker) => {
  const workspace = await worker.inMemory();
  const controller = new AbortController();
  let given = 0;
  let isClosed = false;
  async function* endless() {
    try {
      for (;;) {
        given += 1;
        if (given === 2_000) controller.abort('enough');
        yield [`f${given}`, new Uint8Array([1])];
      }
    } finally {
      isClosed = true;
    }
  }

  const aborted = workspace.snap(endless(), { signal: controller.signal });
  await assert.rejects(aborted, (reason) => reason === 'enough');

  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(isClosed);
  assert.ok(given < 20_000, `${given} files were taken out of an endless source`);
  await assert.rejects(workspace.snap(FILES, { signal: AbortSignal.abort() }), {
    name: 'AbortError',
  });
  assert.equal((await workspace.snap(FILES)).root, ROOT);
});

withWorker('what the caller throws comes back as it is', async (worker) => {
  const workspace = await worker.inMemory();
  const mine = new RangeError('mine');
  function* failing() {
    yield FILES[0];
    throw mine;
  }
  const onProgress = () => {
    throw mine;
  };

  await assert.rejects(workspace.snap(failing()), (error) => error === mine);
  await assert.rejects(workspace.snap(FILES, { onProgress }), (error) => error === mine);
  assert.equal((await workspace.snap(FILES)).root, ROOT);
});

withWorker('what is wrong is told with its code', async (worker) => {
  const workspace = await worker.inMemory();
  const freed = await worker.inMemory();
  freed.free();

  await refused(workspace.snap([...FILES, FILES[0]]), 'name-order');
  await refused(workspace.snap([['a//b', new Uint8Array()]]), 'bad-name');
  await refused(workspace.snap([['a', 'text']]), 'bad-usage');
  await refused(workspace.snap([['a']]), 'bad-usage');
  await refused(workspace.snap({}), 'bad-usage');
  await refused(workspace.snap(undefined), 'bad-usage');
  await refused(workspace.read('zz', 'a'), 'no-ref');
  await refused(freed.snap(FILES), 'bad-usage');
  await assert.rejects(workspace.read(ROOT, () => {}), { name: 'DataCloneError' });
  assert.equal((await workspace.snap(FILES)).root, ROOT);
});

withWorker('calls at once each get their answer', async (worker) => {
  const workspace = await worker.inMemory();
  const one = (at) => [[`only ${at}`, text.encode(`text ${at}`)], ...FILES];

  const taken = await Promise.all(Array.from({ length: 40 }, (_, at) => workspace.snap(one(at))));
  const read = await Promise.all(taken.map(({ root }, at) => workspace.read(root, `only ${at}`)));

  assert.equal(new Set(taken.map(({ root }) => root)).size, 40);
  assert.deepEqual(read, taken.map((_, at) => text.encode(`text ${at}`)));
});

test('a worker that is stopped under calls ends them all', async () => {
  const worker = await startWorker();
  const workspace = await worker.inMemory();
  async function* endless() {
    for (let at = 0; ; at += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      yield [`f${at}`, new Uint8Array([1])];
    }
  }
  const { root } = await workspace.snap(FILES);
  const open = [
    workspace.snap(endless()),
    workspace.snap(endless()),
    workspace.read(root, 'empty'),
  ];

  worker.stop();

  for (const call of open) await refused(call, 'worker-ended');
  await refused(workspace.snap(FILES), 'worker-ended');
  await refused(workspace.list(root).next(), 'worker-ended');
  worker.stop();
});

test('a worker that dies ends the calls that are under way', async () => {
  const script = `import '${import.meta.resolve('markerbed/worker')}';
    import { parentPort } from 'node:worker_threads';
    parentPort.on('message', (it) => it === 'die' && process.exit(7));`;
  const own = new Worker(new URL(`data:text/javascript,${encodeURIComponent(script)}`));
  const worker = await startWorker({ worker: own });
  const workspace = await worker.inMemory();
  const waiting = workspace.snap(
    (async function* () {
      await new Promise(() => {});
    })(),
  );

  own.postMessage('die');

  await refused(waiting, 'worker-ended');
  await refused(worker.inMemory(), 'worker-ended');
});

test('a worker that cannot begin says so', async () => {
  const broken = new Worker('throw new Error("no")', { eval: true });
  await refused(startWorker({ worker: broken }), 'worker-ended');
  await refused(startWorker({ wasm: new Uint8Array([1, 2, 3]) }), 'engine-not-wasm');
  await refused(startWorker({ wasm: 'file:///no/such/file' }), 'engine-not-loaded');
});

test('a program ends although its worker was not stopped', async () => {
  const program = `import { startWorker } from 'markerbed';
    const worker = await startWorker();
    const workspace = await worker.inMemory();
    console.log((await workspace.snap([['a', new Uint8Array()]])).files);`;
  const folder = fileURLToPath(new URL('.', import.meta.url));

  const { stdout } = await promisify(execFile)(
    process.execPath, ['--input-type=module', '-e', program], { cwd: folder },
  );

  assert.equal(stdout, '1\n');
});
