// The smallest store: maps in memory. Everything that it must promise follows from a thread that
// does one thing after the other.

/** @implements {import('markerbed').Store} */
export class MemoryStore {
  name = 'a store in memory';
  isDurable = false;
  #workspaces = new Map();

  fetchObjects(workspace, ids) {
    return ids.map((id) => this.#of(workspace).objects.get(id));
  }

  hasObjects(workspace, ids) {
    return ids.map((id) => this.#of(workspace).objects.has(id));
  }

  putObjects(workspace, objects) {
    const kept = this.#of(workspace).objects;
    for (const { id, bytes } of objects) if (!kept.has(id)) kept.set(id, bytes);
  }

  fetchRows(workspace, keys) {
    return keys.map((key) => this.#of(workspace).rows.get(hex(key)));
  }

  rangeRows(workspace, prefix, after, limit) {
    const beginning = hex(prefix);
    const rows = [...this.#of(workspace).rows.entries()]
      .filter(([key]) => key.startsWith(beginning) && (after === undefined || key > hex(after)))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return rows.slice(0, limit).map(([key, value]) => [Buffer.from(key, 'hex'), value]);
  }

  number(workspace) {
    const { entries } = this.#of(workspace);
    return entries.length === 0 ? undefined : BigInt(entries.length - 1);
  }

  fetchEntries(workspace, from, to) {
    return this.#of(workspace).entries.slice(Number(from), Number(to));
  }

  findRequests(workspace, requests) {
    return requests.map((request) => this.#of(workspace).requests.get(request));
  }

  commit(workspace, { expected, entries, rows }) {
    if (this.number(workspace) !== expected) return false;
    const kept = this.#of(workspace);
    for (const { number, request, bytes } of entries) {
      kept.entries.push(bytes);
      kept.requests.set(request, number);
    }
    for (const { key, value } of rows) {
      if (value === undefined) kept.rows.delete(hex(key));
      else kept.rows.set(hex(key), value);
    }
    return true;
  }

  putContents(workspace, contents) {
    const kept = this.#of(workspace).contents;
    for (const { id, bytes } of contents) if (!kept.has(id)) kept.set(id, bytes);
  }

  writeContent(workspace) {
    const pieces = [];
    return {
      write: (bytes) => void pieces.push(bytes),
      finish: (id) => this.putContents(workspace, [{ id, bytes: Buffer.concat(pieces) }]),
    };
  }

  fetchContents(workspace, ids) {
    return ids.map((id) => this.#of(workspace).contents.get(id));
  }

  readContent(workspace, id, from, to) {
    return this.#of(workspace).contents.get(id)?.subarray(from, to);
  }

  contentLengths(workspace, ids) {
    return ids.map((id) => this.#of(workspace).contents.get(id)?.length);
  }

  removeContents(workspace, ids) {
    for (const id of ids) this.#of(workspace).contents.delete(id);
  }

  flush() {}

  #of(workspace) {
    const begin = () => ({
      objects: new Map(), contents: new Map(), rows: new Map(), entries: [], requests: new Map(),
    });
    if (!this.#workspaces.has(workspace)) this.#workspaces.set(workspace, begin());
    return this.#workspaces.get(workspace);
  }
}

/** Keys of maps are texts; digits are in the order of the bytes that they stand for. */
function hex(bytes) {
  return Buffer.from(bytes).toString('hex');
}
