import {
  MarkerbedError,
  Workspace,
  contentIds,
  init,
  verify,
  type Change,
  type FileSource,
  type SnapProgress,
  type Verdict,
} from 'markerbed';
import { init as slimInit, type WasmSource } from 'markerbed/slim';

async function main(): Promise<void> {
  await init();
  const workspace: Workspace = await Workspace.inMemory();
  const files: FileSource = [['a', new Uint8Array()]];
  const heard: SnapProgress[] = [];
  const { root } = await workspace.snap(files, { onProgress: (progress) => heard.push(progress) });
  const changes: Change[] = (await workspace.diff(root, root)).changes;
  const names: (string | Uint8Array)[] = [];
  for await (const { name } of workspace.list(root)) names.push(name);
  const proof: Uint8Array | undefined = await workspace.prove(root, 'a');
  if (proof === undefined) throw new MarkerbedError('none', 'nothing is proven');
  const verdict: Verdict = verify(proof, root);
  const found = verdict.verdict === 'broken' ? verdict.code : verdict.root;
  const ids: string[] = contentIds([new Uint8Array()]);
  console.log(JSON.stringify({ found, ids, names, changes, heard }));
}

// What the types have to refuse.
// @ts-expect-error the wasm has to be given
void (() => slimInit());
// @ts-expect-error a number is no wasm
const wrong: WasmSource = 17;
// @ts-expect-error a root is a string
void (async () => (await Workspace.inMemory()).read(17, 'a'));
void wrong;

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
