import { fill, make } from './dom.js';
import type { Entry } from './engine.js';
import { below, key, shown, spelled, type Name } from './names.js';
import { size } from './numbers.js';

/** A row: what lies in a directory. */
export interface Row {
  path: Name;
  name: Name;
  kind: string;
  id: string;
  bytes: number | undefined;
  content: string | undefined;
  level: number;
  /** From 1, among its siblings. */
  position: number;
  parent: Row | undefined;
  children: Row[] | undefined;
  isOpen: boolean;
  isLoading: boolean;
}

export interface TreeParts {
  list: (path: Name) => AsyncIterable<Entry[]>;
  /** What stands at the end of a row, and what is told of it. */
  notes: (row: Row) => { mark: string; change: string | undefined };
  onSelect: (row: Row) => void;
  onFailure: (error: unknown) => void;
}

/** A tree that renders only the rows that can be seen, so that 100,000 are no burden. */
export class Tree {
  readonly #host: HTMLElement;
  readonly #space = make('div', { class: 'tree-space', role: 'none' });
  #parts: TreeParts | undefined;
  readonly #drawn = new WeakMap<Row, HTMLElement>();
  #top: Row[] = [];
  /** All rows that are not in a closed directory, in order. */
  #rows: Row[] = [];
  #active = 0;
  #selected: Row | undefined;
  #isTopLoading = false;
  #typed = '';
  #typedAt = 0;
  #frame = 0;

