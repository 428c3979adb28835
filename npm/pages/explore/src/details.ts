import { app, engine } from './app.js';
import { button, copyFrom, download, fill, make, part } from './dom.js';
import { fail } from './failure.js';
import { fileName, shown, shownText, spelled, type Name } from './names.js';
import { size } from './numbers.js';

/** What is told of the thing that is selected in the tree. */
export interface Thing {
  path: Name;
  name: Name;
  kind: string;
  id: string;
  bytes: number | undefined;
  /** The id of a file's content. */
  content: string | undefined;
  change: string | undefined;
}

let current: Thing | undefined;
let picture: string | undefined;

/** Shows nothing but a hint. */
export function clearDetails(): void {
  current = undefined;
  forget();
  const hint = 'Select a file to see its ids, look into it, download it or take a proof of it.';
  fill(part('details'), make('p', { class: 'muted hint' }, hint));
}

/** Shows a file or directory: its ids, what can be done with it, and a look into it. */
export async function showDetails(thing: Thing): Promise<void> {
  current = thing;
  forget();
  const root = app.selected?.root;
  if (root === undefined) return;
  const preview = make('div', { class: 'preview' });
  const isFile = thing.kind === 'file';
  const isBlind = make('input', { type: 'checkbox', id: 'blind' });
  const facts = make(
    'dl',
    { class: 'ids' },
    row('Path', shown(thing.path)),
    row('Kind', thing.change === undefined ? thing.kind : `${thing.kind}, ${thing.change}`),
    thing.bytes === undefined ? undefined : row('Size', size(thing.bytes)),
    thing.content === undefined
      ? undefined
      : row('Content', id(thing.content, 'Id of the content')),
    row('Node', id(thing.id, 'Id of the node')),
  );
  const withProof = async (go: (proof: Uint8Array) => unknown): Promise<void> => {
    try {
      const proof = await engine().prove(root, thing.path, isBlind.checked);
      if (proof !== undefined) await go(proof);
    } catch (error) {
      fail(error);
    }
  };
  const proofName = `${fileName(thing.path)}.proof`;
  const copy: HTMLButtonElement = button('Copy proof', () =>
    withProof((proof) => copyFrom(copy, base64(proof), 'Proof, as base64,')),
  );
  const actions = make(
    'div',
    { class: 'actions' },
    isFile ? button('Download file', () => save(root, thing), { class: 'primary' }) : undefined,
    button('Download proof', () => withProof((proof) => download(proofName, [proof as BlobPart]))),
    copy,
  );
  const blind = make(
    'label',
    { class: 'choice', for: 'blind' },
    isBlind,
    make(
      'span',
      {},
      'Blind proof ',
      make('span', { class: 'muted' }, '(leaves out the names beside it)'),
    ),
  );
  fill(part('details'), make('h3', {}, shown(thing.name)), facts, actions, blind, preview);
  if (!isFile) return;
  try {
    await look(thing, root, preview);
  } catch (error) {
    if (current === thing) fail(error);
  }
}

function row(name: string, value: Node | string): HTMLElement {
  return make('div', {}, make('dt', {}, name), make('dd', {}, value));
}

function id(digits: string, what: string): HTMLElement {
  const copy: HTMLButtonElement = button('Copy', () => copyFrom(copy, digits, what), {
    class: 'quiet tiny',
    'aria-label': `Copy: ${what}`,
  });
  return make('span', { class: 'id' }, make('code', { class: 'mono' }, digits), ' ', copy);
}

async function save(root: string, thing: Thing): Promise<void> {
  try {
    const pieces = await engine().read(root, thing.path);
    if (pieces !== undefined) download(fileName(thing.path), pieces as BlobPart[]);
  } catch (error) {
    fail(error);
  }
}

/** A look into a file: text as text, a picture as a picture, never as a page. */
async function look(thing: Thing, root: string, at: HTMLElement): Promise<void> {
  const type = PICTURES[spelled(thing.name).split('.').at(-1)?.toLowerCase() ?? ''];
  const isPicture = type !== undefined && (thing.bytes ?? 0) <= PICTURE_BYTES_MAX;
  const pieces = await engine().read(root, thing.path, isPicture ? undefined : TEXT_BYTES_MAX + 1);
  if (current !== thing || pieces === undefined) return;
  if (isPicture) {
    picture = URL.createObjectURL(new Blob(pieces as BlobPart[], { type }));
    const image = make('img', { src: picture, alt: `Picture ${spelled(thing.name)}` });
    image.addEventListener('error', () =>
      fill(at, none('It is no picture that the browser shows.')),
    );
    fill(at, image);
    return;
  }
  const read = new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer());
  if (current !== thing) return;
  if (read.length === 0) return fill(at, none('The file is empty.'));
  const isCut = read.length > TEXT_BYTES_MAX;
  const text = textOf(read.subarray(0, TEXT_BYTES_MAX), isCut);
  if (text === undefined) return fill(at, none('It is no text. Download it to look into it.'));
  const attributes = {
    tabindex: 0,
    role: 'region',
    'aria-label': `Text of ${spelled(thing.name)}`,
  };
  fill(
    at,
    make('pre', attributes, shownText(text)),
    isCut ? none(`Only the first ${size(TEXT_BYTES_MAX)} are shown.`) : undefined,
  );
}

function none(text: string): HTMLElement {
  return make('p', { class: 'muted' }, text);
}

function textOf(bytes: Uint8Array, isCut: boolean): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    // A letter that is cut in half at the end is left out.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: isCut });
  } catch {
    return undefined;
  }
}

function base64(bytes: Uint8Array): string {
  let letters = '';
  for (const byte of bytes) letters += String.fromCharCode(byte);
  return btoa(letters);
}

function forget(): void {
  if (picture !== undefined) URL.revokeObjectURL(picture);
  picture = undefined;
}

const TEXT_BYTES_MAX = 64_000;
const PICTURE_BYTES_MAX = 20_000_000;
/** Only what is drawn and cannot run; a drawing of SVG is shown as text. */
const PICTURES: Record<string, string> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
};
