/** A clock that only moves when told: no test waits for real time. */
export class FakeClock {
  #time;
  #next = 1;
  /** @type {Map<number, {at: number, fn: () => void}>} */
  #timers = new Map();

  constructor(time = Date.parse('2026-11-23T08:00:00Z')) {
    this.#time = time;
  }

  now = () => this.#time;

  timers = {
    setTimeout: (fn, ms) => {
      const id = this.#next++;
      this.#timers.set(id, { at: this.#time + ms, fn });
      return id;
    },
    clearTimeout: (id) => this.#timers.delete(id),
  };

  get pending() {
    return this.#timers.size;
  }

  /** Run what is due within `ms`, in order, and all promises in between. */
  async advance(ms = 0) {
    const end = this.#time + ms;
    await settle();
    for (let due; (due = this.#first(end)); await settle()) {
      this.#timers.delete(due.id);
      this.#time = Math.max(this.#time, due.at);
      due.fn();
    }
    this.#time = end;
  }

  /** The machine sleeps: time passes and nothing runs; what is overdue runs with the next `advance`. */
  sleep(ms) {
    this.#time += ms;
  }

  /** Somebody sets the clock, or a sleep that timers don't count: they run by another one and keep their distance. */
  jump(ms) {
    this.#time += ms;
    for (const timer of this.#timers.values()) timer.at += ms;
  }

  #first(end) {
    let first;
    for (const [id, timer] of this.#timers) if (timer.at <= end && (!first || timer.at < first.at)) first = { id, ...timer };
    return first;
  }
}

const settle = () => new Promise((resolve) => setImmediate(resolve));
