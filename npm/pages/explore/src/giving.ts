import { app } from './app.js';
import { checkProof } from './check.js';
import { part, say } from './dom.js';
import { fail } from './failure.js';
import { fromDrop, fromFiles, type Source } from './source.js';

/** Dropping and picking, of folders, files and proofs. */
export function beginGiving(record: (source: Source) => void): void {
  const body = document.body;
  const isFiles = (event: DragEvent): boolean =>
    event.dataTransfer?.types.includes('Files') ?? false;
  document.addEventListener('dragover', (event) => {
    if (!isFiles(event)) return;
    event.preventDefault();
    const isProof = (event.target as Element).closest?.('#proof-drop') !== null;
    body.dataset['drag'] = isProof ? 'proof' : 'tree';
  });
  document.addEventListener('dragleave', (event) => {
    if (event.relatedTarget === null) delete body.dataset['drag'];
  });
  document.addEventListener('drop', (event) => {
    if (!isFiles(event) || event.dataTransfer === null) return;
    event.preventDefault();
    const isProof = body.dataset['drag'] === 'proof';
    delete body.dataset['drag'];
    void dropped(event.dataTransfer, isProof, record);
  });
  const folder = part<HTMLInputElement>('folder-input');
  const files = part<HTMLInputElement>('files-input');
  const proof = part<HTMLInputElement>('proof-input');
  part('pick-folder').addEventListener('click', () => folder.click());
  part('pick-files').addEventListener('click', () => files.click());
  part('pick-proof').addEventListener('click', () => proof.click());
  for (const input of [folder, files]) {
    input.addEventListener('change', () => {
      const source = fromFiles(input.files ?? []);
      if (source !== undefined) record(source);
      input.value = '';
    });
  }
  proof.addEventListener('change', () => {
    void proofOf(proof.files?.[0]);
    proof.value = '';
  });
}

async function dropped(
  data: DataTransfer,
  isProof: boolean,
  record: (source: Source) => void,
): Promise<void> {
  const [file] = data.files;
  if (isProof || (data.files.length === 1 && file?.name.endsWith('.proof'))) return proofOf(file);
  try {
    const source = fromDrop(data);
    if (source === undefined) say('There is no file in what was dropped.');
    else record(source);
  } catch (error) {
    fail(error);
  }
}

async function proofOf(file: File | undefined): Promise<void> {
  if (file === undefined || app.engine === undefined) return;
  try {
    await checkProof(new Uint8Array(await file.slice(0, PROOF_BYTES_MAX).arrayBuffer()));
  } catch (error) {
    fail(error);
  }
}

const PROOF_BYTES_MAX = 64 << 20;
