import { TIMING } from './constants.js';
import { Alarms } from './alarms.js';
import { renewalDelay } from './backoff.js';

/** The access token: asked of the page, and renewed before it runs out for as long as a connection lives on it. */
export class Token {
  #o;
  #alarms;
  /** The last one asked for; the fallback lives on it until it is refused. @type {string|null} */
  #held = null;
  /** How far the server's clock is ahead of ours: the clocks of old computers are wrong. */
  #skew = 0;
  #expiresAt = NaN;
  #renewAt = Infinity;
  /** Number of the renewal under way; whatever comes of an older one, or for a connection that is gone, is dropped. */
  #turn = 0;

  /**
   * @param {object} options
   * @param {() => Promise<string|null>|string|null} options.getToken
   * @param {import('./alarms.js').Timers} options.timers
   * @param {() => number} options.now
   * @param {() => number} options.random
   * @param {{renewed: (token: string) => void, signedOut: () => void}} options.on
   */
  constructor(options) {
    this.#o = options;
    this.#alarms = new Alarms(options.timers);
  }

  get timers() {
    return this.#alarms.size;
  }

  /** A new one. @returns {Promise<string>} */
  async ask() {
    const token = await this.#o.getToken();
    if (token === null) throw Object.assign(new Error('signed out'), { signedOut: true });
    if (typeof token !== 'string' || token === '') throw new Error('getToken gave no token');
    this.#held = token;
    return token;
  }

  /** Any that isn't `stale`. @param {string|null} stale @returns {Promise<string>} */
  async other(stale) {
    return this.#held !== null && this.#held !== stale ? this.#held : this.ask();
  }

  /** The connection stands until then. @param {string} at */
  expires(at) {
    this.#expiresAt = Date.parse(at);
    this.#plan();
  }

  /** @param {string} at the server's time, now */
  clock(at) {
    const skew = Date.parse(at) - this.#o.now();
    // Small differences are the network's.
    if (!(Math.abs(skew - this.#skew) > 2_000)) return;
    this.#skew = skew;
    this.#plan();
  }

  /** Timers don't count sleep, so whoever has woken asks: the page when it is shown, and whatever the server says. */
  check() {
    if (this.#o.now() >= this.#renewAt) this.#renew();
  }

  /** The connection is gone; the next one asks for its own. */
  rest() {
    this.#turn += 1;
    this.#renewAt = Infinity;
    this.#alarms.clearAll();
  }

  #plan() {
    if (Number.isNaN(this.#expiresAt)) return;
    this.#in(renewalDelay(this.#expiresAt - this.#skew - this.#o.now()));
  }

  /** @param {number} ms */
  #in(ms) {
    this.#renewAt = this.#o.now() + ms;
    this.#alarms.set('renew', ms, () => this.#renew());
  }

  async #renew() {
    // Also against itself: a token that took so long that another was asked for is not sent beside that.
    const turn = (this.#turn += 1);
    // Again if neither a token nor an answer comes of this.
    this.#in(TIMING.OPEN_TIMEOUT);
    try {
      const token = await this.ask();
      if (turn === this.#turn) this.#o.on.renewed(token);
    } catch (error) {
      if (turn !== this.#turn) return;
      if (/** @type {any} */ (error)?.signedOut) this.#o.on.signedOut();
      else this.#in(1_000 + 4_000 * this.#o.random());
    }
  }
}
