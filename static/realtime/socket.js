import { CLOSE, STATE, TIMING } from './constants.js';
import { Alarms } from './alarms.js';
import { Announcer } from './announcer.js';
import { retryDelay } from './backoff.js';
import { Connection } from './connection.js';
import { inPage } from './in-page.js';
import { Listeners } from './listeners.js';
import { addressesOf, toolsOf } from './options.js';
import { watchPage } from './page.js';
import { Poller } from './poll.js';
import { Subscriptions } from './subscriptions.js';
import { Token } from './token.js';

/** @typedef {import('./constants.js').Start} Start */
/** @typedef {import('./options.js').Options} Options */

/**
 * The live connection of a page (contract, section 9). Connects by itself, and again, until it is closed. A page has one for
 * an address: `new` gives the one there is, whoever made it, until that is closed or signed out.
 */
export class QueueSocket extends Announcer {
  /** @type {import('./constants.js').State} */
  #state = STATE.CONNECTING;
  /** @type {number|null} */
  #since = null;
  #url;
  #forget;
  #WebSocket;
  #timers;
  #now;
  #random;
  #listeners;
  #alarms;
  #rooms;
  #poller;
  #token;
  #page;
  /** @type {Connection|null} */
  #link = null;
  /** Counts tries and their ends. Whatever awaited something and finds another number has been overtaken. */
  #generation = 0;
  #trying = false;
  #ref = 0;
  #connects = 0;
  #failures = 0;
  #healthy = false;
  #stopped = false;
  /** What 4429 asked for. */
  #quiet = { until: 0, atMost: 0 };
  /** @type {number|null} */
  #authRef = null;
  #lastDetail = '';

