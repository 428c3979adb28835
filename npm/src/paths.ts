import { MarkerbedError } from './errors.js';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A path as people write it, names joined by slashes, or its bytes. The root is the empty path. */
export type PathLike = string | Uint8Array;

export function bytesOf(path: PathLike): Uint8Array {
  if (typeof path !== 'string') return path;
  if (!path.isWellFormed()) {
    throw new MarkerbedError('bad-name', `${JSON.stringify(path)} has half of a surrogate pair`);
  }
  return encoder.encode(path);
}

/** A name or path: a string if it is UTF-8, else its bytes. */
export function shown(bytes: Uint8Array): string | Uint8Array {
  try {
    return decoder.decode(bytes);
  } catch {
    return bytes;
  }
}
