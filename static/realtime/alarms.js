/** @typedef {{setTimeout: (fn: () => void, ms: number) => any, clearTimeout: (id: any) => void}} Timers */

// Browsers take a longer delay for no delay at all.
const LONGEST = 2 ** 31 - 1;

/** Timers by name: setting one again replaces it, so none can be started twice or forgotten. */
export class Alarms {
  #timers;
  #ids = new Map();

  /** @param {Timers} timers */
  constructor(timers) {
    this.#timers = timers;
  }

  get size() {
    return this.#ids.size;
  }

  /** @param {string} name @param {number} ms @param {() => void} fn */
  set(name, ms, fn) {
    this.clear(name);
    const id = this.#timers.setTimeout(() => {
      this.#ids.delete(name);
      fn();
    }, Math.min(Math.max(ms, 0), LONGEST));
    this.#ids.set(name, id);
  }

  /** @param {string} name */
  has(name) {
    return this.#ids.has(name);
  }

  /** @param {string} name */
  clear(name) {
    if (!this.#ids.has(name)) return;
    this.#timers.clearTimeout(this.#ids.get(name));
    this.#ids.delete(name);
  }

  clearAll() {
    for (const name of [...this.#ids.keys()]) this.clear(name);
  }
}
