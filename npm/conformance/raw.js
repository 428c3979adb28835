// Tests of `commit` itself: through the engine it is asked only for what was judged before.

const OURS = '11'.repeat(32);

export const RAW = {
  async 'raw::a_batch_that_expects_another_number_changes_nothing'(store) {
    await taken(store, undefined, 0n, 'first');

    const ahead = await store.commit(OURS, batch(5n, 6n, 'ahead'));
    const behind = await store.commit(OURS, batch(undefined, 0n, 'behind'));
    const onlyRows = await store.commit(OURS, { ...batch(undefined, 0n, 'rows'), entries: [] });

    equal([ahead, behind, onlyRows], [false, false, false]);
    equal(await store.number(OURS), 0n);
    equal(await texts(store.fetchRows(OURS, [bytes('rrow')])), ['first']);
    equal(await texts(store.fetchEntries(OURS, 0n, 9n)), ['first']);
    const requests = ['ahead', 'behind'].map(requestOf);
    equal(await store.findRequests(OURS, requests), [undefined, undefined]);
  },

  async 'raw::of_batches_at_once_with_the_same_number_one_is_taken'(store) {
    const names = ['a', 'b', 'c', 'd', 'e'];

    const commit = (name) => store.commit(OURS, batch(undefined, 0n, name));
    const answers = await Promise.all(names.map(commit));

    const winners = names.filter((_, at) => answers[at]);
    equal(winners.length, 1);
    equal(await store.number(OURS), 0n);
    equal(await texts(store.fetchEntries(OURS, 0n, 9n)), winners);
    equal(await texts(store.fetchRows(OURS, [bytes('rrow')])), winners);
  },

  async 'raw::who_sees_a_number_sees_the_rows_and_requests_that_came_with_it'(store) {
    for (let number = 0n; number < 20n; number += 1n) {
      let isOver = false;
      const commit = taken(store, number === 0n ? undefined : number - 1n, number, `${number}`);
      const look = async () => {
        while (!isOver) {
          const seen = (await store.number(OURS)) ?? -1n;
          const [row] = await texts(store.fetchRows(OURS, [bytes('rrow')]));
          const [request] = await store.findRequests(OURS, [requestOf(`${seen}`)]);
          check(BigInt(row ?? -1) >= seen, `row ${row} was seen after number ${seen}`);
          equal(request, seen < 0n ? undefined : seen);
          await new Promise((resolve) => setTimeout(resolve));
        }
      };
      const looking = look();
      // Waited for below, when the commit is over.
      looking.catch(() => {});
      await commit.finally(() => (isOver = true));
      await looking;
    }
  },
};

async function taken(store, expected, number, name) {
  equal(await store.commit(OURS, batch(expected, number, name)), true);
}

function batch(expected, number, name) {
  return {
    expected,
    entries: [{ number, request: requestOf(name), bytes: bytes(name) }],
    rows: [{ key: bytes('rrow'), value: bytes(name) }],
  };
}

const bytes = (text) => new TextEncoder().encode(text);

async function texts(answer) {
  return (await answer).map((found) => found && new TextDecoder().decode(found));
}

/** 64 digits that stand for a name. */
function requestOf(name) {
  const digits = [...bytes(name)].map((byte) => byte.toString(16).padStart(2, '0'));
  return digits.join('').padEnd(64, '0');
}

function equal(found, wanted) {
  const shown = (_, value) => (typeof value === 'bigint' ? `${value}n` : (value ?? 'none'));
  const text = (value) => JSON.stringify(value, shown);
  check(text(found) === text(wanted), `${text(found)} is not ${text(wanted)}`);
}

function check(isTrue, message) {
  if (!isTrue) throw new Error(message);
}
