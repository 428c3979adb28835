export { MarkerbedError } from './errors.js';
export type { PathLike } from './paths.js';
export { contentIds, verify, type Verdict } from './proofs.js';
export type { FileSource, SnapOptions, SnapProgress, Snapped } from './snap.js';
export { removeStore, Workspace, type Change, type Child } from './workspace.js';
export type { MarkerbedWorker, WorkspaceCalls } from './worker-remote.js';
