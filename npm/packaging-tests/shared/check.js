// What every project does with the package that it has installed.

/**
 * Hands each wrong wasm to `init`, then the right one, and takes three files: answers the codes,
 * the root and what a proof turns out to be.
 */
export async function check({ init, Workspace, MarkerbedError, verify }, { wrong, own }) {
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
  return { root, codes, verdict: verify(proof, root).verdict };
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
