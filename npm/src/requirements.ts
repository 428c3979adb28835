/** What this place lacks of what the engine needs, in words; nothing if it has all. */
export function lacking(): string[] {
  return NEEDED.filter(([, isThere]) => !isThere()).map(([name]) => name);
}

function understands(probe: readonly number[]): boolean {
  return WebAssembly.validate(Uint8Array.from([...WASM_BEGINS, ...probe]));
}

const hasWebAssembly = (): boolean => typeof WebAssembly === 'object';

/** How every wasm file of this version begins. */
export const WASM_BEGINS: readonly number[] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];

// One function that uses an instruction of the extension.
const VECTOR_PROBE = [1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 8, 1, 6, 0, 65, 0, 253, 15, 11];
const REFERENCE_PROBE = [1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 7, 1, 5, 0, 208, 111, 26, 11];

// A browser that has these has the older extensions that a compiler uses by default, too.
const NEEDED: readonly (readonly [name: string, isThere: () => boolean])[] = [
  ['WebAssembly', hasWebAssembly],
  ['WebAssembly vector instructions (SIMD)', () => hasWebAssembly() && understands(VECTOR_PROBE)],
  ['WebAssembly reference types', () => hasWebAssembly() && understands(REFERENCE_PROBE)],
  ['BigInt', () => typeof BigInt === 'function'],
  ['Array.prototype.at (ES2022)', () => typeof [].at === 'function'],
  ['String.prototype.isWellFormed (ES2024)', () => typeof ''.isWellFormed === 'function'],
];
