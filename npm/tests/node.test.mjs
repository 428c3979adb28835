import assert from 'node:assert/strict';
import { test } from 'node:test';

import { MarkerbedError, Workspace, contentIds, init, verify } from 'markerbed';

const text = new TextEncoder();
/** What `markerbed snap --portable` says of the same files. */
const ROOT = '7332dd76784ed6b7390e8723b9801a65fe89022e01233563a25fb9828859b33b';
const FILES = [
  ['notes/plan.md', text.encode('Water the plants.\n')],
  ['notes/ideas/garden.md', text.encode('A bed of marker stones.\n')],
  ['empty', new Uint8Array()],
];

test('what was taken is listed, read, compared and proven', async () => {
  await init();
  const workspace = await Workspace.inMemory();
  const heard = [];

  const { root, files, bytes } = await workspace.snap(FILES, {
    onProgress: (it) => heard.push(it),
  });
  const again = await workspace.snap([...FILES].reverse());
  const other = await workspace.snap(FILES.slice(1));
  const names = [];
  for await (const { name, kind } of workspace.list(root, 'notes')) names.push([name, kind]);
  const proof = await workspace.prove(root, 'notes/plan.md');

  assert.deepEqual([files, bytes, heard.length], [3, 42, 3]);
  assert.equal(root, ROOT);
  assert.equal(again.root, root);
  assert.deepEqual(names, [['ideas', 'directory'], ['plan.md', 'file']]);
  assert.deepEqual(await workspace.read(root, 'notes/plan.md'), FILES[0][1]);
  assert.equal(await workspace.read(root, 'none'), undefined);
  assert.deepEqual(await workspace.diff(root, other.root), {
    changes: [{ change: 'removed', path: 'notes/plan.md' }],
    isComplete: true,
  });
  const verdict = verify(proof, root);
  assert.deepEqual(
    [verdict.verdict, verdict.path, verdict.found],
    ['verified', 'notes/plan.md', 'present'],
  );
  assert.equal(verdict.content, contentIds([FILES[0][1]])[0]);
  assert.equal(verify(proof, other.root).verdict, 'differs');
  workspace.free();
});

test('a large blob is read piece by piece and has the id of its bytes', async () => {
  await init();
  const workspace = await Workspace.inMemory();
  const bytes = new Uint8Array(3_000_000).map((_, at) => at % 251);

  const { root } = await workspace.snap([['large', new Blob([bytes])]]);
  const { root: same } = await workspace.snap([['large', bytes]]);

  assert.equal(root, same);
  assert.deepEqual(await workspace.read(root, 'large'), bytes);
});

test('what is wrong is told with a code, and nothing goes on', async () => {
  await init();
  const workspace = await Workspace.inMemory();
  const refused = async (work, code) => {
    await assert.rejects(work, (error) => error instanceof MarkerbedError && error.code === code);
  };
  const blob = new Blob(['x']);
  blob.arrayBuffer = async () => {
    throw new DOMException('it is gone', 'NotReadableError');
  };

  await refused(() => workspace.snap([...FILES, FILES[0]]), 'name-order');
  await refused(
    () =>
      workspace.snap([
        ['a', new Uint8Array()],
        ['a/b', new Uint8Array()],
      ]),
    'name-order',
  );
  await refused(() => workspace.snap([['a//b', new Uint8Array()]]), 'bad-name');
  await refused(() => workspace.snap([['a/../b', new Uint8Array()]]), 'bad-name');
  await refused(() => workspace.snap([['\ud800', new Uint8Array()]]), 'bad-name');
  await refused(() => workspace.snap([['gone', blob]]), 'file-unreadable');
  await refused(() => workspace.read('zz', 'a'), 'no-ref');
  await assert.rejects(
    () => workspace.snap(FILES, { signal: AbortSignal.abort() }),
    { name: 'AbortError' },
  );
});
