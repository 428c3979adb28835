import { engine } from './app.js';
import { part, say, show } from './dom.js';
import type { Gap, Kept } from './engine.js';
import { clearFailure, fail } from './failure.js';
import { codeOf, isUnreadable } from './failures.js';
import { count, size, some } from './numbers.js';
import type { Source } from './source.js';

/** What was recorded, and what was left out of it. */
export interface Taken {
  kept: Kept;
  isNew: boolean;
  gaps: Gap[];
}

let running: AbortController | undefined;

export function isTaking(): boolean {
  return running !== undefined;
}

/** Records a source and shows how far it is; one at a time. */
export async function take(
  source: Source,
  onTaken: (taken: Taken) => Promise<void>,
  unreadable: 'fail' | 'skip' = 'fail',
): Promise<void> {
  if (running !== undefined) {
    say('Another folder is being read. Cancel it first.');
    return;
  }
  const controller = new AbortController();
  running = controller;
  clearFailure();
  const progress = new Progress(source, () => controller.abort());
  const again = (how: 'fail' | 'skip') => () => take(source, onTaken, how);
  try {
    const taken = await engine().snap(await source.open(), {
      label: source.label,
      unreadable,
      signal: controller.signal,
      onProgress: (at) => progress.is(at),
    });
    progress.end();
    await onTaken(taken);
  } catch (error) {
    progress.end();
    const code = codeOf(error);
    const ways = [{ text: 'Try again', go: again('fail') }];
    if (isUnreadable(code) && unreadable === 'fail') {
      ways.push({ text: 'Go on without what cannot be read', go: again('skip') });
    }
    fail(error, ways);
  } finally {
    running = undefined;
  }
}

class Progress {
  readonly #panel = part('progress');
  readonly #bar = part<HTMLProgressElement>('progress-bar');
  readonly #began = performance.now();
  readonly #total: Source['total'];
  readonly #timer: number;
  #at = { files: 0, bytes: 0 };
  #isDrawn = true;
  #told = performance.now();

  constructor(source: Source, onCancel: () => void) {
    this.#total = source.total;
    part('progress-title').textContent = `Reading ${source.label}`;
    const cancel = part<HTMLButtonElement>('cancel');
    cancel.onclick = () => {
      cancel.disabled = true;
      onCancel();
    };
    cancel.disabled = false;
    document.body.dataset['view'] = 'busy';
    show(this.#panel, true);
    this.#draw();
    cancel.focus();
    this.#timer = window.setInterval(() => this.#draw(), DRAW_MS);
    say(`Reading ${source.label}`);
  }

  is(at: { files: number; bytes: number }): void {
    this.#at = at;
    this.#isDrawn = false;
  }

  end(): void {
    window.clearInterval(this.#timer);
    show(this.#panel, false);
  }

  #draw(): void {
    const { files, bytes } = this.#at;
    const now = performance.now();
    part('progress-time').textContent = `${Math.round((now - this.#began) / 1_000)} s`;
    if (this.#isDrawn && this.#total === undefined) return;
    this.#isDrawn = true;
    const of = (total: string | undefined): string => (total === undefined ? '' : ` of ${total}`);
    const total = this.#total;
    part('progress-files').textContent = count(files) + of(total && count(total.files));
    part('progress-bytes').textContent = size(bytes) + of(total && size(total.bytes));
    if (total !== undefined) {
      this.#bar.max = Math.max(1, total.bytes + total.files);
      this.#bar.value = bytes + files;
    } else this.#bar.removeAttribute('value');
    if (now - this.#told < TELL_MS) return;
    this.#told = now;
    say(`${some(files, 'file')}, ${size(bytes)} read`);
  }
}

const DRAW_MS = 100;
/** A screen reader is told how far it is as often as this. */
const TELL_MS = 5_000;
