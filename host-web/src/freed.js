// The glue says of an object that was freed only that a pointer is null, and of one that is freed
// in the middle of a call that it is borrowed.
const guarded = new WeakSet();
const freed = new WeakSet();
const underWay = new WeakMap();

/**
 * From now on calls of a freed object, or of none of this class, throw an error with this code. An
 * object that is freed in the middle of calls goes when the last of them has ended.
 */
export function guard(object, code, message) {
  const prototype = Object.getPrototypeOf(object);
  if (guarded.has(prototype)) return;
  guarded.add(prototype);
  const { free } = prototype;
  const check = (it) => {
    if (!it?.__wbg_ptr || freed.has(it)) throw Object.assign(new Error(message), { code });
  };
  const end = (it) => {
    const left = underWay.get(it) - 1;
    underWay.set(it, left);
    if (left === 0 && freed.has(it)) free.call(it);
  };
  for (const name of Object.getOwnPropertyNames(prototype)) {
    const property = Object.getOwnPropertyDescriptor(prototype, name);
    if (name.startsWith('__') || name === 'constructor') continue;
    if (property.get) {
      const get = function () {
        check(this);
        return property.get.call(this);
      };
      Object.defineProperty(prototype, name, { ...property, get });
    }
    const method = property.value;
    if (typeof method !== 'function') continue;
    prototype[name] = function (...given) {
      check(this);
      const answer = method.apply(this, given);
      if (answer instanceof Promise) {
        underWay.set(this, (underWay.get(this) ?? 0) + 1);
        const ended = () => end(this);
        answer.then(ended, ended);
      }
      return answer;
    };
  }
  prototype.free = function () {
    check(this);
    freed.add(this);
    if (!underWay.get(this)) free.call(this);
  };
  if (Symbol.dispose) prototype[Symbol.dispose] = prototype.free;
}
