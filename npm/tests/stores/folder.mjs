// A store in a folder, for one process of Node. Objects and contents are files of their own; what a
// commit changes is one line of a journal, which is there whole or not at all.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** @implements {import('markerbed').Store} */
export class FolderStore {
  name;
  isDurable = true;
  #folder;
  #workspaces = new Map();

  constructor(folder) {
    this.name = folder;
    this.#folder = folder;
  }

  fetchObjects(workspace, ids) {
    return each(ids, (id) => this.#read(workspace, id));
  }

  hasObjects(workspace, ids) {
    return each(ids, async (id) => (await this.#length(workspace, id)) !== undefined);
  }

  async putObjects(workspace, objects) {
    await each(objects, ({ id, bytes }) => this.#write(workspace, id, bytes));
  }

  async fetchRows(workspace, keys) {
    const { rows } = await this.#of(workspace);
    return keys.map((key) => rows.get(hex(key)));
  }

  async rangeRows(workspace, prefix, after, limit) {
    const { rows } = await this.#of(workspace);
    const found = [...rows.entries()]
      .filter(([key]) => key.startsWith(hex(prefix)) && (!after || key > hex(after)))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return found.slice(0, limit).map(([key, value]) => [Buffer.from(key, 'hex'), value]);
  }

  async number(workspace) {
    return numberOf(await this.#of(workspace));
  }

  async fetchEntries(workspace, from, to) {
    const { entries } = await this.#of(workspace);
    return entries.slice(Number(from), Number(to));
  }

  async findRequests(workspace, requests) {
    const kept = await this.#of(workspace);
    return requests.map((request) => kept.requests.get(request));
  }

  /** One after the other: the number is looked at when the batch before is in the journal. */
  async commit(workspace, batch) {
    const kept = await this.#of(workspace);
    const taken = kept.last.then(async () => {
      if (numberOf(kept) !== batch.expected) return false;
      const line = JSON.stringify(batch, (_, value) => {
        if (typeof value === 'bigint') return String(value);
        return value instanceof Uint8Array ? hex(value) : value;
      }, 0);
      const journal = await open(this.#path(workspace, 'journal'), 'a');
      await journal.appendFile(`${sum(line)} ${line}\n`);
      await journal.sync();
      await journal.close();
      apply(kept, JSON.parse(line));
      return true;
    });
    kept.last = taken.catch(() => {});
    return taken;
  }

  async putContents(workspace, contents) {
    await each(contents, ({ id, bytes }) => this.#write(workspace, id, bytes));
  }

  async writeContent(workspace) {
    await this.#of(workspace);
    const begun = this.#path(workspace, `begun-${randomUUID()}`);
    const file = await open(begun, 'w');
    const end = () => file.close();
    return {
      write: (bytes) => file.appendFile(bytes),
      finish: async (id) => {
        await file.sync();
        await end();
        await rename(begun, this.#path(workspace, id));
      },
      abort: async () => {
        await end();
        await rm(begun);
      },
    };
  }

  fetchContents(workspace, ids) {
    return this.fetchObjects(workspace, ids);
  }

  async readContent(workspace, id, from, to) {
    const file = await absent(() => open(this.#path(workspace, id)));
    if (file === undefined) return undefined;
    const { bytesRead, buffer } = await file.read(new Uint8Array(to - from), 0, to - from, from);
    await file.close();
    return buffer.subarray(0, bytesRead);
  }

  contentLengths(workspace, ids) {
    return each(ids, (id) => this.#length(workspace, id));
  }

  async removeContents(workspace, ids) {
    await each(ids, (id) => rm(this.#path(workspace, id), { force: true }));
  }

  /** Files are synced when they are written. */
  async flush() {}

  #path(workspace, name) {
    return join(this.#folder, workspace, name);
  }

  #read(workspace, id) {
    return absent(() => readFile(this.#path(workspace, id)));
  }

  async #length(workspace, id) {
    return (await absent(() => stat(this.#path(workspace, id))))?.size;
  }

  async #write(workspace, id, bytes) {
    if ((await this.#length(workspace, id)) !== undefined) return;
    const writer = await this.writeContent(workspace);
    await writer.write(bytes);
    await writer.finish(id);
  }

  /** What the journal says; read when it is asked for first. */
  #of(workspace) {
    if (!this.#workspaces.has(workspace)) this.#workspaces.set(workspace, this.#opened(workspace));
    return this.#workspaces.get(workspace);
  }

  async #opened(workspace) {
    const kept = { rows: new Map(), entries: [], requests: new Map(), last: Promise.resolve() };
    await mkdir(join(this.#folder, workspace), { recursive: true });
    for (const name of await readdir(join(this.#folder, workspace))) {
      if (name.startsWith('begun-')) await rm(this.#path(workspace, name));
    }
    const journal = (await this.#read(workspace, 'journal')) ?? '';
    for (const line of String(journal).split('\n').slice(0, -1)) {
      const batch = line.slice(65);
      // Cut off in the middle by a crash: it was never acknowledged.
      if (sum(batch) !== line.slice(0, 64)) break;
      apply(kept, JSON.parse(batch));
    }
    return kept;
  }
}

function apply(kept, { entries, rows }) {
  for (const { number, request, bytes } of entries) {
    kept.entries.push(Buffer.from(bytes, 'hex'));
    kept.requests.set(request, BigInt(number));
  }
  for (const { key, value } of rows) {
    if (value === undefined) kept.rows.delete(key);
    else kept.rows.set(key, Buffer.from(value, 'hex'));
  }
}

function numberOf({ entries }) {
  return entries.length === 0 ? undefined : BigInt(entries.length - 1);
}

/** As `Promise.all` of a map, a bounded number at a time. */
async function each(items, work) {
  const answers = [];
  for (let at = 0; at < items.length; at += AT_ONCE) {
    answers.push(...(await Promise.all(items.slice(at, at + AT_ONCE).map(work))));
  }
  return answers;
}

async function absent(work) {
  try {
    return await work();
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const sum = (text) => createHash('sha256').update(text).digest('hex');
const AT_ONCE = 64;
