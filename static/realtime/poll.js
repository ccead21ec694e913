import { TIMING } from './constants.js';
import { Alarms } from './alarms.js';
import { fullJitter } from './backoff.js';

/**
 * The events over HTTP (contract, section 8) where no WebSocket gets through: one long request after the other.
 */
export class Poller {
  #o;
  #alarms;
  /** @type {AbortController|null} */
  #request = null;
  /** Number of the request in force; an answer to another one does nothing. */
  #turn = 0;
  #running = false;
  #failures = 0;
  #sure = false;
  polls = 0;

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {typeof fetch} options.fetch
   * @param {(stale: string|null) => Promise<string>} options.token a token that isn't `stale`
   * @param {() => Array<[string, number|null]>} options.cursors rooms with the `seq` seen, null: send a snapshot
   * @param {() => string|null} options.epoch the one those belong to
   * @param {import('./alarms.js').Timers} options.timers
   * @param {() => number} options.now
   * @param {() => number} options.random
   * @param {() => boolean} options.dormant nobody looks and there is no network: don't even wait
   * @param {{answer: (body: any) => boolean, refused: (room: string, detail: string) => void, failed: (error: any) => void}} options.on
   *   `answer` tells whether anything new was in it
   */
  constructor(options) {
    this.#o = options;
    this.#alarms = new Alarms(options.timers);
  }

  get running() {
    return this.#running;
  }

  get timers() {
    return this.#alarms.size;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#failures = 0;
    this.#sure = false;
    this.#ask();
  }

  stop() {
    this.#running = false;
    this.#cancel();
  }

  /** Ask again now: other rooms, or the network is back. */
  poke() {
    if (!this.#running) return;
    this.#cancel();
    this.#ask();
  }

  /** Stop waiting until poked. */
  rest() {
    this.#alarms.clear('next');
  }

  #cancel() {
    this.#turn += 1;
    this.#alarms.clearAll();
    this.#request?.abort();
    this.#request = null;
  }

  /** @param {number} ms */
  #next(ms) {
    this.#alarms.set('next', ms, () => this.#ask());
  }

  async #ask() {
    const turn = (this.#turn += 1);
    const over = () => turn !== this.#turn;
    const started = this.#o.now();
    const request = (this.#request = new AbortController());
    // The first one answers at once, so that within a moment it is known whether this way works.
    const wait = this.#sure ? TIMING.POLL_WAIT_SECONDS : 0;
    this.#alarms.set('timeout', wait * 1000 + TIMING.OPEN_TIMEOUT, () => this.#fail(new Error('timeout')));
    this.polls += 1;
    try {
      let token = await this.#o.token(null);
      if (over()) return;
      let response = await this.#fetch(token, wait, request.signal);
      if (over()) return;
      if (response.status === 401) {
        token = await this.#o.token(token);
        if (over()) return;
        response = await this.#fetch(token, wait, request.signal);
        if (over()) return;
      }
      if (response.status === 403 && (await this.#refused(response, over))) return;
      if (over()) return;
      if (!response.ok) {
        const seconds = Number(response.headers?.get?.('Retry-After'));
        this.#fail(new Error(`HTTP ${response.status}`), seconds > 0 ? seconds * 1000 : 0);
        return;
      }
      const body = await response.json();
      if (over()) return;
      // Something between us and the server may answer for it, and JSON alone is no proof that events come this way.
      if (!this.#o.cursors().every(([room]) => Number.isSafeInteger(body?.rooms?.[room]?.seq))) throw new Error('not an answer');
      this.#alarms.clear('timeout');
      this.#request = null;
      this.#failures = 0;
      this.#sure = true;
      const news = this.#o.on.answer(body);
      if (over()) return;
      // A server, or something before it, that doesn't wait must not turn this into a flood.
      const idle = wait > 0 && !news && this.#o.now() - started < 1000;
      this.#next(idle ? 1000 + 1000 * this.#o.random() : 0);
    } catch (error) {
      if (!over()) this.#fail(error);
    }
  }

  /** @param {Response} response @param {() => boolean} over @returns {Promise<boolean>} whether it was about a room of ours */
  async #refused(response, over) {
    const body = await response.json();
    const room = body.room ?? /\b(clinic|doctor)_\d+\b/.exec(JSON.stringify(body))?.[0];
    if (!this.#o.cursors().some(([name]) => name === room)) return false;
    this.#o.on.refused(room, body.detail ?? '');
    // The page may have stopped us, or joined something, while it was told.
    if (!over()) this.#ask();
    return true;
  }

  /** @param {any} error @param {number} [atLeast] ms */
  #fail(error, atLeast = 0) {
    this.#cancel();
    this.#sure = false;
    const turn = this.#turn;
    this.#o.on.failed(error);
    if (!this.#running || turn !== this.#turn || this.#o.dormant()) return;
    // Up to eight seconds: somebody waits in front of a page that says it is stale.
    this.#next(atLeast + Math.max(250, fullJitter(Math.min(this.#failures++, 4), this.#o.random)));
  }

  /** @param {string} token @param {number} wait @param {AbortSignal} signal */
  #fetch(token, wait, signal) {
    const url = new URL(this.#o.url);
    for (const [room, seq] of this.#o.cursors()) url.searchParams.append('room', seq === null ? room : `${room}:${seq}`);
    url.searchParams.set('wait', String(wait));
    // A server that knows it sees what numbers alone don't show; one that doesn't leaves it be.
    const epoch = this.#o.epoch();
    if (epoch) url.searchParams.set('epoch', epoch);
    return this.#o.fetch(url.href, { headers: { Authorization: `Bearer ${token}` }, cache: 'no-store', signal });
  }
}
