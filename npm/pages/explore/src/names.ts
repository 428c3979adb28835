import { make } from './dom.js';

/** A name or path: text if it is UTF-8, else its bytes. */
export type Name = string | Uint8Array;

/** A name as text for a label: what cannot be seen is spelled out. */
export function spelled(name: Name): string {
  return parts(name)
    .map(({ text, mark }) => mark ?? text)
    .join('');
}

/** A name as nodes: text, and marks where something cannot be seen. It never reorders its row. */
export function shown(name: Name): HTMLElement {
  return make('bdi', { class: 'name' }, marked(parts(name)));
}

/** Lines of text with marks where something cannot be seen, but for breaks and tabs. */
export function shownText(text: string): (Node | string)[] {
  return marked(parts(text, /^[\n\t]$/));
}

/** The path of a name in a directory. */
export function below(directory: Name, name: Name): Name {
  if (directory.length === 0) return name;
  if (typeof directory === 'string' && typeof name === 'string') return `${directory}/${name}`;
  const [above, last] = [bytes(directory), bytes(name)];
  const path = new Uint8Array(above.length + 1 + last.length);
  path.set(above);
  path.set(SLASH, above.length);
  path.set(last, above.length + 1);
  return path;
}

/** The names of a path, the outermost first. */
export function split(path: Name): Name[] {
  if (typeof path === 'string') return path === '' ? [] : path.split('/');
  const names: Name[] = [];
  let from = 0;
  for (let at = 0; at <= path.length; at += 1) {
    if (at < path.length && path[at] !== SLASH[0]) continue;
    const name = path.subarray(from, at);
    names.push(decoded(name) ?? name);
    from = at + 1;
  }
  return names;
}

/** A key of a map: names that differ have keys that differ. */
export function key(name: Name): string {
  if (typeof name === 'string') return name;
  return `\ud800${Array.from(name, (byte) => String.fromCharCode(byte)).join('')}`;
}

/** A name that a file can be saved by. */
export function fileName(path: Name): string {
  const name = spelled(split(path).at(-1) ?? 'root');
  return name.replace(/[\\/:*?"<>|⟨⟩]/g, '_');
}

/** One stretch: text that can be seen, or a mark for what cannot. */
interface Part {
  text: string;
  mark?: string;
}

function parts(name: Name, plain?: RegExp): Part[] {
  if (typeof name !== 'string') return byteParts(name);
  const found: Part[] = [];
  let from = 0;
  for (const { 0: letter, index } of name.matchAll(HIDDEN)) {
    if (plain?.test(letter) || joinsEmoji(name, index, letter)) continue;
    if (index > from) found.push({ text: name.slice(from, index) });
    found.push({ text: letter, mark: mark(letter) });
    from = index + letter.length;
  }
  if (from < name.length) found.push({ text: name.slice(from) });
  return found;
}

function byteParts(name: Uint8Array): Part[] {
  return Array.from(name, (byte): Part => {
    const text = String.fromCharCode(byte);
    return byte > 0x20 && byte < 0x7f ? { text } : { text, mark: `⟨${hex(byte, 2)}⟩` };
  });
}

function marked(found: Part[]): (Node | string)[] {
  return found.map(({ text, mark: it }) =>
    it === undefined ? text : make('span', { class: 'mark' }, it),
  );
}

function mark(letter: string): string {
  const short = SHORT[letter];
  return `⟨${short ?? `U+${hex(letter.codePointAt(0) ?? 0, 4)}`}⟩`;
}

function hex(number: number, digits: number): string {
  return number.toString(16).toUpperCase().padStart(digits, '0');
}

/** A joiner between emoji is part of how they look. */
function joinsEmoji(name: string, at: number, letter: string): boolean {
  return letter === '\u200d' && BEFORE.test(name.slice(0, at)) && AFTER.test(name.slice(at + 1));
}

function bytes(name: Name): Uint8Array {
  return typeof name === 'string' ? new TextEncoder().encode(name) : name;
}

function decoded(name: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    return undefined;
  }
}

const SLASH = [0x2f];
/** Controls, formats (marks of direction, joiners), breaks, spaces that are not the usual one, and
 * those at an end; what has no glyph at all. */
const HIDDEN =
  /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\u115f\u1160\u2800\u3164\uffa0]|(?! )\p{Zs}|^ | $/gu;
const BEFORE = /(?:\p{Extended_Pictographic}\ufe0f?|\p{Emoji_Modifier})$/u;
const AFTER = /^\p{Extended_Pictographic}/u;
const SHORT: Record<string, string> = {
  '\n': 'line break',
  '\t': 'tab',
  '\r': 'return',
  ' ': 'space',
};
