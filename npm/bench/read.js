// A worker that only reads files: one after the other, or some at once.
async function* filesBelow(directory) {
  for await (const handle of directory.values()) {
    if (handle.kind === 'directory') yield* filesBelow(handle);
    else yield handle;
  }
}

/** Reads what `source` has, `atOnce` at a time, and tells how many bytes there were. */
async function read(source, atOnce) {
  const files = source instanceof FileSystemDirectoryHandle ? filesBelow(source) : source.values();
  let bytes = 0;
  const reader = async () => {
    for await (const given of { [Symbol.asyncIterator]: () => ({ next: () => files.next() }) }) {
      const file = given instanceof File ? given : await given.getFile();
      bytes += (await file.arrayBuffer()).byteLength;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, reader));
  return bytes;
}

onmessage = async ({ data: { source, atOnce } }) => {
  const start = performance.now();
  const bytes = await read(source, atOnce);
  postMessage({ bytes, ms: performance.now() - start });
};
