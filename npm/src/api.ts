export { MarkerbedError } from './errors.js';
export { makeIdentity, type Identity } from './identity.js';
export type { Evidence, LogEntry, Recorded, RecordedSnapshot, RefPlace } from './ledger.js';
export type { PathLike } from './paths.js';
export { contentIds, verify, type Verdict } from './proofs.js';
export type { SnapOptions, SnapProgress, WriteOptions, Written } from './snap.js';
export type { FileBytes, FileSource, Gap, Given, GivenFile } from './sources.js';
export type {
  Answer, Batch, BatchEntry, ContentWriter, Item, RowChange, Store,
} from './store.js';
export type { BeginOptions } from './stores.js';
export type { MarkerbedWorker, WorkspaceCalls } from './worker-remote.js';
export {
  removeStore, Workspace,
  type Change, type Child, type Difference, type Snapped, type Walked,
} from './workspace.js';
