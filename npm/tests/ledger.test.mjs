// Snapshots, refs and the ledger, in memory.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Workspace, init, makeIdentity, verify } from 'markerbed';

const text = new TextEncoder();
const one = [['a/b', text.encode('one')]];
const two = [['a/b', text.encode('two')], ['c', text.encode('3')]];
const at = (seconds) => new Date(1_700_000_000_000 + seconds * 1_000);

async function workspaceOf(label) {
  await init();
  return Workspace.inMemory({ label, time: at(0) });
}

async function all(items) {
  const found = [];
  for await (const item of items) found.push(item);
  return found;
}

test('a snapshot is recorded once, and another one after it', async () => {
  const workspace = await workspaceOf('garden');

  const first = await workspace.snap(one, { label: 'garden', time: at(1) });
  const same = await workspace.snap(one, { label: 'garden', time: at(2) });
  const asked = await workspace.snap(one, { label: 'garden', time: at(3), always: true });
  const second = await workspace.snap(two, { label: 'garden', time: at(4), message: 'more' });

  assert.deepEqual([first.isNew, same.isNew, asked.isNew, second.isNew], [true, false, true, true]);
  assert.equal(same.snapshot.id, first.snapshot.id);
  assert.equal(second.snapshot.root, second.root);
  assert.deepEqual(second.snapshot.parents, [asked.snapshot.id]);
  const found = await all(workspace.snapshots());
  assert.deepEqual(found, [second.snapshot, asked.snapshot, first.snapshot]);
  const log = await all(workspace.log());
  assert.deepEqual(log.map(({ number, operation }) => [number, operation]), [
    [3, 'snapshot'],
    [2, 'snapshot'],
    [1, 'snapshot'],
    [0, 'workspace'],
  ]);
  assert.deepEqual(log.map(({ time }) => time), [at(4), at(3), at(1), at(0)]);
  assert.deepEqual(await workspace.evidence('@'), { message: 'more', gaps: [] });
});

test('trees are named as on the command line', async () => {
  const workspace = await workspaceOf('garden');
  const first = await workspace.snap(one, { label: 'garden' });
  const second = await workspace.snap(two, { label: 'garden' });

  const names = [
    '@',
    '#2',
    'garden',
    second.snapshot.id.slice(0, 12),
    second.snapshot.id,
    second.root,
  ];
  for (const name of names) {
    assert.deepEqual(await workspace.read(name, 'a/b'), text.encode('two'), name);
  }
  assert.deepEqual(await workspace.read('@-', 'a/b'), text.encode('one'));
  assert.deepEqual((await workspace.diff('@-', '@')).changes, [
    { change: 'changed', path: 'a/b' },
    { change: 'added', path: 'c' },
  ]);
  const proof = await workspace.prove('@-', 'a/b');
  assert.equal(verify(proof, first.root).verdict, 'verified');
  await assert.rejects(workspace.read('@--', 'a/b'), { code: 'nothing-named' });
  await assert.rejects(workspace.snapshot('none'), { code: 'no-ref' });
});

test('refs move by compare and swap', async () => {
  const workspace = await workspaceOf('garden');
  const { snapshot: first } = await workspace.snap(one);
  const { snapshot: second } = await workspace.snap(two);

  await workspace.moveRef('kept', undefined, first.id);
  await assert.rejects(workspace.moveRef('kept', undefined, second.id), { code: 'ref-moved' });
  await workspace.moveRef('kept', first.id, second.id);

  assert.deepEqual((await workspace.refs()).map(({ name, snapshot }) => [name, snapshot]), [
    ['files', second.id],
    ['kept', second.id],
  ]);
  await workspace.moveRef('kept', second.id, undefined);
  assert.equal((await workspace.refs()).length, 1);
});

test('a walk finds everything, with sizes of files and of directories', async () => {
  const workspace = await workspaceOf('garden');

  const { root } = await workspace.writeTree([...two, ['empty/directory', null]]);

  const walked = await all(workspace.walk(root));
  assert.deepEqual(
    walked.map(({ path, kind, bytes, files, depth }) => [path, kind, bytes, files, depth]),
    [
      ['a', 'directory', 3, 1, 0],
      ['a/b', 'file', 3, undefined, 1],
      ['c', 'file', 1, undefined, 0],
      ['empty', 'directory', 0, 0, 0],
      ['empty/directory', 'directory', 0, 0, 1],
    ],
  );
});

test('what cannot be read ends it, or is a gap if that is wanted', async () => {
  const workspace = await workspaceOf('garden');
  const gone = new Blob(['x']);
  gone.arrayBuffer = async () => {
    throw new DOMException('it is gone', 'NotReadableError');
  };
  const source = [
    ...one,
    ['gone/file', gone],
    ['\ud800', text.encode('x')],
    [`n/${'x'.repeat(1_025)}`, gone],
  ];

  await assert.rejects(workspace.snap(source), { code: 'bad-name' });
  await assert.rejects(workspace.snap(source.slice(0, 2)), { code: 'file-unreadable' });
  assert.equal((await all(workspace.snapshots())).length, 0);
  const { gaps, files, snapshot } = await workspace.snap(source, { unreadable: 'skip' });

  assert.equal(files, 1);
  assert.deepEqual(gaps.map(({ reason }) => reason).sort(), ['name', 'name', 'unreadable']);
  assert.equal(snapshot.isComplete, false);
  assert.equal((await workspace.evidence('@')).gaps.length, 3);
  assert.deepEqual((await all(workspace.walk('@'))).map(({ path }) => path), ['a', 'a/b', 'gone']);
});

test('what whoever gives the files could not read is a gap', async () => {
  const workspace = await workspaceOf('garden');
  const gap = { path: 'd/secret', reason: 'unreadable', attempts: 2 };

  await assert.rejects(workspace.snap([...one, gap]), { code: 'file-unreadable' });
  await assert.rejects(workspace.snap([{ ...gap, reason: 'tired' }]), { code: 'bad-usage' });
  const { gaps, snapshot } = await workspace.snap([...one, gap], { unreadable: 'skip' });

  assert.deepEqual(gaps, [gap]);
  assert.equal(snapshot.isComplete, false);
  assert.deepEqual((await workspace.evidence('@')).gaps, [gap]);
});

test('a stream gives a file piece by piece, and may be left', async () => {
  const workspace = await workspaceOf('garden');
  const bytes = new Uint8Array(9_000_000).map((_, at) => at % 251);
  const { root } = await workspace.writeTree([['large', new Blob([bytes])]]);

  const stream = await workspace.open(root, 'large');
  let count = 0;
  let size = 0;
  for await (const piece of stream) [count, size] = [count + 1, size + piece.length];
  const left = (await workspace.open(root, 'large')).getReader();
  await left.read();
  await left.cancel();

  assert.equal(size, bytes.length);
  assert.ok(count > 1);
  assert.equal(await workspace.open(root, 'none'), undefined);
});

test('one identity can begin several workspaces', async () => {
  await init();
  const identity = await makeIdentity();

  const here = await Workspace.inMemory({ identity });
  const there = await Workspace.inMemory({ identity });

  assert.notEqual(here.id, there.id);
  const [begun] = await all(there.log());
  assert.deepEqual(begun.agent, identity.agent);
});
