import { app, engine } from './app.js';
import { fill, make, part, say } from './dom.js';
import { MarkerbedError, type Verdict } from './engine.js';
import { codeOf } from './failures.js';
import { shown } from './names.js';
import { groups } from './numbers.js';

/** Says whether a root that was pasted is the one of the snapshot. */
export function beginRootCheck(): void {
  const input = part<HTMLInputElement>('other-root');
  const answer = part('root-answer');
  const compare = (): void => {
    const [kind, text] = compared(input.value, app.selected?.root ?? '');
    answer.dataset['answer'] = kind;
    answer.textContent = text;
  };
  part('compare-root').addEventListener('submit', (event) => {
    event.preventDefault();
    compare();
  });
  input.addEventListener('input', () => {
    answer.textContent = '';
    delete answer.dataset['answer'];
  });
}

/** The answer, in a word and in a sentence. */
export function compared(pasted: string, root: string): ['equal' | 'different' | 'none', string] {
  const found = rootIn(pasted);
  if (found === undefined) {
    return ['none', 'That is not a root: a root has 64 digits from 0 to 9 and a to f.'];
  }
  if (found === root) return ['equal', 'Equal: both are exactly the same files.'];
  const other = app.kept.find((kept) => kept.root === found);
  if (other !== undefined) {
    return ['different', `Different: it is the root of “${other.label}”, kept here.`];
  }
  return ['different', 'Different: at least one name, one byte or one directory is not the same.'];
}

/** The one root in a text: 64 digits, alone or behind the word that the command line prints. */
function rootIn(text: string): string | undefined {
  const joined = text.trim().toLowerCase();
  const named = joined.match(/\broot:?\s+([0-9a-f]{64})(?![0-9a-f])/);
  if (named !== null) return named[1];
  const digits = joined.replace(/\s+/g, '');
  return /^[0-9a-f]{64}$/.test(digits) ? digits : undefined;
}

/** Verifies a proof file, and says what it proves. */
export async function checkProof(bytes: Uint8Array): Promise<void> {
  const pasted = part<HTMLInputElement>('proof-root').value;
  const trusted = pasted.trim() === '' ? undefined : rootIn(pasted);
  const at = part('verdict');
  if (pasted.trim() !== '' && trusted === undefined) {
    tell(at, 'broken', 'Not checked', 'What stands as the root that you trust is not a root.');
    return;
  }
  try {
    const verdict = await engine().verify(bytes, trusted);
    if (verdict.verdict === 'broken') {
      const text = `It is no proof, or somebody changed it (${verdict.code}).`;
      tell(at, 'broken', 'Not verified', text);
    } else claim(at, verdict);
  } catch (error) {
    const text = error instanceof MarkerbedError ? error.message : String(error);
    tell(at, 'broken', 'Not checked', `${text} (${codeOf(error)})`);
  }
}

function claim(at: HTMLElement, verdict: Exclude<Verdict, { verdict: 'broken' }>): void {
  const known = app.kept.find(({ root }) => root === verdict.root);
  const [title, text] = {
    verified: ['Verified', 'It leads to the root that you trust.'],
    differs: ['Not verified', 'It is about another tree than the root that you trust.'],
    consistent:
      known === undefined
        ? ['Consistent', 'It agrees with itself. Compare the root below with one that you trust.']
        : ['Verified', `It leads to the root of “${known.label}”, kept here.`],
  }[verdict.verdict] as [string, string];
  const kind = title === 'Verified' ? 'verified' : verdict.verdict;
  const isAbsent = verdict.found === 'absent';
  tell(at, kind, title, text, [
    make('p', {}, shown(verdict.path), isAbsent ? ' is not in the tree.' : ` is in the tree.`),
    make(
      'dl',
      { class: 'ids' },
      verdict.kind === undefined ? undefined : pair('Kind', verdict.kind),
      verdict.content === undefined ? undefined : pair('Content', digits(verdict.content)),
      pair('Root', digits(verdict.root)),
    ),
  ]);
}

function tell(
  at: HTMLElement,
  kind: string,
  title: string,
  text: string,
  more: HTMLElement[] = [],
): void {
  const heading = make('p', { class: 'verdict-title' }, title);
  fill(
    at,
    make('div', { class: 'verdict', 'data-verdict': kind }, heading, make('p', {}, text), more),
  );
  say(`${title}. ${text}`);
}

function pair(name: string, value: Node | string): HTMLElement {
  return make('div', {}, make('dt', {}, name), make('dd', {}, value));
}

function digits(id: string): HTMLElement {
  return make('code', { class: 'mono' }, groups(id).join(' '));
}
