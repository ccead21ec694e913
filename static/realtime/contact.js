import { CLOSE, STATE } from './constants.js';
import { Frames } from './frames.js';
import { Line } from './line.js';
import { watchPage } from './page.js';
import { Poller } from './poll.js';
import { Retries } from './retries.js';
import { Token } from './token.js';

/**
 * Keeps a page in contact with the server until it is stopped: by the socket, over HTTP where none gets through, and by
 * nothing while nobody looks.
 */
export class Contact {
  isStopped = false;
  #o;
  #line;
  #retries;
  #token;
  #frames;
  #poller;
  #page;

  /**
   * @param {object} options
   * @param {{socket: string, http: string}} options.addresses
   * @param {ReturnType<typeof import('./options.js').toolsOf>} options.tools
   * @param {import('./options.js').Options['getToken']} options.getToken
   * @param {import('./subscriptions.js').Subscriptions} options.rooms
   * @param {import('./standing.js').Standing} options.standing
   * @param {(error: object) => void} options.onError
   * @param {() => void} options.onStop
   */
  constructor(options) {
    this.#o = options;
    const { addresses, tools, getToken, rooms, standing, onError } = options;
    const signedOut = () => this.stop();
    this.#retries = new Retries({ ...tools, attempt: () => this.try() });
    this.#token = new Token({ ...tools, getToken, on: { renewed: (token) => this.#frames.renew(token), signedOut } });
    this.#line = new Line({
      ...tools,
      url: addresses.socket,
      ask: () => this.#token.ask(),
      on: { frame: (frame) => this.#frames.take(frame), down: (code, hung) => this.#down(code, hung), signedOut },
    });
    this.#page = watchPage(tools.page, {
      online: () => this.#wake(true),
      shown: () => this.#wake(false),
      back: () => this.#wake(false),
      offline: () => {
        this.#line.probe();
        this.#rest();
      },
      hidden: () => this.#rest(),
      leave: () => this.#sleep(),
    });
    this.#poller = new Poller({
      ...tools,
      url: addresses.http,
      token: (stale) => this.#token.other(stale),
      cursors: () => rooms.cursors(),
      epoch: () => rooms.epoch,
      dormant: this.#page.dormant,
      on: {
        answer: (body) => this.#polled(body),
        refused: (room, detail) => rooms.drop(room, detail),
        failed: (error) => (error?.signedOut ? this.stop() : standing.become(STATE.OFFLINE)),
      },
    });
    this.#frames = new Frames({
      rooms,
      standing,
      line: this.#line,
      token: this.#token,
      retries: this.#retries,
      now: tools.now,
      on: { connected: () => this.#poller.stop(), error: onError, unauthenticated: () => this.#down(CLOSE.UNAUTHENTICATED) },
    });
  }

  try() {
    this.#line.try();
  }

  /** @param {string} event @param {object} data */
  send(event, data) {
    return this.#line.send(event, data);
  }

  /** The page follows other rooms than before. */
  changed() {
    this.#poller.poke();
    this.#frames.settle();
  }

  /** For good. @param {number} [code] */
  stop(code) {
    if (this.isStopped) return;
    this.isStopped = true;
    this.#o.onStop();
    this.#drop();
    this.#poller.stop();
    this.#page.stop();
    this.#o.standing.become(STATE.SIGNED_OUT, { code, detail: this.#frames.lastDetail });
  }

  stats() {
    return {
      generation: this.#line.generation,
      reconnects: Math.max(0, this.#frames.connects - 1),
      failures: this.#retries.failures,
      polls: this.#poller.polls,
      timers: this.#line.timers + this.#retries.timers + this.#token.timers + this.#poller.timers,
    };
  }

  /** The try, or the connection, is over. @param {number} code @param {boolean} [hung] */
  #down(code, hung = false) {
    const failed = !this.#retries.isHealthy;
    const worked = this.#line.isUp;
    this.#drop();
    if (code === CLOSE.DISABLED) {
      this.stop(code);
      return;
    }
    if (failed) this.#retries.failures += 1;
    // One that hung has cost more time than five that were refused, and it is what proxies do that don't know sockets.
    if (code !== CLOSE.TOO_MANY && (this.#retries.givenUp || hung)) this.#poller.start();
    const polling = this.#poller.running;
    this.#retries.plan(code, { polling, dormant: this.#page.dormant() });
    // Between two connections it is connecting; once a try has failed it is honest to say that there is no line.
    // HTTP, if it was just asked for, has not answered yet: until then nothing is live.
    if (worked || !polling) this.#o.standing.become(worked ? STATE.CONNECTING : STATE.OFFLINE, { code });
  }

  /** Let go of the line, and of all that hangs on it. */
  #drop() {
    this.#line.drop();
    this.#frames.drop();
    this.#token.rest();
    this.#retries.drop();
    this.#o.rooms.detach();
  }

  /** @param {any} body */
  #polled(body) {
    const { standing, rooms, tools } = this.#o;
    standing.since = tools.now();
    // The server answers again: a socket may get through too. Once, or a line that lets HTTP through alone would be asked all the time.
    if (standing.state === STATE.OFFLINE) this.#retries.soon();
    standing.become(STATE.POLLING);
    return rooms.polled(body);
  }

  /** The network is back, or somebody looks. @param {boolean} network */
  #wake(network) {
    if (this.isStopped) return;
    if (this.#line.isUp) {
      if (this.#line.silent) {
        // The machine slept. Asking a dead line would cost seconds in which the screen claims to be live.
        this.#drop();
        this.#o.standing.become(STATE.CONNECTING);
        this.try();
        return;
      }
      this.#line.probe();
      this.#token.check();
      return;
    }
    if (this.#poller.running) this.#poller.poke();
    // Back from where the page was put away: sockets didn't get through then.
    else if (this.#retries.givenUp && this.#retries.quietFor === 0) this.#poller.start();
    // A try from before the network came back won't get anywhere; one that runs while somebody looks may.
    if (this.#line.isTrying && !network) return;
    this.#drop();
    this.#retries.now();
  }

  /** Nobody looks and there is no network: wait for an event, not for a clock. */
  #rest() {
    if (!this.#page.dormant()) return;
    this.#retries.rest();
    this.#poller.rest();
  }

  /** The page is put away, perhaps to come back as it is. */
  #sleep() {
    if (this.isStopped) return;
    this.#drop();
    this.#poller.stop();
    this.#o.standing.become(STATE.OFFLINE);
  }
}
