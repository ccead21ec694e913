import { TIMING } from './constants.js';
import { Alarms } from './alarms.js';
import { Connection } from './connection.js';

/** The way to the server's socket, one connection at a time: whatever comes of one that was let go of does nothing. */
export class Line {
  /** Counts tries and their ends. Whatever awaited something and finds another number has been overtaken. */
  generation = 0;
  /** A try is under way: the server hasn't said `connected` yet. */
  isTrying = false;
  #o;
  #alarms;
  #ref = 0;
  /** @type {Connection|null} */
  #link = null;

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {typeof globalThis.WebSocket} options.WebSocket
   * @param {import('./alarms.js').Timers} options.timers
   * @param {() => number} options.now
   * @param {() => Promise<string>} options.ask for a token
   * @param {{frame: (frame: any) => void, down: (code: number, hung?: boolean) => void, signedOut: () => void}} options.on
   */
  constructor(options) {
    this.#o = options;
    this.#alarms = new Alarms(options.timers);
  }

  get timers() {
    return this.#alarms.size + (this.#link?.timers ?? 0);
  }

  get isUp() {
    return this.#link !== null && !this.isTrying;
  }

  /** Nothing was heard for so long that it is not worth asking. */
  get silent() {
    return this.#link?.silent;
  }

  async try() {
    const { ask, on, ...ways } = this.#o;
    const generation = (this.generation += 1);
    const over = () => generation !== this.generation;
    this.isTrying = true;
    this.#alarms.set('token', TIMING.OPEN_TIMEOUT, () => on.down(0));
    try {
      const token = await ask();
      if (over()) return;
      this.#alarms.clear('token');
      this.#link = new Connection({
        ...ways,
        token,
        nextRef: () => (this.#ref += 1),
        on: {
          frame: (frame) => {
            if (!over()) on.frame(frame);
          },
          down: (code, hung) => {
            if (!over()) on.down(code, hung);
          },
        },
      });
    } catch (error) {
      if (over()) return;
      if (/** @type {any} */ (error)?.signedOut) on.signedOut();
      else on.down(0);
    }
  }

  /** `connected` has come. @param {number} [heartbeat] seconds */
  opened(heartbeat) {
    this.isTrying = false;
    this.#link?.watch(heartbeat);
  }

  /** @param {string} event @param {object} [data] @returns {number} the ref that its answer will carry; 0: nobody was there to be asked */
  send(event, data) {
    return this.#link?.send(event, data) ?? 0;
  }

  ping() {
    this.#link?.ping();
  }

  probe() {
    this.#link?.probe();
  }

  /** Let go of it, and of whatever is under way to get one. */
  drop() {
    this.generation += 1;
    this.isTrying = false;
    this.#link?.drop();
    this.#link = null;
    this.#alarms.clearAll();
  }
}
