import { CLOSE, PROTOCOL, TIMING } from './constants.js';
import { Alarms } from './alarms.js';

/**
 * One WebSocket from its opening to its end, with its heartbeat. Never opened twice: its identity is the generation,
 * and once it is over nothing it still receives gets out.
 */
export class Connection {
  #ws;
  #on;
  #now;
  #alarms;
  #nextRef;
  #over = false;
  /** @type {number} */
  #heartbeat = TIMING.HEARTBEAT;
  #lastRx = 0;
  /** @type {number|null} when the first ping went out that nothing has answered */
  #unanswered = null;

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {string} options.token
   * @param {typeof globalThis.WebSocket} options.WebSocket
   * @param {import('./alarms.js').Timers} options.timers
   * @param {() => number} options.now
   * @param {() => number} options.nextRef refs don't start again with a connection, so none can be mistaken
   * @param {{frame: (frame: any) => void, down: (code: number, hung: boolean) => void}} options.on `down` comes once, `frame`
   *   never after it; `hung`: it never said `connected` nor that it wouldn't
   */
  constructor({ url, token, WebSocket, timers, now, nextRef, on }) {
    this.#on = on;
    this.#now = now;
    this.#nextRef = nextRef;
    this.#alarms = new Alarms(timers);
    // The only place where a browser can put a token that isn't in the URL, and so in no log or history.
    this.#ws = new WebSocket(url, [PROTOCOL, `bearer.${token}`]);
    this.#ws.onmessage = (message) => this.#receive(message.data);
    this.#ws.onclose = (event) => this.#end(event.code);
    this.#alarms.set('open', TIMING.OPEN_TIMEOUT, () => this.#end(1006, true));
  }

  get timers() {
    return this.#alarms.size;
  }

  /** Nothing heard for so long that it is not worth asking. */
  get silent() {
    return this.#now() - this.#lastRx >= this.#heartbeat;
  }

  /**
   * `connected` has come: the connection works, and from here on is watched.
   * @param {number} [seconds]
   */
  watch(seconds) {
    this.#alarms.clear('open');
    if (Number(seconds) > 0) this.#heartbeat = Number(seconds) * 1000;
    this.#alarms.set('ping', this.#heartbeat / 2, () => this.#beat());
    this.#alarms.set('watch', this.#heartbeat, () => this.#check());
  }

  /**
   * @param {string} event
   * @param {object} [data]
   * @returns {number} the ref that its answer will carry
   */
  send(event, data = {}) {
    const ref = this.#nextRef();
    if (!this.#over && this.#ws.readyState === 1) this.#ws.send(JSON.stringify({ event, data, ref }));
    return ref;
  }

  ping() {
    this.#unanswered ??= this.#now();
    this.send('ping');
  }

  /** Something happened that often kills a connection in silence: an answer soon, or it is over. */
  probe() {
    // Once asked, asking again must not put the end off: tabs are shown and hidden faster than this.
    if (this.#alarms.has('probe')) return;
    this.ping();
    this.#alarms.set('probe', TIMING.PROBE, () => this.#die());
  }

  /** End it from our side; `down` isn't called. */
  drop() {
    if (this.#over) return;
    this.#over = true;
    this.#alarms.clearAll();
    this.#ws.onmessage = null;
    this.#ws.onclose = null;
    try {
      this.#ws.close(CLOSE.NORMAL);
    } catch {
      // It is gone either way.
    }
  }

  #die() {
    this.#end(1006);
  }

  /** @param {number} code @param {boolean} [hung] */
  #end(code, hung = false) {
    if (this.#over) return;
    this.drop();
    this.#on.down(code, hung);
  }

  /** @param {any} text */
  #receive(text) {
    if (this.#over) return;
    this.#lastRx = this.#now();
    this.#unanswered = null;
    this.#alarms.clear('probe');
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return;
    }
    if (frame !== null && typeof frame === 'object' && typeof frame.event === 'string') this.#on.frame(frame);
  }

  #beat() {
    // Twice as often as the server asks for: so a line that died in silence is noticed within one heartbeat.
    this.#alarms.set('ping', this.#heartbeat / 2, () => this.#beat());
    this.ping();
  }

  #check() {
    const now = this.#now();
    // Clocks get corrected backwards too.
    this.#lastRx = Math.min(this.#lastRx, now);
    if (this.#unanswered !== null) this.#unanswered = Math.min(this.#unanswered, now);
    // Both: silence alone proves nothing in a hidden tab, where the browser lets timers run once a minute and the ping
    // itself was late.
    const silence = this.#lastRx + this.#heartbeat;
    const patience = (this.#unanswered ?? now) + this.#heartbeat / 2;
    const wait = Math.max(silence, patience) - now;
    if (wait <= 0 && this.#unanswered !== null) this.#die();
    else this.#alarms.set('watch', wait, () => this.#check());
  }
}
