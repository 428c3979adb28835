/** Who writes into a workspace: a pseudonym and a signing key, kept in this origin. */
import { MarkerbedError } from './errors.js';

/** An agent of the ledger and the key that a workspace begins with. */
export interface Identity {
  /** 16 random bytes that stand for whoever writes; never a name. */
  agent: Uint8Array;
  /** The public half of an Ed25519 key: 32 bytes. */
  publicKey: Uint8Array;
  /** The other half, which no script can read. None if it was made elsewhere. */
  privateKey?: CryptoKey;
}

/** Makes a pseudonym and a key that cannot be taken out of the browser. */
export async function makeIdentity(): Promise<Identity> {
  try {
    const pair = (await crypto.subtle.generateKey('Ed25519', false, [
      'sign',
      'verify',
    ])) as CryptoKeyPair;
    const publicKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
    return { agent: randomBytes(16), publicKey, privateKey: pair.privateKey };
  } catch (cause) {
    const isPlain = globalThis.isSecureContext === false;
    const why = isPlain ? 'this page did not come by HTTPS' : 'Ed25519 keys cannot be made here';
    throw new MarkerbedError('browser-too-old', `no workspace can begin: ${why}`, { cause });
  }
}

/** Keeps an identity as long as the origin keeps its data. */
export async function keepIdentity(identity: Identity): Promise<void> {
  await inDatabase('readwrite', (kept) => kept.put(identity, hex(identity.publicKey)));
}

/** What was kept for a key; nothing if there is no place to keep things. */
export function keptIdentity(publicKey: Uint8Array): Promise<Identity | undefined> {
  return inDatabase<Identity | undefined>('readonly', (kept) => kept.get(hex(publicKey)));
}

/** Forgets what was kept for a key. */
export async function forgetIdentity(publicKey: Uint8Array): Promise<void> {
  await inDatabase('readwrite', (kept) => kept.delete(hex(publicKey)));
}

export function randomBytes(count: number): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(count));
}

async function inDatabase<T>(
  mode: IDBTransactionMode,
  ask: (kept: IDBObjectStore) => IDBRequest,
): Promise<T | undefined> {
  if (typeof indexedDB === 'undefined') return undefined;
  let database: IDBDatabase | undefined;
  try {
    const opening = indexedDB.open(DATABASE, 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(KEPT);
    database = await answered(opening);
    const transaction = database.transaction(KEPT, mode);
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
    });
    const answer = await answered(ask(transaction.objectStore(KEPT)));
    await ended;
    return answer as T;
  } catch (cause) {
    const message = `the keys of this origin cannot be reached: ${String(cause)}`;
    throw new MarkerbedError('store-no-access', message, { cause });
  } finally {
    database?.close();
  }
}

function answered<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const DATABASE = 'markerbed keys';
const KEPT = 'identities';
