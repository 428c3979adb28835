// What every project does with the package that it has installed.

/**
 * Hands each wrong wasm to `init`, then the right one, and takes three files, here and in a worker
 * of the package's: answers the codes, the roots and what a proof turns out to be.
 */
export async function check(markerbed, { wrong, own }) {
  const { init, Workspace, MarkerbedError, verify, startWorker } = markerbed;
  const codes = {};
  for (const [name, source] of Object.entries(wrong)) {
    codes[name] = await init(source).then(
      () => 'taken',
      (error) => (error instanceof MarkerbedError ? error.code : String(error)),
    );
  }
  await init(own);
  const workspace = await Workspace.inMemory();
  const { root } = await workspace.snap(FILES);
  const proof = await workspace.prove(root, 'notes/plan.md');
  const { verdict } = verify(proof, root);
  return { root, rootOfWorker: startWorker && (await rootOf(startWorker)), codes, verdict };
}

async function rootOf(startWorker) {
  const worker = await startWorker();
  const workspace = await worker.inMemory();
  const { root } = await workspace.snap(FILES);
  worker.stop();
  return root;
}

/** Where a page finds what is no wasm of this package. */
export const wrongAddresses = () =>
  Object.fromEntries(WRONG.map((name) => [name, new URL(`/wrong/${name}.wasm`, location.href)]));

export const WRONG = ['page', 'cut', 'other', 'none'];

const text = new TextEncoder();
const FILES = [
  ['notes/plan.md', text.encode('Water the plants.\n')],
  ['notes/ideas/garden.md', text.encode('A bed of marker stones.\n')],
  ['empty', new Uint8Array()],
];
