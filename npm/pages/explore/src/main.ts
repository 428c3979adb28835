import { app, engine } from './app.js';
import { differenceOf, markOf, showChanges, tellDifference } from './changes.js';
import { beginRootCheck } from './check.js';
import { clearDetails, showDetails } from './details.js';
import { button, copyFrom, fill, make, part, say, show } from './dom.js';
import { open, type Gap, type Kept } from './engine.js';
import { fail } from './failure.js';
import { codeOf, told } from './failures.js';
import { beginGiving } from './giving.js';
import { SizeMap, type Pictured } from './map.js';
import { key, shown, spelled, split, type Name } from './names.js';
import { count, groups, size, some, when } from './numbers.js';
import { beginOffline, policy } from './offline.js';
import type { Source } from './source.js';
import { summarize, type Summary } from './summary.js';
import { beginTabs } from './tabs.js';
import { isTaking, take, type Taken } from './take.js';
import { Tree } from './tree.js';

const tree = new Tree(part('tree'));
const map = new SizeMap((path) => void reveal(path));
/** Sizes of trees that were looked at lately, by root. */
const summaries = new Map<string, { made: Promise<Summary>; controller: AbortController }>();
/** What is known of the selected snapshot by now. */
let seen: Pictured | undefined;
let looking: AbortController | undefined;
let tellOthers: (what: 'recorded' | 'removed') => void = () => undefined;

async function begin(): Promise<void> {
  // Read by old.js, for whom this is not run.
  document.documentElement.dataset['script'] = 'runs';
  void beginOffline();
  beginGiving(record);
  beginKeeping();
  beginTabs(() => tree.draw());
  beginRootCheck();
  const copy = part<HTMLButtonElement>('copy-root');
  copy.addEventListener('click', () => void copyFrom(copy, app.selected?.root ?? '', 'Root'));
  part('against').addEventListener('change', chooseAgainst);
  try {
    app.engine = await open(startScript(), new URL(WASM, document.baseURI));
    await listKept();
    document.body.dataset['ready'] = 'true';
  } catch (error) {
    fail(
      error,
      codeOf(error) === 'browser-too-old'
        ? []
        : [{ text: 'Reload the page', go: () => location.reload() }],
    );
  }
}

/** The worker, from the one address that it may have. */
function startScript(): Worker {
  const address = policy.createScriptURL(new URL(WORKER, document.baseURI).href);
  return new Worker(address as string, { type: 'module' });
}

function record(source: Source): void {
  if (app.engine === undefined) return;
  void take(source, recorded).finally(drawView);
}

async function recorded({ kept, isNew, gaps }: Taken): Promise<void> {
  tellOthers('recorded');
  app.selected = kept;
  await listKept();
  await select(kept, gaps);
  part('snapshot-title').focus();
  const news = isNew ? 'Snapshot recorded' : 'Nothing has changed since the last snapshot of it';
  say(`${news}: ${some(kept.files, 'file')}, ${size(kept.bytes)}`);
}

/** Other tabs are told, and told of: all see the same list. */
function beginKeeping(): void {
  const channel = 'BroadcastChannel' in window ? new BroadcastChannel(CHANNEL) : undefined;
  channel?.addEventListener('message', ({ data }) => void followed(data === 'removed'));
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void followed(false);
  });
  tellOthers = (what) => channel?.postMessage(what);
  const dialog = part<HTMLDialogElement>('confirm');
  part('remove').addEventListener('click', () => dialog.showModal());
  part('confirm-no').addEventListener('click', () => dialog.close());
  part('confirm-yes').addEventListener('click', () => {
    dialog.close();
    void removeAll();
  });
}

/** Another tab has recorded or removed something. */
async function followed(isRemoved: boolean): Promise<void> {
  if (app.engine === undefined || isTaking()) return;
  try {
    // A store that was removed, or made, by another tab is another one.
    if (isRemoved || app.kept.length === 0) await app.engine.again();
    await listKept();
  } catch (error) {
    fail(error);
  }
}

