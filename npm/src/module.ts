import { MARK } from '../wasm/mark.js';
import { MarkerbedError } from './errors.js';
import { WASM_BEGINS } from './requirements.js';

/** Where the wasm comes from: its address, a response, its bytes, or what was compiled of it. */
export type WasmSource =
  | URL
  | string
  | Request
  | Response
  | ArrayBuffer
  | ArrayBufferView<ArrayBuffer>
  | CompiledWasm;

/** A module that is compiled; the type of a module alone is one that everything has. */
export type CompiledWasm = WebAssembly.Module & object;

/** Compiles the wasm, and proves that it was made together with this package. */
export async function moduleOf(source: WasmSource): Promise<WebAssembly.Module> {
  const module = await compiled(source);
  const [found] = WebAssembly.Module.customSections(module, 'markerbed');
  const mark = found === undefined ? undefined : new TextDecoder().decode(found);
  if (mark !== MARK) throw mismatch(mark);
  return module;
}

async function compiled(source: WasmSource): Promise<WebAssembly.Module> {
  if (source instanceof WebAssembly.Module) return source;
  if (source instanceof ArrayBuffer || ArrayBuffer.isView(source)) return compiledOf(source);
  const response = source instanceof Response ? source : await fetched(source);
  const from = response.url === '' ? 'what was answered' : response.url;
  if (!response.ok) {
    throw new MarkerbedError('engine-not-loaded', `the wasm is not at ${from}: ${response.status}`);
  }
  const type = response.headers.get('content-type')?.split(';', 1)[0]?.trim();
  // Only so does a browser compile while it loads, and keep what it has compiled.
  if (type === 'application/wasm' && typeof WebAssembly.compileStreaming === 'function') {
    return uncut(WebAssembly.compileStreaming(response), from);
  }
  const bytes = await response.arrayBuffer().catch((cause: unknown) => {
    throw notLoaded(from, cause);
  });
  return compiledOf(bytes, type === undefined ? from : `${from} (${type})`);
}

function compiledOf(bytes: BufferSource, from = 'the source'): Promise<WebAssembly.Module> {
  const all = ArrayBuffer.isView(bytes)
    ? new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    : new Uint8Array(bytes);
  if (WASM_BEGINS.some((byte, at) => byte !== all[at])) {
    throw new MarkerbedError('engine-not-wasm', `${from} is no wasm file, but ${shown(all)}`);
  }
  return uncut(WebAssembly.compile(bytes), from);
}

/** A place has all that is needed, so what it cannot compile is cut off or damaged. */
async function uncut(
  compiling: Promise<WebAssembly.Module>,
  from: string,
): Promise<WebAssembly.Module> {
  try {
    return await compiling;
  } catch (cause) {
    if (!(cause instanceof WebAssembly.CompileError)) throw notLoaded(from, cause);
    if (!(await isCompiling())) throw notAllowed(cause);
    const message = `the wasm of ${from} is cut off or damaged: ${cause.message}`;
    throw new MarkerbedError('engine-damaged', message, { cause });
  }
}

/** A page's policy, or a place that takes only modules, refuses what is right as well. */
function isCompiling(): Promise<boolean> {
  return WebAssembly.compile(Uint8Array.from(WASM_BEGINS)).then(
    () => true,
    () => false,
  );
}

async function fetched(source: URL | string | Request): Promise<Response> {
  if (typeof source !== 'string' && !(source instanceof URL) && !(source instanceof Request)) {
    throw new MarkerbedError('bad-usage', `the wasm is given as a ${typeof source}`);
  }
  try {
    return await fetch(source);
  } catch (cause) {
    throw notLoaded(source instanceof Request ? source.url : String(source), cause);
  }
}

export function notLoaded(from: string, cause: unknown): MarkerbedError {
  const why = cause instanceof Error ? cause.message : String(cause);
  const message = `the wasm cannot be loaded from ${from}: ${why}`;
  return new MarkerbedError('engine-not-loaded', message, { cause });
}

function notAllowed(cause: Error): MarkerbedError {
  const how = "a page's Content-Security-Policy has to have 'wasm-unsafe-eval'";
  const message = `compiling wasm is not allowed here (${how}): ${cause.message}`;
  return new MarkerbedError('engine-not-allowed', message, { cause });
}

function mismatch(mark: string | undefined): MarkerbedError {
  const of = (version: string | undefined) => (version === OWN_VERSION ? 'another build of' : 'of');
  const [version] = mark?.split(' ') ?? [];
  const what = mark === undefined ? 'none of markerbed' : `${of(version)} markerbed ${version}`;
  const message = `the wasm is ${what}; this package, ${OWN_VERSION}, needs its own`;
  return new MarkerbedError('engine-mismatch', message);
}

/** The first bytes, as text that can be shown anywhere. */
function shown(bytes: Uint8Array): string {
  if (bytes.length === 0) return 'empty';
  const text = String.fromCharCode(...bytes.subarray(0, 40));
  return JSON.stringify(text.replace(/[^ -~]+/g, ' '));
}

const [OWN_VERSION] = MARK.split(' ');
