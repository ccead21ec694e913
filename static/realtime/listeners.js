/**
 * Who wants to hear what. Lives as long as the client, never on a WebSocket: reconnecting can't add a listener.
 */
export class Listeners {
  /** @type {Map<string, Set<Function>>} */
  #byName = new Map();
  #report;
  #closed = false;

  /** @param {(error: unknown) => void} [report] gets what a listener throws */
  constructor(report) {
    this.#report = report ?? ((error) => (globalThis.reportError ?? console.error)(error));
  }

  get size() {
    let n = 0;
    for (const set of this.#byName.values()) n += set.size;
    return n;
  }

  /**
   * @param {string} name
   * @param {Function} fn added twice it is called once
   * @returns {() => void} takes it off again; works once, so that a forgotten one can't take off what was added since
   */
  add(name, fn) {
    if (typeof fn !== 'function') throw new TypeError('A listener must be a function.');
    if (this.#closed) return () => {};
    let set = this.#byName.get(name);
    if (!set) this.#byName.set(name, (set = new Set()));
    set.add(fn);
    let on = true;
    return () => {
      if (on) set.delete(fn);
      on = false;
    };
  }

  /** @param {string} name @param {...any} args */
  emit(name, ...args) {
    const set = this.#byName.get(name);
    if (!set) return;
    // A copy: one that is added by another waits for the next event; one that was taken off meanwhile isn't called.
    for (const fn of [...set]) {
      if (!set.has(fn)) continue;
      try {
        fn(...args);
      } catch (error) {
        this.#report(error);
      }
    }
  }

  /** For good: nothing will ever be told again, so nobody is kept for it. */
  close() {
    this.#closed = true;
    for (const set of this.#byName.values()) set.clear();
  }
}
