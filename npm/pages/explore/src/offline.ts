import { part, say, show } from './dom.js';

/** Makes the page work without a network, and offers a new build when there is one. */
export async function beginOffline(): Promise<void> {
  const chip = part('offline');
  const tell = (is: string, text: string): void => {
    chip.dataset['is'] = is;
    chip.textContent = text;
  };
  if (!('serviceWorker' in navigator)) return tell('bad', 'Needs the network');
  try {
    const workers = navigator.serviceWorker;
    const hadOne = workers.controller !== null;
    const address = policy.createScriptURL(new URL('sw.js', document.baseURI).href);
    const registration = await workers.register(address as string, { updateViaCache: 'none' });
    offer(registration);
    registration.addEventListener('updatefound', () => {
      registration.installing?.addEventListener('statechange', () => offer(registration));
    });
    await workers.ready;
    tell('good', 'Works offline');
    if (!hadOne) say('The page works offline from now on');
  } catch {
    // A private window, or a server that changes files: it works, but not without the network.
    tell('bad', 'Needs the network');
  }
}

/** A script may only be one of these two addresses. */
export const policy: Pick<TrustedTypePolicyLike, 'createScriptURL'> = made();

function made(): Pick<TrustedTypePolicyLike, 'createScriptURL'> {
  const createScriptURL = (address: string): string => {
    const { origin, pathname } = new URL(address);
    const isOurs = /\/(sw|worker-[0-9a-f]+)\.js$/.test(pathname);
    if (origin !== location.origin || !isOurs) throw new TypeError('no script of this page');
    return address;
  };
  return (
    window.trustedTypes?.createPolicy('markerbed-explore', { createScriptURL }) ?? {
      createScriptURL,
    }
  );
}

function offer(registration: ServiceWorkerRegistration): void {
  const { waiting } = registration;
  // The first build waits for nobody.
  if (waiting === null || navigator.serviceWorker.controller === null) return;
  const update = part<HTMLButtonElement>('update');
  show(update, true);
  update.onclick = () => {
    navigator.serviceWorker.addEventListener('controllerchange', () => location.reload());
    waiting.postMessage('now');
  };
  say('A new version of this page is there');
}

interface TrustedTypePolicyLike {
  createScriptURL: (address: string) => unknown;
}

declare global {
  interface Window {
    trustedTypes?: {
      createPolicy: (
        name: string,
        rules: { createScriptURL: (address: string) => string },
      ) => TrustedTypePolicyLike;
    };
  }
}
