// A workerd that serves one worker on this machine alone.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';

import { endAtExit } from '../../host-web/tests/browser/ended.mjs';

/** Serves `main.js` and modules of wasm in `folder`; resolves to the address and a stop. */
export async function serve(program, folder, wasm) {
  writeFileSync(`${folder}config.capnp`, configuration(wasm));
  const flags = ['serve', 'config.capnp', '--control-fd=3'];
  const stdio = ['ignore', 'inherit', 'inherit', 'pipe'];
  const child = spawn(program, flags, { cwd: folder, stdio, detached: true });
  endAtExit(child);
  const port = await new Promise((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`workerd ended with ${code}`)));
    child.stdio[3].on('data', (line) => resolve(JSON.parse(line).port));
  });
  return { address: `http://127.0.0.1:${port}/`, stop: () => child.kill() };
}

const configuration = (wasm) => `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    compatibilityDate = "2026-07-01",
    modules = [
      (name = "main.js", esModule = embed "main.js"),
      ${wasm.map((name) => `(name = "${name}", wasm = embed "${name}")`).join(',\n      ')}
    ]
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")]
);
`;
