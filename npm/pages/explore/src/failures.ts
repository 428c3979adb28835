/** What went wrong, for a person: what is true, and what to do. */
export interface Told {
  title: string;
  text: string;
  /** What the engine said, and its code. */
  detail: string;
  code: string;
}

export function told(error: unknown): Told {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const [title, text] = SENTENCES[code] ?? [
    'That did not work',
    'Nothing was recorded by half, and what is kept is as it was. Try again.',
  ];
  return { title, text, code, detail: `${message} (${code})` };
}

export function codeOf(error: unknown): string {
  if (error instanceof DOMException) return error.name === 'AbortError' ? 'aborted' : error.name;
  if (error instanceof Error && 'code' in error) return String(error.code);
  return 'unknown';
}

/** May a snapshot go on without what failed? */
export function isUnreadable(code: string): boolean {
  return CAN_BE_LEFT_OUT.includes(code);
}

const CAN_BE_LEFT_OUT = ['file-unreadable', 'file-changed', 'bad-name', 'too-deep'];

const STORE_GONE: [string, string] = [
  'What was kept here is gone or damaged',
  'The browser removed a part of it, or all. Remove what is kept and begin again; a root that ' +
    'you noted elsewhere stays good.',
];

const ENGINE_WRONG: [string, string] = [
  'The engine could not be loaded',
  'The server gave something else in its place, or only a part of it. Reload the page.',
];

const SENTENCES: Record<string, [string, string]> = {
  aborted: ['Cancelled', 'Nothing was recorded. Drop the folder again whenever you like.'],
  'file-unreadable': [
    'Something in the folder cannot be read',
    'It may be locked, be gone, or have changed meanwhile. Nothing was recorded yet: try again, ' +
      'or go on without it; the snapshot says what was left out.',
  ],
  'file-changed': [
    'A file changed while it was read',
    'A root of it would mean a state that never was. Nothing was recorded yet: try again when ' +
      'nothing writes to the folder, or go on without that file.',
  ],
  NotFoundError: [
    'Something in the folder is gone',
    'The folder or a file of it was moved or removed. Drop it again from where it is now.',
  ],
  NotReadableError: [
    'Something in the folder cannot be read',
    'The system does not let the browser read it. Try again, or go on without it.',
  ],
  NotAllowedError: [
    'The browser may not read this',
    'It was not allowed, or the permission ended. Choose the folder again and allow it.',
  ],
  'bad-name': [
    'A name cannot be recorded',
    'A name must be UTF-8 and have at most 1,024 bytes. Nothing was recorded yet: rename it and ' +
      'try again, or go on without it.',
  ],
  'too-deep': [
    'Something lies too deep',
    'A path has more than 4,096 names. Nothing was recorded yet; go on without it.',
  ],
  'name-order': [
    'Two files have the same path',
    'What was dropped has two things by one name. Drop one of them at a time.',
  ],
  'store-full': [
    'The browser has no room left',
    'Nothing was recorded by half. Make room on the disk, or remove what is kept here, and try ' +
      'again.',
  ],
  'store-no-access': [
    'This page may keep nothing',
    'The browser refuses storage, as in some private windows. Snapshots stay in this tab until ' +
      'it is closed.',
  ],
  'no-store': STORE_GONE,
  'store-damaged': STORE_GONE,
  'missing-content': STORE_GONE,
  'missing-object': STORE_GONE,
  'too-large': ['This is larger than can be recorded', 'Leave out the largest part and try again.'],
  'browser-too-old': [
    'This browser lacks something that is needed',
    'Use a current Firefox, Chromium or Safari; if it is one, allow WebAssembly for this page.',
  ],
  'no-worker': [
    'The browser starts no worker here',
    'All work is done in one. Allow scripts of this page, or use another window.',
  ],
  'engine-not-loaded': [
    'The engine could not be loaded',
    'The network may be away, or the server gave another file. Reload the page.',
  ],
  'engine-not-wasm': ENGINE_WRONG,
  'engine-damaged': ENGINE_WRONG,
  'engine-mismatch': [
    'The engine is of another version than the page',
    'An update was half delivered. Reload the page.',
  ],
  'worker-ended': [
    'The worker that does the work has ended',
    'It may have run out of memory. Nothing was recorded by half. Reload the page.',
  ],
};
