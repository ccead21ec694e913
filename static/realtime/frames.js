import { STATE } from './constants.js';

/** What the server says on the line: what is about the line and its token is settled here, the rest is the rooms'. */
export class Frames {
  /** How often the server has said `connected`. */
  connects = 0;
  /** Its last sentence that was no answer to anything: why it ends the line. */
  lastDetail = '';
  #o;
  /** Of the new token that was sent. @type {number|null} */
  #authRef = null;

  /**
   * @param {object} options
   * @param {import('./line.js').Line} options.line
   * @param {import('./subscriptions.js').Subscriptions} options.rooms
   * @param {import('./token.js').Token} options.token
   * @param {import('./retries.js').Retries} options.retries
   * @param {import('./standing.js').Standing} options.standing
   * @param {() => number} options.now
   * @param {{connected: () => void, error: (error: object) => void, unauthenticated: () => void}} options.on
   */
  constructor(options) {
    this.#o = options;
  }

  /** @param {any} frame */
  take(frame) {
    const { line, rooms, token, standing, now } = this.#o;
    standing.since = now();
    const data = frame.data ?? {};
    if (frame.event === 'connected') {
      if (line.isTrying) this.#connected(data);
    } else if (frame.event === 'authenticated') {
      this.#authRef = null;
      token.expires(data.expires_at);
    } else if (frame.event === 'error') {
      this.#refused(frame.ref, data);
    } else if (!line.isTrying) {
      if (frame.event === 'pong') token.clock(data.at);
      token.check();
      rooms.frame(frame);
    }
    this.settle();
  }

  /** @param {string} token */
  renew(token) {
    this.#authRef = this.#o.line.send('authenticate', { token });
  }

  /** The line is gone. */
  drop() {
    this.#authRef = null;
  }

  /** Live or not yet: follows from what the rooms have. */
  settle() {
    const { line, rooms, retries, standing } = this.#o;
    if (!line.isUp) return;
    if (rooms.complete) retries.live();
    standing.become(rooms.complete ? STATE.LIVE : STATE.CATCHING_UP);
  }

  /** @param {any} data */
  #connected(data) {
    const { line, rooms, token, standing, on } = this.#o;
    const { generation } = line;
    this.connects += 1;
    on.connected();
    line.opened(data.heartbeat);
    token.expires(data.expires_at);
    standing.become(STATE.CATCHING_UP);
    if (line.generation !== generation) return;
    rooms.connected(data);
    // The first answer tells the server's time, which the end of the token is counted by.
    line.ping();
  }

  /** @param {any} ref @param {any} data */
  #refused(ref, { code = '', detail = '' }) {
    const { line, rooms, on } = this.#o;
    const { generation } = line;
    if (ref == null) this.lastDetail = detail;
    const room = rooms.refused(ref, code, detail);
    on.error({ code, detail, room, ref });
    if (line.generation !== generation) return;
    // The token ran out, or the new one isn't for this connection (another user logged in): a new connection decides.
    // Too fast is no verdict on a token, it is sent again.
    const verdict = code === 'unauthenticated' || (ref === this.#authRef && code !== 'rate_limited');
    if (ref != null && verdict) on.unauthenticated();
  }
}
