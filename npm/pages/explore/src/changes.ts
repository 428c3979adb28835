import { button, fill, make, say } from './dom.js';
import type { Change } from './engine.js';
import { key, shown, spelled, split, type Name } from './names.js';
import { count, some } from './numbers.js';

/** What is different from another snapshot, by path. */
export interface Difference {
  changes: Change[];
  isComplete: boolean;
  /** The change of a path, by its key. */
  byPath: Map<string, Change['change']>;
  /** How many changes lie below a directory, by its key. */
  below: Map<string, number>;
}

/** The words of changes, in the order in which they are told, with what they are drawn as. */
export const KINDS: { kind: Change['change']; mark: string; does: string }[] = [
  { kind: 'added', mark: '+', does: 'only in this snapshot' },
  { kind: 'removed', mark: '−', does: 'only in the other one' },
  { kind: 'changed', mark: '~', does: 'other bytes' },
  { kind: 'moved', mark: '→', does: 'the same under another path' },
  { kind: 'mode', mark: 'x', does: 'another executable bit' },
];

export function markOf(change: string | undefined): string {
  return KINDS.find(({ kind }) => kind === change)?.mark ?? '';
}

/** Makes changes ready to be looked up. */
export function differenceOf(changes: Change[], isComplete: boolean): Difference {
  const byPath = new Map<string, Change['change']>();
  const below = new Map<string, number>();
  for (const { change, path } of changes) {
    byPath.set(key(path), change);
    if (typeof path !== 'string') continue;
    const names = split(path);
    for (let depth = 0; depth < names.length; depth += 1) {
      const above = key(names.slice(0, depth).join('/'));
      below.set(above, (below.get(above) ?? 0) + 1);
    }
  }
  return { changes, isComplete, byPath, below };
}

/** The list of changes: counts, filters, some at a time. */
export function showChanges(
  host: HTMLElement,
  difference: Difference,
  onReveal: (path: Name) => void,
): void {
  const { changes, isComplete } = difference;
  const counts = new Map<string, number>();
  for (const { change } of changes) counts.set(change, (counts.get(change) ?? 0) + 1);
  const chosen = new Set<string>(counts.keys());
  const list = make('ol', { class: 'change-list', 'aria-label': 'Changes' });
  const foot = make('div', { class: 'change-foot' });
  const words = make('input', { type: 'search', id: 'change-words', autocomplete: 'off' });
  let shownMax = PAGE;
  const draw = (): void => {
    const wanted = words.value.trim().toLowerCase();
    const fits = changes.filter(
      ({ change, path }) =>
        chosen.has(change) && (wanted === '' || spelled(path).toLowerCase().includes(wanted)),
    );
    fill(list, fits.slice(0, shownMax).map((change) => item(change, onReveal)));
    const rest = fits.length - shownMax;
    const more = button(`Show ${count(Math.min(rest, PAGE))} more`, () => {
      const first = list.children.length;
      shownMax += PAGE;
      draw();
      list.children[first]?.querySelector('button')?.focus();
    });
    const which =
      fits.length === changes.length ? some(fits.length, 'change') : partly(fits.length);
    fill(foot, make('p', { class: 'muted', role: 'status' }, which), rest > 0 ? more : undefined);
  };
  const partly = (fits: number): string => `${count(fits)} of ${some(changes.length, 'change')}`;
  const filters = KINDS.filter(({ kind }) => counts.has(kind)).map(({ kind, mark }) => {
    const text = [
      make('span', { class: 'change-mark', 'aria-hidden': 'true' }, mark),
      ` ${count(counts.get(kind) ?? 0)} ${kind}`,
    ];
    const toggle: HTMLButtonElement = button(
      text,
      () => {
        if (!chosen.delete(kind)) chosen.add(kind);
        toggle.setAttribute('aria-pressed', String(chosen.has(kind)));
        draw();
      },
      { 'aria-pressed': 'true', 'data-change': kind, class: 'filter' },
    );
    return toggle;
  });
  words.addEventListener('input', () => {
    shownMax = PAGE;
    draw();
  });
  if (changes.length === 0) {
    fill(host, make('p', { class: 'hint' }, 'Nothing is different: both have the same root.'));
    return;
  }
  const cut = `There are more than ${some(changes.length, 'change')}; these come first.`;
  fill(
    host,
    make('div', { class: 'filters', role: 'group', 'aria-label': 'Kinds of changes' }, filters),
    make('div', { class: 'words' }, make('label', { for: 'change-words' }, 'Paths with'), words),
    isComplete ? undefined : make('p', { class: 'notice' }, cut),
    list,
    foot,
  );
  draw();
}

/** One sentence of what is different. */
export function inShort({ changes, isComplete }: Difference): string {
  if (changes.length === 0) return 'Nothing is different.';
  const told = KINDS.map(({ kind }) => {
    const those = changes.filter(({ change }) => change === kind).length;
    return those === 0 ? '' : `${count(those)} ${kind}`;
  });
  return `${isComplete ? '' : 'At least '}${told.filter(Boolean).join(', ')}`;
}

/** Says it to a screen reader, too. */
export function tellDifference(at: HTMLElement, difference: Difference): void {
  at.textContent = inShort(difference);
  say(inShort(difference));
}

function item(change: Change, onReveal: (path: Name) => void): HTMLElement {
  const { from } = change;
  const path = [from === undefined ? undefined : [shown(from), ' → '], shown(change.path)];
  const isGone = change.change === 'removed';
  const name = isGone ? make('span', {}, path) : button(path, () => onReveal(change.path));
  return make(
    'li',
    { 'data-change': change.change },
    make('span', { class: 'change-mark', 'aria-hidden': 'true' }, markOf(change.change)),
    make('span', { class: 'change-word' }, change.change),
    name,
  );
}

const PAGE = 200;
