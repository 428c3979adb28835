/** What calls of a worker look like: the same as in this thread. */
import { MarkerbedError } from './errors.js';
import type { contentIds, verify } from './proofs.js';
import type { FileSource } from './sources.js';
import type { removeStore, Workspace } from './workspace.js';
import type { Connection } from './worker-connection.js';
import { ENGINE_NUMBER, type Answer, type Shape } from './worker-messages.js';

/** The calls of a {@link Workspace}, wherever they are computed. */
export type WorkspaceCalls = { [Method in keyof Workspace]: Workspace[Method] };

/** An engine in a worker: its workspaces have the calls of those in this thread. */
export interface MarkerbedWorker {
  /** As {@link Workspace.inMemory}. */
  inMemory(...given: Parameters<typeof Workspace.inMemory>): Promise<WorkspaceCalls>;
  /** As {@link Workspace.create}. */
  create(...given: Parameters<typeof Workspace.create>): Promise<WorkspaceCalls>;
  /** As {@link Workspace.open}. */
  open(...given: Parameters<typeof Workspace.open>): Promise<WorkspaceCalls>;
  /** As {@link Workspace.openOrCreate}. */
  openOrCreate(...given: Parameters<typeof Workspace.openOrCreate>): Promise<WorkspaceCalls>;
  /** As {@link removeStore}. */
  removeStore(...given: Parameters<typeof removeStore>): Promise<void>;
  /** As {@link contentIds}. */
  contentIds(...given: Parameters<typeof contentIds>): Promise<ReturnType<typeof contentIds>>;
  /** As {@link verify}. */
  verify(...given: Parameters<typeof verify>): Promise<ReturnType<typeof verify>>;
  /** Ends the worker at once; calls that are under way fail with the code `worker-ended`. */
  stop(): void;
}

/** How each call of a workspace answers. */
export const WORKSPACE: Record<Exclude<keyof WorkspaceCalls, 'free' | 'id'>, Shape> = {
  snap: 'files',
  writeTree: 'files',
  snapshots: 'items',
  snapshot: 'value',
  evidence: 'value',
  log: 'items',
  refs: 'value',
  moveRef: 'value',
  list: 'items',
  walk: 'items',
  read: 'value',
  open: 'stream',
  diff: 'value',
  prove: 'value',
};

/** How each call of the worker itself answers. */
export const ENGINE: Record<Exclude<keyof MarkerbedWorker, 'stop'>, Shape> = {
  inMemory: 'workspace',
  create: 'workspace',
  open: 'workspace',
  openOrCreate: 'workspace',
  removeStore: 'value',
  contentIds: 'value',
  verify: 'value',
};

/** The engine of a worker. */
export function remoteEngine(connection: Connection): MarkerbedWorker {
  const stop = () => connection.stop();
  return { ...remote(connection, ENGINE_NUMBER, ENGINE), stop } as unknown as MarkerbedWorker;
}

function remoteWorkspace(connection: Connection, on: number, id: string): WorkspaceCalls {
  const free = () => connection.post({ ask: 'free', on });
  return { id, ...remote(connection, on, WORKSPACE), free } as unknown as WorkspaceCalls;
}

type Call = (...given: unknown[]) => unknown;

function remote(connection: Connection, on: number, shapes: Record<string, Shape>): object {
  const call = ([method, shape]: [string, Shape]): [string, Call] => {
    const ask = (given: unknown[], source?: FileSource) =>
      connection.call(on, method, given, source);
    const calls: Record<Shape, Call> = {
      value: async (...given) => valueOf(await ask(given)),
      items: (...given) => connection.items(on, method, given),
      stream: async (...given) => streamOf(connection, await ask(given)),
      files: async (source, ...given) => valueOf(await ask(given, given_(source))),
      workspace: async (...given) => {
        const answer = (await ask(given)) as Extract<Answer, { told: 'kept' }>;
        return remoteWorkspace(connection, answer.on, answer.id ?? '');
      },
    };
    return [method, calls[shape]];
  };
  return Object.fromEntries(Object.entries(shapes).map(call));
}

function given_(source: unknown): FileSource {
  if (typeof source === 'object' && source !== null) return source as FileSource;
  throw new MarkerbedError('bad-usage', 'there is no source of files');
}

function valueOf(answer: Answer): unknown {
  return (answer as Extract<Answer, { told: 'value' }>).value;
}

/** Bytes that are fetched when somebody reads them. */
function streamOf(connection: Connection, answer: Answer): ReadableStream<Uint8Array> | undefined {
  if (answer.told !== 'kept') return undefined;
  const call = answer.on;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { items, isLast } = (await connection.again(call)) as Extract<
          Answer,
          { told: 'items' }
        >;
        for (const bytes of items as Uint8Array[]) controller.enqueue(bytes);
        if (isLast) controller.close();
      },
      cancel: () => connection.post({ ask: 'end', call }),
    },
    { highWaterMark: 0 },
  );
}