  /** @param {Options} options */
  constructor({ getToken, broadcast, ...options }) {
    const addresses = addressesOf(options);
    const { WebSocket, fetch, timers, now, random, page } = toolsOf(options);
    const open = inPage(page.window);
    const held = open.get(addresses.socket);
    if (held) return held;
    const listeners = new Listeners(options.report);
    super(listeners);
    this.#forget = () => open.delete(addresses.socket);
    this.#url = addresses.socket;
    this.#WebSocket = WebSocket;
    this.#timers = timers;
    this.#now = now;
    this.#random = random;
    this.#listeners = listeners;
    this.#alarms = new Alarms(timers);
    this.#rooms = new Subscriptions({
      send: (event, data) => this.#link?.send(event, data) ?? 0,
      emit: (name, value) => listeners.emit(name, value),
      timers,
      random,
      broadcast,
    });
    this.#token = new Token({
      getToken,
      timers,
      now,
      random,
      on: {
        renewed: (token) => {
          if (this.#link) this.#authRef = this.#link.send('authenticate', { token });
        },
        signedOut: () => this.#stop(),
      },
    });
    this.#page = watchPage(page, {
      online: () => this.#wake(true),
      shown: () => this.#wake(false),
      back: () => this.#wake(false),
      offline: () => {
        this.#link?.probe();
        this.#rest();
      },
      hidden: () => this.#rest(),
      leave: () => this.#sleep(),
    });
    this.#poller = new Poller({
      url: addresses.http,
      fetch,
      token: (stale) => this.#token.other(stale),
      cursors: () => this.#rooms.cursors(),
      epoch: () => this.#rooms.epoch,
      timers,
      now,
      random,
      dormant: this.#page.dormant,
      on: {
        answer: (body) => this.#polled(body),
        refused: (room, detail) => this.#rooms.drop(room, detail),
        failed: (error) => (error?.signedOut ? this.#stop() : this.#set(STATE.OFFLINE)),
      },
    });
    open.set(addresses.socket, this);
    this.#try();
  }

  /** @returns {import('./constants.js').State} */
  get state() {
    return this.#state;
  }

  /** Time of the last good contact, ms since 1970; null if there was none yet. */
  get since() {
    return this.#since;
  }

  /**
   * Follow a clinic's room, through every reconnect, until it is left. Again: nothing happens.
   * @param {number|string} clinicId
   * @param {Partial<Start>} [start] the snapshot the page already shows; without it, or without its epoch, one is sent
   */
  joinQueueRoom(clinicId, start) {
    this.#join(`clinic_${id(clinicId)}`, start);
  }

  /** @param {number|string} clinicId */
  leaveQueueRoom(clinicId) {
    this.#leave(`clinic_${id(clinicId)}`);
  }

  /** As `joinQueueRoom`. @param {number|string} doctorId @param {Partial<Start>} [start] */
  joinDoctorRoom(doctorId, start) {
    this.#join(`doctor_${id(doctorId)}`, start);
  }

  /** @param {number|string} doctorId */
  leaveDoctorRoom(doctorId) {
    this.#leave(`doctor_${id(doctorId)}`);
  }

  /** The page is done, or its user logged out. There is no way back: make a new one. */
  close() {
    this.#stop();
    this.#rooms.clear();
    this.#listeners.close();
  }

  /** Counters for tests and support. */
  stats() {
    return {
      state: this.#state,
      generation: this.#generation,
      listeners: this.#listeners.size,
      rooms: this.#rooms.size,
      reconnects: Math.max(0, this.#connects - 1),
      failures: this.#failures,
      ...this.#rooms.counters,
      resyncs: this.#rooms.resyncs,
      strays: this.#rooms.strays,
      polls: this.#poller.polls,
      timers: this.#alarms.size + this.#token.timers + this.#rooms.timers + this.#poller.timers + (this.#link?.timers ?? 0),
    };
  }

  /** Sockets don't get through, as far as we know. */
  get #givenUp() {
    return this.#failures >= TIMING.TRIES_BEFORE_POLLING;
  }

  /** ms; never more than was asked for, whatever became of the clock since. */
  get #quietFor() {
    return Math.min(Math.max(this.#quiet.until - this.#now(), 0), this.#quiet.atMost);
  }

  /** @param {string} name @param {Partial<Start>} [start] */
  #join(name, start) {
    if (this.#stopped || !this.#rooms.join(name, start)) return;
    this.#poller.poke();
    this.#settle();
  }

  /** @param {string} name */
  #leave(name) {
    if (!this.#rooms.leave(name)) return;
    this.#poller.poke();
    this.#settle();
  }

  async #try() {
    this.#alarms.clear('retry');
    this.#generation += 1;
    this.#trying = true;
    const generation = this.#generation;
    const over = () => generation !== this.#generation;
    this.#alarms.set('token', TIMING.OPEN_TIMEOUT, () => this.#down(0));
    try {
      const token = await this.#token.ask();
      if (over()) return;
      this.#alarms.clear('token');
      /** @type {Connection} */
      const link = new Connection({
        url: this.#url,
        token,
        WebSocket: this.#WebSocket,
        timers: this.#timers,
        now: this.#now,
        nextRef: () => (this.#ref += 1),
        on: {
          frame: (frame) => {
            if (!over()) this.#frame(link, frame);
          },
          down: (code, hung) => {
            if (!over()) this.#down(code, hung);
          },
        },
      });
      this.#link = link;
    } catch (error) {
      if (over()) return;
      if (/** @type {any} */ (error)?.signedOut) this.#stop();
      else this.#down(0);
    }
  }

  /** The try, or the connection, is over. @param {number} code @param {boolean} [hung] */
  #down(code, hung = false) {
    const failed = !this.#healthy;
    const worked = this.#link !== null && !this.#trying;
    this.#drop();
    if (code === CLOSE.DISABLED) {
      this.#stop(code);
      return;
    }
    if (failed) this.#failures += 1;
    // One that hung has cost more time than five that were refused, and it is what proxies do that don't know sockets.
    if (code !== CLOSE.TOO_MANY && (this.#givenUp || hung)) this.#poller.start();
    const polling = this.#poller.running;
    const delay = retryDelay({ code, failures: this.#failures, polling: polling && this.#givenUp }, this.#random);
    if (code === CLOSE.TOO_MANY) this.#quiet = { until: this.#now() + delay, atMost: delay };
    if (!this.#page.dormant()) this.#alarms.set('retry', delay, () => this.#try());
    // Between two connections it is connecting; once a try has failed it is honest to say that there is no line.
    // HTTP, if it was just asked for, has not answered yet: until then nothing is live.
    if (worked || !polling) this.#set(worked ? STATE.CONNECTING : STATE.OFFLINE, { code });
  }

  /** Let go of the line, and of whatever is under way to get one. */
  #drop() {
    this.#generation += 1;
    this.#trying = false;
    this.#link?.drop();
    this.#link = null;
    this.#authRef = null;
    this.#token.rest();
    this.#healthy = false;
    this.#alarms.clearAll();
    this.#rooms.detach();
  }

  /** @param {number} [code] */
  #stop(code) {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#forget();
    this.#drop();
    this.#poller.stop();
    this.#page.stop();
    this.#set(STATE.SIGNED_OUT, { code, detail: this.#lastDetail });
  }

  /** @param {Connection} link @param {any} frame */
  #frame(link, frame) {
    this.#since = this.#now();
    const data = frame.data ?? {};
    if (frame.event === 'connected') {
      if (this.#trying) this.#connected(link, data);
    } else if (frame.event === 'authenticated') {
      this.#authRef = null;
      this.#token.expires(data.expires_at);
    } else if (frame.event === 'error') {
      this.#refused(frame.ref, data);
    } else if (!this.#trying) {
      if (frame.event === 'pong') this.#token.clock(data.at);
      this.#token.check();
      this.#rooms.frame(frame);
    }
    this.#settle();
  }

  /** @param {Connection} link @param {any} data */
  #connected(link, data) {
    this.#trying = false;
    this.#connects += 1;
    this.#poller.stop();
    link.watch(data.heartbeat);
    this.#token.expires(data.expires_at);
    this.#set(STATE.CATCHING_UP);
    if (this.#link !== link) return;
    this.#rooms.connected(data);
    // The first answer tells the server's time, which the end of the token is counted by.
    link.ping();
  }

  /** @param {any} ref @param {any} data */
  #refused(ref, { code = '', detail = '' }) {
    if (ref == null) this.#lastDetail = detail;
    const link = this.#link;
    const room = this.#rooms.refused(ref, code, detail);
    this.#listeners.emit('error', { code, detail, room, ref });
    if (!link || this.#link !== link) return;
    // The token ran out, or the new one isn't for this connection (another user logged in): a new connection decides.
    // Too fast is no verdict on a token, it is sent again.
    const verdict = code === 'unauthenticated' || (ref === this.#authRef && code !== 'rate_limited');
    if (ref != null && verdict) this.#down(CLOSE.UNAUTHENTICATED);
  }

  /** Live or not yet: follows from what the rooms have. */
  #settle() {
    if (!this.#link || this.#trying) return;
    if (!this.#rooms.complete) {
      this.#set(STATE.CATCHING_UP);
      return;
    }
    if (!this.#healthy && !this.#alarms.has('healthy')) {
      this.#alarms.set('healthy', TIMING.HEALTHY_AFTER, () => {
        this.#healthy = true;
        this.#failures = 0;
      });
    }
    this.#set(STATE.LIVE);
  }

  /** @param {any} body */
  #polled(body) {
    this.#since = this.#now();
    // The server answers again: a socket may get through too. Once, or a line that lets HTTP through alone would be asked all the time.
    if (this.#state === STATE.OFFLINE && this.#alarms.has('retry')) {
      this.#alarms.set('retry', Math.max(this.#quietFor, TIMING.BACK_WITHIN * this.#random()), () => this.#try());
    }
    this.#set(STATE.POLLING);
    return this.#rooms.polled(body);
  }

  /** @param {import('./constants.js').State} state @param {{code?: number, detail?: string}} [why] */
  #set(state, why) {
    if (state === this.#state) return;
    const previous = this.#state;
    this.#state = state;
    this.#listeners.emit('state', { state, previous, since: this.#since, ...(why?.code && { code: why.code }), ...(why?.detail && { detail: why.detail }) });
  }

  /** The network is back, or somebody looks. @param {boolean} network */
  #wake(network) {
    if (this.#stopped) return;
    const link = this.#link;
    if (link && !this.#trying) {
      if (link.silent) {
        // The machine slept. Asking a dead line would cost seconds in which the screen claims to be live.
        this.#drop();
        this.#set(STATE.CONNECTING);
        this.#try();
        return;
      }
      link.probe();
      this.#token.check();
      return;
    }
    const quiet = this.#quietFor;
    if (this.#poller.running) this.#poller.poke();
    // Back from where the page was put away: sockets didn't get through then.
    else if (this.#givenUp && quiet === 0) this.#poller.start();
    // A try from before the network came back won't get anywhere; one that runs while somebody looks may.
    if (this.#trying && !network) return;
    this.#drop();
    if (quiet > 0) this.#alarms.set('retry', quiet, () => this.#try());
    else this.#try();
  }

  /** Nobody looks and there is no network: wait for an event, not for a clock. */
  #rest() {
    if (!this.#page.dormant()) return;
    this.#alarms.clear('retry');
    this.#poller.rest();
  }

  /** The page is put away, perhaps to come back as it is. */
  #sleep() {
    if (this.#stopped) return;
    this.#drop();
    this.#poller.stop();
    this.#set(STATE.OFFLINE);
  }
}

/** @param {number|string} value */
function id(value) {
  const n = Number(value);
  if (!Number.isSafeInteger(n) || n < 1) throw new TypeError(`Not the id of a room: ${value}`);
  return n;
}
