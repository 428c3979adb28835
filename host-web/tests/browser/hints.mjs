// Whoever follows a ledger hears of what another tab commits, and finds it also without a hint.
import assert from 'node:assert/strict';
import { must, openTab } from './page.mjs';

const NAME = 'hints';
const ROUNDS = 5;
const LIMIT_MS = 20_000;

/** Then only a hint can wake a follower. */
function stopTimers() {
  const later = window.setTimeout;
  window.setTimeout = (work, ms, ...given) => (ms < 500 ? later(work, ms, ...given) : 0);
}

/** Then only the number in the store tells. */
function hideChannels() {
  delete window.BroadcastChannel;
}

/** Resolves once the follower of `position` waits. */
const follow = async (position) => {
  window.heard = window.ledger.follow(position);
  // Its own look at the number was asked for before these.
  for (let look = 0; look < 3; look += 1) await window.ledger.number();
};

async function follows(browser, address, prepare) {
  const context = await browser.newContext();
  const writer = await openTab(context, address);
  const follower = await openTab(context, address, prepare);
  const make = async (name) => void (window.ledger = await window.Ledger.create(name));
  const open = async (name) => void (window.ledger = await window.Ledger.open(name));
  await must(writer, make, NAME);
  await must(follower, open, NAME);
  for (let round = 0; round < ROUNDS; round += 1) {
    await must(follower, follow, round);
    await must(writer, () => window.ledger.win(1, 1, 100, () => {}));
    const heard = await Promise.race([
      must(follower, () => window.heard),
      new Promise((resolve) => setTimeout(resolve, LIMIT_MS, 'nothing')),
    ]);
    assert.equal(heard, round, prepare.name);
  }
  await context.close();
}

/** Tries it with hints alone and without any; answers how many entries were heard of. */
export async function hints(browser, address) {
  await follows(browser, address, stopTimers);
  await follows(browser, address, hideChannels);
  return 2 * ROUNDS;
}
