import { button, fill, part, say, show } from './dom.js';
import { told } from './failures.js';

/** What a person can do about a failure. */
export interface Way {
  text: string;
  go: () => unknown;
}

/** Shows what went wrong and what can be done; the page goes on. */
export function fail(error: unknown, ways: Way[] = []): void {
  const { title, text, detail, code } = told(error);
  const panel = part('failure');
  part('failure-title').textContent = title;
  part('failure-text').textContent = text;
  part('failure-detail').textContent = code === 'aborted' ? '' : detail;
  panel.dataset['code'] = code;
  const actions = [...ways, { text: 'Dismiss', go: () => undefined }].map((way, at) =>
    button(
      way.text,
      () => {
        clearFailure();
        return way.go();
      },
      { class: at === 0 && ways.length > 0 ? 'primary' : '' },
    ),
  );
  fill(part('failure-actions'), actions);
  show(panel, true);
  panel.focus();
  say(`${title}. ${text}`);
}

export function clearFailure(): void {
  show(part('failure'), false);
}
