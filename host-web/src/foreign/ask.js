/** Calls a method. What is in the answer is plain, so that nothing of it can throw later. */
export async function ask(object, method, given) {
  return plain(await object[method](...given), 2);
}

/** As `ask`, for an answer that is called itself. */
export async function askForObject(object, method, given) {
  return object[method](...given);
}

/** Calls a method that need not be there; nobody waits for it. */
export async function tell(object, method) {
  try {
    await object[method]?.();
  } catch {
    // It tidies up, and there is nobody to tell.
  }
}

function plain(value, depth) {
  if (Array.isArray(value) && depth > 0) return Array.from(value, (item) => plain(item, depth - 1));
  if (value === null || ArrayBuffer.isView(value)) return value ?? undefined;
  return typeof value === 'function' || typeof value === 'object' ? NO_ANSWER : value;
}

/** Stands for what can be no answer, and fits nowhere. */
const NO_ANSWER = Symbol('no answer');
