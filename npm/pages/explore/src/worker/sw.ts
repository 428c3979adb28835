/**
 * Keeps the files of one build, each with the digest that the build gave it, so that the page works
 * without a network. A new build is taken whole or not at all.
 */
declare const self: ServiceWorkerGlobalScope;
/** Name to SHA-256 of each file, put in by the build. */
declare const FILES: Record<string, string>;
declare const BUILD: string;

self.addEventListener('install', (event) => event.waitUntil(take()));

self.addEventListener('activate', (event) => event.waitUntil(begin()));

self.addEventListener('message', (event) => {
  // The person asked for the new build now.
  if (event.data === 'now') event.waitUntil(self.skipWaiting());
});

self.addEventListener('fetch', (event) => {
  const name = nameOf(event.request);
  if (name !== undefined) event.respondWith(answer(name, event.request));
});

/** Fetches all files past every cache and checks them; one that is not as built ends it. */
async function take(): Promise<void> {
  const taken = await Promise.all(
    Object.entries(FILES).map(async ([name, digest]) => {
      const address = new URL(name, self.registration.scope);
      const response = await fetch(address, { cache: 'no-cache' });
      const bytes = await response.clone().arrayBuffer();
      const found = hex(await crypto.subtle.digest('SHA-256', bytes));
      if (!response.ok || found !== digest) throw new Error(`${name} is not as it was built`);
      return [address, response] as const;
    }),
  );
  const cache = await caches.open(CACHE);
  await Promise.all(taken.map(([address, response]) => cache.put(address, response)));
}

/** This build is the one now: those before it go. */
async function begin(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(OURS) && name !== CACHE);
  await Promise.all(old.map((name) => caches.delete(name)));
  await self.clients.claim();
}

/** The file that is asked for, if it is one of this build. */
function nameOf(request: Request): string | undefined {
  if (request.method !== 'GET' || !request.url.startsWith(self.registration.scope))
    return undefined;
  const path = new URL(request.url).pathname;
  const name = path.slice(new URL(self.registration.scope).pathname.length) || 'index.html';
  return Object.hasOwn(FILES, name) ? name : undefined;
}

async function answer(name: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(new URL(name, self.registration.scope));
  // The browser may have made room.
  return kept ?? fetch(request);
}

function hex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

const OURS = 'markerbed-explore-';
const CACHE = OURS + BUILD;

export {};
