import { engine } from './engine.js';
import { typed } from './errors.js';
import { shown } from './paths.js';

/** The ids of contents, as 64 hexadecimal digits each. */
export function contentIds(contents: Uint8Array[]): string[] {
  try {
    return engine().contentIds(contents);
  } catch (error) {
    throw typed(error);
  }
}

/** What a proof turns out to be. */
export type Verdict =
  | {
      /** `consistent` if no root was meant, `differs` if another one was. */
      verdict: 'verified' | 'consistent' | 'differs';
      /** The root that the proof leads to. */
      root: string;
      /** What it is a proof of; bytes if that is no UTF-8. */
      path: string | Uint8Array;
      /** What is there; `contained` is what a blind proof says instead of `present`. */
      found: 'present' | 'contained' | 'absent';
      /** The kind of the node, if there is one. */
      kind: string | undefined;
      /** The id of the file's content. */
      content: string | undefined;
    }
  | {
      /** The bytes are no proof, or one that contradicts itself. */
      verdict: 'broken';
      /** The stable code of what is wrong. */
      code: string;
    };

/** Verifies a proof file, offline; `root` is the tree that is meant, from a source you trust. */
export function verify(proof: Uint8Array, root?: string): Verdict {
  try {
    const told = engine().verifyPath(proof, root) as Verdict & { path: Uint8Array };
    return told.verdict === 'broken' ? told : { ...told, path: shown(told.path) };
  } catch (error) {
    throw typed(error);
  }
}