async function removeAll(): Promise<void> {
  try {
    await engine().remove();
    tellOthers('removed');
    app.selected = undefined;
    await listKept();
    say('Everything that was kept is removed');
    part('pick-folder').focus();
  } catch (error) {
    fail(error, [{ text: 'Try again', go: removeAll }]);
  }
}

function drawKeeping(): void {
  const chip = part('keeping');
  const { isKept, whyNot } = engine();
  chip.dataset['is'] = isKept ? 'good' : 'bad';
  chip.textContent = isKept ? 'Kept in this browser' : 'Kept until this tab is closed';
  if (whyNot !== undefined) chip.title = told(whyNot).text;
}

async function listKept(): Promise<void> {
  app.kept = await engine().snapshots();
  drawKeeping();
  if (app.selected !== undefined && !app.kept.some(({ id }) => id === app.selected?.id)) {
    app.selected = undefined;
  }
  const [first] = app.kept;
  if (app.selected === undefined && first !== undefined) await select(first);
  drawKept();
  drawAgainst();
  drawView();
}

function drawKept(): void {
  part('kept-count').textContent = count(app.kept.length);
  const items = app.kept.map((kept) =>
    make(
      'li',
      {},
      button(
        [
          make('span', { class: 'kept-label' }, shown(kept.label)),
          make('span', { class: 'kept-time' }, when(kept.time)),
          make('code', { class: 'mono kept-root' }, kept.root.slice(0, 8)),
          make('span', { class: 'kept-size' }, some(kept.files, 'file')),
        ],
        () => select(kept),
        { 'aria-current': kept.id === app.selected?.id ? 'true' : undefined },
      ),
    ),
  );
  const list = part('kept-list');
  const focused = Array.from(list.children).findIndex((it) => it.contains(document.activeElement));
  fill(list, items);
  if (focused >= 0) items[focused]?.querySelector('button')?.focus();
}

function drawView(): void {
  document.body.dataset['view'] = app.kept.length > 0 ? 'snapshots' : 'empty';
  show(part('kept'), app.kept.length > 0);
  show(part('snapshot'), app.selected !== undefined);
}

async function select(kept: Kept, gaps: Gap[] = []): Promise<void> {
  app.selected = kept;
  const older = app.kept.filter(({ number }) => number < kept.number);
  app.against = older.find(({ label }) => label === kept.label);
  drawKept();
  drawView();
  part('snapshot-title').replaceChildren(shown(kept.label));
  part('snapshot-meta').textContent = `#${kept.number} of the ledger, taken ${when(kept.time)}`;
  fill(part('root'), groups(kept.root).map((group) => make('span', {}, group)));
  part('root-answer').textContent = '';
  drawFacts(kept, undefined);
  drawGaps(gaps);
  if (gaps.length === 0) void tellGaps(kept);
  drawAgainst();
  clearDetails();
  looking?.abort();
  looking = new AbortController();
  void look(kept, app.against, looking.signal);
  await beginTree(kept);
}

function beginTree(kept: Kept): Promise<void> {
  return tree.begin({
    list: (path) => engine().list(kept.root, path),
    notes: ({ path }) => notesOf(path),
    onSelect: (row) => void showDetails({ ...row, change: notesOf(row.path).change }),
    onFailure: fail,
  });
}

function notesOf(path: Name): { mark: string; change: string | undefined } {
  const difference = seen?.against?.difference;
  const own = difference?.byPath.get(key(path));
  const change = own ?? (difference?.below.has(key(path)) ? 'inside' : undefined);
  const mark = change === 'inside' ? '±' : markOf(change);
  return { mark, change };
}

/** Adds up sizes and finds what is different, while the person looks at the files already. */
async function look(kept: Kept, other: Kept | undefined, signal: AbortSignal): Promise<void> {
  const note = part('against-note');
  note.textContent = '';
  seen = undefined;
  map.show(undefined);
  drawChanges();
  try {
    const summary = await summaryOf(kept.root);
    let against: Pictured['against'];
    if (other !== undefined) {
      note.textContent = 'Comparing…';
      const { changes, isComplete } = await engine().diff(other.root, kept.root);
      const before = await summaryOf(other.root);
      against = { summary: before, difference: differenceOf(changes, isComplete) };
    }
    if (signal.aborted) return;
    seen = { label: kept.label, summary, against };
    drawFacts(kept, summary);
    map.show(seen);
    tree.draw();
    drawChanges();
    if (against !== undefined) tellDifference(note, against.difference);
  } catch (error) {
    if (!signal.aborted) fail(error);
  }
}

