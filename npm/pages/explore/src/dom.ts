/** What can be put into an element: text stays text. */
export type Inside = Node | string | undefined | Inside[];
type Attributes = Record<string, string | number | boolean | undefined>;

/** An element with attributes and what is in it; never made of markup. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...inside: Inside[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === false) continue;
    element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...flat(inside));
  return element;
}

/** A button that does something. */
export function button(
  text: Inside,
  onClick: () => unknown,
  attributes: Attributes = {},
): HTMLButtonElement {
  const made = make('button', { type: 'button', ...attributes }, text);
  made.addEventListener('click', () => void onClick());
  return made;
}

/** Replaces what is in an element. */
export function fill(element: Element, ...inside: Inside[]): void {
  element.replaceChildren(...flat(inside));
}

/** The element of the page with this id. */
export function part<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`the page has no #${id}`);
  return found as E;
}

/** Tells a screen reader, without moving the focus. */
export function say(text: string): void {
  const voice = part('voice');
  // The same sentence twice is heard twice only if it differs.
  voice.textContent = voice.textContent === text ? `${text}\u00a0` : text;
}

/** Hides or shows. */
export function show(element: HTMLElement, isShown: boolean): void {
  element.hidden = !isShown;
}

/** Hands a file to the person; it is never opened in the page. */
export function download(name: string, bytes: BlobPart[]): void {
  const url = URL.createObjectURL(new Blob(bytes, { type: 'application/octet-stream' }));
  const link = make('a', { href: url, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), DOWNLOAD_MS);
}

/** Copies text and says so on the button for a moment. */
export async function copyFrom(at: HTMLButtonElement, text: string, what: string): Promise<void> {
  const label = at.textContent;
  try {
    await navigator.clipboard.writeText(text);
    at.textContent = 'Copied';
    say(`${what} copied`);
  } catch {
    at.textContent = 'Not copied';
    say(`The browser did not let the page copy; select the text and copy it by hand`);
  }
  setTimeout(() => (at.textContent = label), COPIED_MS);
}

function flat(inside: Inside[]): (Node | string)[] {
  return inside.flatMap((it) => (Array.isArray(it) ? flat(it) : it === undefined ? [] : [it]));
}

const DOWNLOAD_MS = 60_000;
const COPIED_MS = 2_000;
