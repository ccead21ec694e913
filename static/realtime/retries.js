import { CLOSE, TIMING } from './constants.js';
import { Alarms } from './alarms.js';
import { retryDelay } from './backoff.js';

/** When to try the socket again, and whether it is still worth to wait for it alone. */
export class Retries {
  /** Tries in a row that failed. */
  failures = 0;
  /** The line has been live for so long that its end says nothing against it. */
  isHealthy = false;
  #o;
  #alarms;
  /** What 4429 asked for. */
  #quiet = { until: 0, atMost: 0 };

  /**
   * @param {object} options
   * @param {import('./alarms.js').Timers} options.timers
   * @param {() => number} options.now
   * @param {() => number} options.random
   * @param {() => void} options.attempt
   */
  constructor(options) {
    this.#o = options;
    this.#alarms = new Alarms(options.timers);
  }

  get timers() {
    return this.#alarms.size;
  }

  /** Sockets don't get through, as far as we know. */
  get givenUp() {
    return this.failures >= TIMING.TRIES_BEFORE_POLLING;
  }

  /** ms; never more than was asked for, whatever became of the clock since. */
  get quietFor() {
    return Math.min(Math.max(this.#quiet.until - this.#o.now(), 0), this.#quiet.atMost);
  }

  /** The line is live. */
  live() {
    if (this.isHealthy || this.#alarms.has('healthy')) return;
    this.#alarms.set('healthy', TIMING.HEALTHY_AFTER, () => {
      this.isHealthy = true;
      this.failures = 0;
    });
  }

  /** The line is gone, and nothing is planned. */
  drop() {
    this.isHealthy = false;
    this.#alarms.clearAll();
  }

  /** @param {number} code that the line ended with @param {{polling: boolean, dormant: boolean}} page */
  plan(code, { polling, dormant }) {
    const delay = retryDelay({ code, failures: this.failures, polling: polling && this.givenUp }, this.#o.random);
    if (code === CLOSE.TOO_MANY) this.#quiet = { until: this.#o.now() + delay, atMost: delay };
    if (!dormant) this.#in(delay);
  }

  /** At once, unless the server asked for quiet. */
  now() {
    const quiet = this.quietFor;
    if (quiet > 0) this.#in(quiet);
    else this.#o.attempt();
  }

  /** The server answers again: what is planned can come sooner. */
  soon() {
    if (this.#alarms.has('retry')) this.#in(Math.max(this.quietFor, TIMING.BACK_WITHIN * this.#o.random()));
  }

  /** Wait for an event, not for a clock. */
  rest() {
    this.#alarms.clear('retry');
  }

  /** @param {number} ms */
  #in(ms) {
    this.#alarms.set('retry', ms, this.#o.attempt);
  }
}