/** The sizes of a tree; those of trees that nobody looks at any more are not added up further. */
function summaryOf(root: string): Promise<Summary> {
  const known = summaries.get(root);
  if (known !== undefined) return known.made;
  const controller = new AbortController();
  const made = summarize(engine(), root, controller.signal);
  summaries.set(root, { made, controller });
  made.catch(() => summaries.delete(root));
  for (const [other, { controller: old }] of summaries) {
    if (summaries.size <= SUMMARIES_MAX) break;
    old.abort();
    summaries.delete(other);
  }
  return made;
}

function drawFacts(kept: Kept, summary: Summary | undefined): void {
  const { files, bytes } = kept;
  fill(
    part('facts'),
    fact('Files', count(files)),
    fact('Folders', summary?.isWhole ? count(summary.directories) : '…'),
    fact('Size', size(bytes)),
    bytes < 1_000 ? undefined : fact('Exactly', some(bytes, 'byte')),
  );
}

function drawAgainst(): void {
  const choice = part<HTMLSelectElement>('against');
  const others = app.kept.filter(({ id }) => id !== app.selected?.id);
  const options = others.map((kept) => {
    const text = `${spelled(kept.label)}, ${when(kept.time)}, ${kept.root.slice(0, 8)}`;
    return make('option', { value: kept.id, selected: kept.id === app.against?.id }, text);
  });
  fill(choice, make('option', { value: '' }, 'nothing'), options);
  choice.disabled = others.length === 0;
}

function chooseAgainst(): void {
  const id = part<HTMLSelectElement>('against').value;
  app.against = app.kept.find((kept) => kept.id === id);
  if (app.selected === undefined) return;
  looking?.abort();
  looking = new AbortController();
  void look(app.selected, app.against, looking.signal);
}

function drawChanges(): void {
  const host = part('changes');
  const difference = seen?.against?.difference;
  if (difference !== undefined) {
    showChanges(host, difference, (path) => void reveal(path));
    return;
  }
  const hint =
    app.against === undefined ? 'Choose a snapshot to compare with, above.' : 'Comparing…';
  fill(host, make('p', { class: 'muted hint' }, hint));
}

/** Goes to a path in the tree. */
async function reveal(path: Name): Promise<void> {
  part('tab-files').click();
  if (await tree.reveal(split(path))) part('tree').focus();
}

/** What was left out stands in the snapshot. */
async function tellGaps(kept: Kept): Promise<void> {
  try {
    const gaps = await engine().gaps(kept.id);
    if (app.selected === kept && gaps.length > 0) drawGaps(gaps);
  } catch (error) {
    if (app.selected === kept) fail(error);
  }
}

function drawGaps(gaps: Gap[]): void {
  if (gaps.length === 0) return fill(part('gaps'));
  const listed = gaps
    .slice(0, GAPS_SHOWN)
    .map(({ path, why }) => make('li', {}, shown(path), ` ${why}`));
  const more = gaps.length - listed.length;
  fill(
    part('gaps'),
    make(
      'details',
      { class: 'notice' },
      make('summary', {}, `${some(gaps.length, 'path')} could not be read and was left out`),
      make('ul', {}, listed, more > 0 ? make('li', {}, `and ${count(more)} more`) : undefined),
    ),
  );
}

function fact(name: string, value: string): HTMLElement {
  return make('div', {}, make('dt', {}, name), make('dd', {}, value));
}

declare global {
  /** The names of the wasm file and the worker's script, put in by the build. */
  const WASM: string;
  const WORKER: string;
}

const CHANNEL = 'markerbed-explore';
const GAPS_SHOWN = 100;
const SUMMARIES_MAX = 4;

void begin();
