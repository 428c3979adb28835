/** The engine, as places see it that import wasm as a module. */
declare const module: WebAssembly.Module;
export default module;
