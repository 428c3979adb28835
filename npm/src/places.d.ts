// What the types name of browsers, for programs that are compiled without the library `dom`: with
// it these merge into what is there. Shipped as it is, beside the types.

interface FileList {
  readonly length: number;
}

interface FileSystemDirectoryHandle {
  readonly kind: 'directory';
}

interface CryptoKey {
  readonly extractable: boolean;
}

interface Worker {
  terminate(): void;
}

declare namespace WebAssembly {
  interface Module {}
}
