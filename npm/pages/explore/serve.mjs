// Serves the built page on this machine: node serve.mjs [PORT]
import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

/** Resolves to the address and a stop; `answer` may give other bytes for a name. */
export async function serve(folder, port = 0, answer = () => undefined) {
  const server = createServer(async (request, response) => {
    const name = new URL(request.url, 'http://localhost').pathname.slice(1) || 'index.html';
    // One folder without any below it.
    if (!/^[\w-]+\.\w+$/.test(name)) return response.writeHead(404).end();
    try {
      const body = (await answer(name, response)) ?? (await readFile(new URL(name, folder)));
      if (response.headersSent) return undefined;
      const type = TYPES[extname(name)] ?? 'application/octet-stream';
      response.writeHead(200, { 'content-type': type, 'cache-control': 'no-cache' });
      return response.end(body);
    } catch {
      return response.writeHead(404).end();
    }
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const stop = () => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  };
  return { address: `http://localhost:${server.address().port}/`, stop };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const folder = new URL('dist/', import.meta.url);
  const { address } = await serve(folder, Number(process.argv[2] ?? 8000));
  console.log(`${fileURLToPath(folder)} at ${address}`);
}