  constructor(host: HTMLElement) {
    this.#host = host;
    host.setAttribute('role', 'tree');
    host.tabIndex = 0;
    fill(host, this.#space);
    host.addEventListener('scroll', () => this.draw());
    host.addEventListener('keydown', (event) => this.#onKey(event));
    host.addEventListener('click', (event) => this.#onClick(event));
    host.addEventListener('focus', () => this.draw());
    new ResizeObserver(() => this.draw()).observe(host);
  }

  /** Shows another tree, closed. */
  async begin(parts: TreeParts): Promise<void> {
    this.#parts = parts;
    this.#top = [];
    this.#rows = [];
    this.#active = 0;
    this.#selected = undefined;
    this.#host.scrollTop = 0;
    this.#isTopLoading = true;
    this.draw();
    await this.#load(undefined, parts);
  }

  /** Opens what leads to a path, and selects what is there. */
  async reveal(names: Name[]): Promise<boolean> {
    const parts = this.#parts;
    let rows = this.#top;
    let found: Row | undefined;
    for (const [at, name] of names.entries()) {
      found = rows.find((row) => key(row.name) === key(name));
      if (found === undefined || parts !== this.#parts) return false;
      if (at === names.length - 1) break;
      await this.#setOpen(found, true);
      rows = found.children ?? [];
    }
    if (found === undefined) return false;
    this.#moveTo(this.#rows.indexOf(found));
    this.#select(found);
    return true;
  }

  /** Draws again, at the next frame. */
  draw(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#drawNow();
    });
  }

  async #load(parent: Row | undefined, parts: TreeParts): Promise<void> {
    const level = (parent?.level ?? 0) + 1;
    const siblings: Row[] = parent === undefined ? this.#top : (parent.children = []);
    try {
      for await (const page of parts.list(parent?.path ?? '')) {
        if (parts !== this.#parts) return;
        const rows = page.map(({ name, kind, id, bytes, content }, at): Row => {
          const path = below(parent?.path ?? '', name);
          const position = siblings.length + at + 1;
          const own = { children: undefined, isOpen: false, isLoading: false };
          return { path, name, kind, id, bytes, content, level, position, parent, ...own };
        });
        this.#insert(parent, siblings, rows);
        siblings.push(...rows);
        this.draw();
      }
    } catch (error) {
      if (parts === this.#parts) parts.onFailure(error);
    } finally {
      if (parent !== undefined) parent.isLoading = false;
      else if (parts === this.#parts) this.#isTopLoading = false;
      this.draw();
    }
  }

  /** Puts rows behind those of their siblings, if they can be seen. */
  #insert(parent: Row | undefined, siblings: Row[], rows: Row[]): void {
    if (parent !== undefined && !this.#isShown(parent)) return;
    const after = siblings.length === 0 ? parent : siblings.at(-1);
    const at = after === undefined ? 0 : this.#end(after);
    if (at <= this.#active && this.#rows.length > 0) this.#active += rows.length;
    this.#rows.splice(at, 0, ...rows);
  }

  #isShown(row: Row): boolean {
    for (let it: Row | undefined = row; it !== undefined; it = it.parent) {
      if (!it.isOpen) return false;
    }
    return true;
  }

  /** The place behind a row and all that is open below it. */
  #end(row: Row): number {
    let at = this.#rows.indexOf(row) + 1;
    while ((this.#rows[at]?.level ?? 0) > row.level) at += 1;
    return at;
  }

  async #setOpen(row: Row, isOpen: boolean): Promise<void> {
    if (row.kind !== 'directory' || row.isOpen === isOpen || this.#parts === undefined) return;
    const from = this.#rows.indexOf(row) + 1;
    if (!isOpen) {
      const end = this.#end(row);
      this.#rows.splice(from, end - from);
      row.isOpen = false;
      if (this.#active >= end) this.#active -= end - from;
      else if (this.#active >= from) this.#active = from - 1;
      this.draw();
      return;
    }
    row.isOpen = true;
    if (row.children === undefined) {
      row.isLoading = true;
      this.draw();
      await this.#load(row, this.#parts);
      return;
    }
    const inside = opened(row.children);
    if (this.#active >= from) this.#active += inside.length;
    this.#rows = [...this.#rows.slice(0, from), ...inside, ...this.#rows.slice(from)];
    this.draw();
  }

  #moveTo(at: number): void {
    this.#active = Math.max(0, Math.min(at, this.#rows.length - 1));
    const top = this.#active * rowHeight();
    const { scrollTop, clientHeight } = this.#host;
    if (top < scrollTop) this.#host.scrollTop = top;
    else if (top + rowHeight() > scrollTop + clientHeight) {
      this.#host.scrollTop = top + rowHeight() - clientHeight;
    }
    this.#drawNow();
  }

  #select(row: Row): void {
    this.#selected = row;
    this.#parts?.onSelect(row);
    this.draw();
  }

  #onClick(event: MouseEvent): void {
    const drawn = (event.target as Element).closest<HTMLElement>('[data-at]');
    // What was pressed may have been drawn anew meanwhile: then the place tells.
    const top = this.#space.getBoundingClientRect().top;
    const at = drawn?.dataset['at'] ?? Math.floor((event.clientY - top) / rowHeight());
    const row = this.#rows[Number(at)];
    if (row === undefined) return;
    this.#active = Number(at);
    this.#select(row);
    if (row.kind === 'directory') void this.#setOpen(row, !row.isOpen);
  }

  #onKey(event: KeyboardEvent): void {
    const row = this.#rows[this.#active];
    if (row === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.#host.clientHeight / rowHeight()) - 1);
    const moves: Record<string, () => void> = {
      ArrowDown: () => this.#moveTo(this.#active + 1),
      ArrowUp: () => this.#moveTo(this.#active - 1),
      PageDown: () => this.#moveTo(this.#active + page),
      PageUp: () => this.#moveTo(this.#active - page),
      Home: () => this.#moveTo(0),
      End: () => this.#moveTo(this.#rows.length - 1),
      ArrowRight: () => this.#inward(row),
      ArrowLeft: () => this.#outward(row),
      Enter: () => this.#act(row),
      ' ': () => this.#act(row),
    };
    const move = moves[event.key];
    if (move !== undefined && !(event.key === ' ' && this.#isTyping())) {
      this.#typed = '';
      move();
    } else if (event.key.length === 1) this.#type(event.key);
    else return;
    event.preventDefault();
  }

  #inward(row: Row): void {
    if (row.kind !== 'directory') return;
    if (!row.isOpen) void this.#setOpen(row, true);
    else if ((row.children ?? []).length > 0) this.#moveTo(this.#active + 1);
  }

  #outward(row: Row): void {
    if (row.isOpen) void this.#setOpen(row, false);
    else if (row.parent !== undefined) this.#moveTo(this.#rows.indexOf(row.parent));
  }

  #act(row: Row): void {
    this.#select(row);
    void this.#setOpen(row, !row.isOpen);
  }

  #isTyping(): boolean {
    return this.#typed !== '' && performance.now() - this.#typedAt < TYPING_MS;
  }

  /** Goes to the next row whose name begins as it was typed. */
  #type(letter: string): void {
    const isMore = this.#isTyping();
    this.#typed = (isMore ? this.#typed : '') + letter.toLowerCase();
    this.#typedAt = performance.now();
    const count = this.#rows.length;
    for (let step = isMore ? 0 : 1; step <= count; step += 1) {
      const at = (this.#active + step) % count;
      const name = this.#rows[at]?.name;
      if (name === undefined || !spelled(name).toLowerCase().startsWith(this.#typed)) continue;
      this.#moveTo(at);
      return;
    }
  }

  #drawNow(): void {
    const height = rowHeight();
    const { scrollTop, clientHeight } = this.#host;
    // As high as its rows, within bounds.
    this.#host.style.height = `${Math.min(Math.max(this.#rows.length, 8), 17) * ROW_REM + 0.2}rem`;
    this.#space.style.height = `${Math.max(this.#rows.length, 1) * height}px`;
    const first = Math.max(0, Math.floor(scrollTop / height) - BESIDE);
    const last = Math.min(
      this.#rows.length,
      Math.ceil((scrollTop + clientHeight) / height) + BESIDE,
    );
    const drawn: HTMLElement[] = [];
    // The active row is there wherever the person scrolled to: it is what the keyboard is at.
    if (this.#active < first && this.#rows.length > 0) drawn.push(this.#item(this.#active, height));
    for (let at = first; at < last; at += 1) drawn.push(this.#item(at, height));
    if (this.#active >= last && this.#active < this.#rows.length) {
      drawn.push(this.#item(this.#active, height));
    }
    if (drawn.length === 0) {
      const text = this.#isTopLoading ? 'Reading…' : 'There is nothing in it.';
      drawn.push(make('div', { class: 'tree-none', role: 'treeitem' }, text));
    }
    settle(this.#space, drawn);
    this.#host.setAttribute('aria-busy', String(this.#isTopLoading));
    const isThere = this.#rows.length > 0;
    if (isThere) this.#host.setAttribute('aria-activedescendant', `row-${this.#active}`);
    else this.#host.removeAttribute('aria-activedescendant');
  }

  /** The element of a row: the same one as long as it can be seen, so that it can be pressed. */
  #item(at: number, height: number): HTMLElement {
    const row = this.#rows[at] as Row;
    const fresh = this.#fresh(row, at, height);
    const known = this.#drawn.get(row);
    if (known === undefined || known.parentNode !== this.#space) {
      this.#drawn.set(row, fresh);
      return fresh;
    }
    become(known, fresh);
    return known;
  }

  #fresh(row: Row, at: number, height: number): HTMLElement {
    const isDirectory = row.kind === 'directory';
    const siblings = row.parent === undefined ? this.#top : (row.parent.children ?? []);
    const isLoading = row.parent?.isLoading ?? this.#isTopLoading;
    const { mark, change } = this.#parts?.notes(row) ?? { mark: '', change: undefined };
    const told = change === undefined ? row.kind : `${row.kind}, ${CHANGE[change] ?? change}`;
    const item = make(
      'div',
      {
        id: `row-${at}`,
        role: 'treeitem',
        class: `row${at === this.#active ? ' is-active' : ''}`,
        'data-at': at,
        'data-kind': row.kind,
        'data-change': change,
        'aria-level': row.level,
        'aria-posinset': row.position,
        'aria-setsize': isLoading ? -1 : siblings.length,
        'aria-selected': row === this.#selected ? 'true' : 'false',
        'aria-expanded': isDirectory ? String(row.isOpen) : undefined,
      },
      make('span', { class: 'twist', 'aria-hidden': 'true' }),
      make('span', { class: 'glyph', 'aria-hidden': 'true' }),
      shown(row.name),
      make('span', { class: 'unseen' }, `, ${told}, `),
      row.isLoading ? make('span', { class: 'row-note' }, 'reading…') : undefined,
      mark === '' ? undefined : make('span', { class: 'change-mark', 'aria-hidden': 'true' }, mark),
      make('span', { class: 'row-size' }, row.bytes === undefined ? '' : size(row.bytes)),
    );
    item.style.transform = `translateY(${at * height}px)`;
    item.style.setProperty('--level', String(row.level - 1));
    return item;
  }
}

/** Puts elements in, and takes out only those that are not among them. */
function settle(space: HTMLElement, drawn: HTMLElement[]): void {
  const wanted = new Set<Element>(drawn);
  for (const old of [...space.children]) if (!wanted.has(old)) old.remove();
  for (const [at, element] of drawn.entries()) {
    const there = space.children[at];
    if (there !== element) space.insertBefore(element, there ?? null);
  }
}

/** Makes an element look like another. */
function become(known: HTMLElement, fresh: HTMLElement): void {
  if (known.isEqualNode(fresh)) return;
  for (const { name } of [...known.attributes]) {
    if (!fresh.hasAttribute(name)) known.removeAttribute(name);
  }
  for (const { name, value } of [...fresh.attributes]) {
    // Style is set by its properties: the page allows no other way.
    if (name !== 'style') known.setAttribute(name, value);
  }
  known.style.transform = fresh.style.transform;
  known.style.setProperty('--level', fresh.style.getPropertyValue('--level'));
  known.replaceChildren(...fresh.childNodes);
}

/** Rows and what is open below them, without recursion over the depth of a tree. */
function opened(rows: Row[]): Row[] {
  const all: Row[] = [];
  const waiting = [...rows].reverse();
  for (let row = waiting.pop(); row !== undefined; row = waiting.pop()) {
    all.push(row);
    if (!row.isOpen) continue;
    for (const child of [...(row.children ?? [])].reverse()) waiting.push(child);
  }
  return all;
}

function rowHeight(): number {
  return ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);
}

const CHANGE: Record<string, string> = { inside: 'changes in it', mode: 'another executable bit' };
const ROW_REM = 2;
/** Rows that are drawn above and below what can be seen. */
const BESIDE = 8;
const TYPING_MS = 700;
