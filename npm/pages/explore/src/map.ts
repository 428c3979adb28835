import { hierarchy, treemap, treemapSquarify, type HierarchyRectangularNode } from 'd3-hierarchy';

import { KINDS, markOf, type Difference } from './changes.js';
import { button, fill, make, part } from './dom.js';
import { key, shown, spelled, split, type Name } from './names.js';
import { count, size, some } from './numbers.js';
import { at, put, sizeOf, type Size, type Summary } from './summary.js';

/** What the picture is about. */
export interface Pictured {
  label: string;
  summary: Summary;
  /** The other snapshot and what is different, if one was chosen. */
  against: { summary: Summary; difference: Difference } | undefined;
}

/** A picture of sizes as areas, and of changes as colours, patterns and signs. */
export class SizeMap {
  readonly #host = part('map');
  #pictured: Pictured | undefined;
  /** All of this snapshot, and what is gone since the other one. */
  #top: Size | undefined;
  #names: Name[] = [];
  #active = 0;
  #width = 0;
  readonly #onOpen: (path: Name) => void;

  /** `onOpen` is called with the file that somebody chose. */
  constructor(onOpen: (path: Name) => void) {
    this.#onOpen = onOpen;
    this.#host.addEventListener('keydown', (event) => this.#onKey(event));
    new ResizeObserver(([entry]) => {
      const width = Math.round(entry?.contentRect.width ?? 0);
      if (width === 0 || width === this.#width) return;
      this.#width = width;
      this.#draw();
    }).observe(this.#host);
  }

  show(pictured: Pictured | undefined): void {
    this.#pictured = pictured;
    this.#top = pictured && merged(pictured);
    this.#names = [];
    this.#active = 0;
    this.#draw();
  }

  #go(names: Name[]): void {
    this.#names = names;
    this.#active = 0;
    this.#draw();
    this.#focus();
  }

  #draw(): void {
    const [pictured, top] = [this.#pictured, this.#top];
    if (pictured === undefined || top === undefined) {
      fill(this.#host, make('p', { class: 'hint' }, 'Sizes are being added up…'));
      for (const id of ['map-path', 'map-note', 'map-legend', 'map-table']) fill(part(id));
      return;
    }
    const directory = within(top, this.#names) ?? top;
    const cells = cellsOf(directory);
    const width = this.#width || this.#host.clientWidth;
    const height = Math.round(Math.max(280, Math.min(560, width * 0.56)));
    this.#host.style.height = `${height}px`;
    if (cells.length === 0)
      fill(this.#host, make('p', { class: 'hint' }, 'There is nothing in it.'));
    else if (width > 0)
      fill(
        this.#host,
        layout(cells, width, height).map((it) => this.#cell(it)),
      );
    this.#crumbs(pictured.label);
    this.#legend();
    const whole = pictured.summary.isWhole && (pictured.against?.summary.isWhole ?? true);
    part('map-note').textContent = whole
      ? 'Areas are sizes. Arrow keys go between them, Enter opens, Backspace goes up.'
      : `Only the first ${count(at(pictured.summary, [])?.files ?? 0)} files are drawn.`;
    this.#table(cells, directory);
  }

  #crumbs(label: string): void {
    const crumbs = [label as Name, ...this.#names].map((name, depth, all) => {
      const isLast = depth === all.length - 1;
      const text = shown(name);
      if (isLast) return make('li', {}, make('span', { 'aria-current': 'location' }, text));
      const names = this.#names.slice(0, depth);
      return make('li', {}, button(text, () => this.#go(names), { class: 'quiet tiny' }));
    });
    fill(part('map-path'), make('ol', {}, crumbs));
  }

  #legend(): void {
    const isCompared = this.#pictured?.against !== undefined;
    const items = KINDS.filter(({ kind }) => kind !== 'mode').map(({ kind, mark, does }) =>
      make(
        'li',
        { 'data-change': kind },
        make('span', { class: 'swatch', 'aria-hidden': 'true' }, mark),
        make('span', {}, make('b', {}, kind), ` ${does}`),
      ),
    );
    fill(part('map-legend'), isCompared ? items : []);
  }

  #cell({ cell, x, y, width, height, inner }: Laid): HTMLElement {
    const index = this.#host.querySelectorAll('.cell').length;
    const isDirectory = cell.kind === 'directory';
    const { change, below } = this.#changeOf(cell);
    const told = [
      cell.kind,
      isDirectory ? some(cell.files, 'file') : '',
      change ?? (below > 0 ? `${some(below, 'change')} in it` : ''),
    ];
    const notes = told.filter(Boolean).join(', ');
    const attributes = {
      class: 'cell',
      'data-kind': cell.kind,
      'data-change': change,
      title: `${spelled(cell.name)}, ${size(cell.bytes)}, ${notes}`,
      tabindex: -1,
    };
    const made = button(
      [
        make(
          'span',
          { class: 'cell-head' },
          sign(change, below),
          shown(cell.name),
        ),
        make('span', { class: 'unseen' }, ', '),
        make('span', { class: 'cell-size' }, size(cell.bytes)),
        make('span', { class: 'unseen' }, `, ${notes}`),
        inner.map((it) => {
          const inside = this.#changeOf(it.cell);
          const own = inside.change ?? change;
          const name = [sign(own, inside.below), shown(it.cell.name)];
          const isNamed = isNamedIn(it.width, it.height, it.cell.kind === 'directory');
          const box = make(
            'span',
            {
              class: 'inner',
              'data-kind': it.cell.kind,
              'data-change': own,
              'aria-hidden': 'true',
            },
            isNamed ? make('span', { class: 'inner-name' }, name) : undefined,
          );
          place(box, it.x - x, it.y - y, it.width, it.height);
          return box;
        }),
      ],
      () => this.#open(cell),
      attributes,
    );
    made.classList.toggle('is-small', width < 56 || height < 26);
    made.classList.toggle('is-flat', height < 46);
    made.dataset['at'] = String(index);
    place(made, x, y, width, height);
    return made;
  }

  #changeOf(cell: Size): { change: string | undefined; below: number } {
    const difference = this.#pictured?.against?.difference;
    const own = key(cell.path);
    return {
      change: difference?.byPath.get(own) ?? (cell.kind === GONE ? 'removed' : undefined),
      below: cell.kind === 'directory' ? (difference?.below.get(own) ?? 0) : 0,
    };
  }

  #open(cell: Size): void {
    if (cell.kind === 'directory') this.#go(split(cell.path));
    else if (cell.kind !== REST && cell.kind !== GONE) this.#onOpen(cell.path);
  }

  #cells(): HTMLElement[] {
    return Array.from(this.#host.querySelectorAll<HTMLElement>('.cell'));
  }

  #focus(): void {
    const cells = this.#cells();
    for (const [at, cell] of cells.entries()) cell.tabIndex = at === this.#active ? 0 : -1;
    cells[this.#active]?.focus();
  }

  #onKey(event: KeyboardEvent): void {
    const cells = this.#cells();
    const from = cells.findIndex((cell) => cell === document.activeElement);
    if (from < 0) return;
    if (event.key === 'Backspace' || event.key === 'Escape') {
      if (this.#names.length > 0) this.#go(this.#names.slice(0, -1));
    } else {
      const ends: Record<string, number> = { Home: 0, End: cells.length - 1 };
      const next = ends[event.key] ?? nearest(cells, from, event.key);
      if (next === undefined) return;
      this.#active = next;
      this.#focus();
    }
    event.preventDefault();
  }

  #table(cells: Size[], directory: Size): void {
    const all = Math.max(directory.bytes, 1);
    const isCompared = this.#pictured?.against !== undefined;
    const rows = cells.map((cell) => {
      const { change, below } = this.#changeOf(cell);
      const name =
        cell.kind === 'directory'
          ? button(shown(cell.name), () => this.#open(cell), { class: 'quiet tiny' })
          : shown(cell.name);
      const share = `${Math.round((cell.bytes / all) * 1_000) / 10} %`;
      const told = change ?? (below > 0 ? `${some(below, 'change')} in it` : 'none');
      return make(
        'tr',
        {},
        make('th', { scope: 'row' }, name),
        make('td', { class: 'of-kind' }, cell.kind),
        make('td', { class: 'number' }, size(cell.bytes)),
        make('td', { class: 'number' }, share),
        isCompared ? make('td', {}, told) : undefined,
      );
    });
    const heads = ['Name', 'Kind', 'Size', 'Share', ...(isCompared ? ['Change'] : [])];
    fill(
      part('map-table'),
      make(
        'table',
        {},
        make(
          'caption',
          { class: 'unseen' },
          `Sizes in ${spelled(directory.name) || 'the whole tree'}`,
        ),
        make(
          'thead',
          {},
          make(
            'tr',
            {},
            heads.map(headOf),
          ),
        ),
        make('tbody', {}, rows),
      ),
    );
    const [first] = this.#cells();
    if (first !== undefined) first.tabIndex = 0;
  }
}

function headOf(head: string): HTMLElement {
  return make('th', { scope: 'col', class: head === 'Kind' ? 'of-kind' : undefined }, head);
}

/** The sign of a change, or how many are below. */
function sign(change: string | undefined, below: number): HTMLElement | undefined {
  const text = change === undefined && below > 0 ? `±${count(below)}` : markOf(change);
  return text === ''
    ? undefined
    : make('span', { class: 'cell-mark', 'aria-hidden': 'true' }, text);
}

interface Laid {
  cell: Size;
  x: number;
  y: number;
  width: number;
  height: number;
  inner: Omit<Laid, 'inner'>[];
}

/** This snapshot's sizes, and those of what only the other one has. */
function merged({ summary, against }: Pictured): Size {
  if (against === undefined) return summary.top;
  const top = copied(summary.top);
  for (const { change, path } of against.difference.changes) {
    if (change !== 'removed') continue;
    const names = split(path);
    const gone = at(against.summary, names);
    // A directory is made by what was in it.
    if (gone === undefined || gone.kind === 'directory' || within(top, names)) continue;
    put(top, names, path, { kind: GONE, bytes: gone.bytes, files: 0 });
  }
  return top;
}

function copied(size: Size): Size {
  const children = Array.from(size.children, ([name, child]) => [name, copied(child)] as const);
  return { ...size, children: new Map(children) };
}

function within(top: Size, names: Name[]): Size | undefined {
  let size: Size | undefined = top;
  for (const name of names) size = size?.children.get(key(name));
  return size;
}

/** The largest children, and one cell for all the others. */
function cellsOf(directory: Size, max = CELLS_MAX): Size[] {
  const all = [...directory.children.values()].sort((a, b) => b.bytes - a.bytes);
  if (all.length <= max) return all;
  const rest = all.slice(max - 1);
  const others = sizeOf(`${count(rest.length)} smaller`, '', REST);
  others.bytes = rest.reduce((sum, { bytes }) => sum + bytes, 0);
  others.files = rest.reduce((sum, { files }) => sum + files, 0);
  return [...all.slice(0, max - 1), others];
}

/** Lays cells out, and in each what is in it, as deep as there is room and not too much of it. */
function layout(cells: Size[], width: number, height: number): Laid[] {
  // Nothing is so small that it cannot be seen: not below a share of the whole.
  const sum = cells.reduce((all, { bytes }) => all + bytes, 0);
  const least = Math.max(1, sum / LEAST_SHARE);
  const budget = { left: INNER_MAX };
  const nested = { size: undefined, inside: cells.map((cell) => nest(cell, 1, budget)) };
  const top = hierarchy<Nested>(nested, ({ inside }) => inside)
    .sum(({ size, inside }) => (inside.length > 0 ? 0 : Math.max(size?.bytes ?? 0, least)))
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const edge = ({ depth }: Node): number => (depth === 0 ? 0 : EDGE);
  const laid = treemap<Nested>()
    .tile(treemapSquarify)
    .size([width, height])
    .round(true)
    .paddingInner(3)
    .paddingTop((node) => (node.depth === 0 ? 0 : node.depth === 1 ? HEAD : headOfInner(node)))
    .paddingRight(edge)
    .paddingBottom(edge)
    .paddingLeft(edge)(top);
  return (laid.children ?? []).map((node) => ({
    ...box(node),
    inner: node
      .descendants()
      .slice(1)
      .map(box)
      .filter((it) => it.width > 1 && it.height > 1),
  }));
}

type Node = HierarchyRectangularNode<Nested>;

interface Nested {
  size: Size | undefined;
  inside: Nested[];
}

function nest(size: Size, depth: number, budget: { left: number }): Nested {
  if (depth > DEPTH_MAX || budget.left <= 0) return { size, inside: [] };
  const children = cellsOf(size, INNER_CELLS_MAX);
  budget.left -= children.length;
  return { size, inside: children.map((child) => nest(child, depth + 1, budget)) };
}

/** Room for the name of a directory in a cell, if there is any. */
function headOfInner({ x0, x1, y0, y1 }: Node): number {
  return isNamedIn(x1 - x0, y1 - y0, true) ? NAMED_HEIGHT : EDGE;
}

function isNamedIn(width: number, height: number, isDirectory: boolean): boolean {
  return width > NAMED_WIDTH && height >= (isDirectory ? 2.5 : 1) * NAMED_HEIGHT;
}

function box(node: Node): Omit<Laid, 'inner'> {
  const cell = node.data.size ?? sizeOf('', '', REST);
  return { cell, x: node.x0, y: node.y0, width: node.x1 - node.x0, height: node.y1 - node.y0 };
}

function place(element: HTMLElement, x: number, y: number, width: number, height: number): void {
  Object.assign(element.style, {
    left: `${x}px`,
    top: `${y}px`,
    width: `${width}px`,
    height: `${height}px`,
  });
}

/** The cell that is next in the direction of an arrow. */
function nearest(cells: HTMLElement[], from: number, arrow: string): number | undefined {
  const direction = ARROWS[arrow];
  const start = cells[from];
  if (direction === undefined || start === undefined) return undefined;
  const middle = (cell: HTMLElement): [number, number] => [
    cell.offsetLeft + cell.offsetWidth / 2,
    cell.offsetTop + cell.offsetHeight / 2,
  ];
  const [x, y] = middle(start);
  let best: [distance: number, at: number] | undefined;
  for (const [at, cell] of cells.entries()) {
    const [cellX, cellY] = middle(cell);
    const along = (cellX - x) * direction[0] + (cellY - y) * direction[1];
    if (along <= 1) continue;
    const across = Math.abs((cellX - x) * direction[1]) + Math.abs((cellY - y) * direction[0]);
    const distance = along + 2 * across;
    if (best === undefined || distance < best[0]) best = [distance, at];
  }
  return best?.[1];
}

const ARROWS: Record<string, [x: number, y: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
const REST = 'others';
const GONE = 'removed file';
/** Cells of a directory; the smallest of more are one. */
const CELLS_MAX = 300;
const INNER_CELLS_MAX = 60;
/** What is drawn in all cells together, and how deep. */
const INNER_MAX = 1_500;
const DEPTH_MAX = 4;
const LEAST_SHARE = 400;
const HEAD = 42;
const EDGE = 3;
const NAMED_WIDTH = 48;
const NAMED_HEIGHT = 20;
