/**
 * A server of protocol clinic.v1 that can misbehave in every way a real one, or the network, does.
 *
 *   server.mode        'ok' | 'refuse' (1006 before open) | 'mute' (opens, says nothing) | 'stall' (never opens)
 *   server.http        'ok' | 'down' | a status
 *   server.tamper      (frame, socket) => frames that really go out; may drop, double, hold back
 *   server.deaf        frames from the client get no answer, events still flow; 'dead': nothing flows
 *   server.answering   (command, socket) => true if it has been dealt with
 *   server.holds       (room) => {visits, appointments}: what a snapshot tells
 *   server.wire        (frame) => ms until it arrives; `latency` unless set
 */
export class FakeServer {
  mode = 'ok';
  http = 'ok';
  tamper = (frame) => [frame];
  answering = () => false;
  holds = () => ({ visits: [], appointments: [] });
  wire = () => this.latency;
  deaf = false;
  dead = false;
  latency = 1;
  heartbeat = 20;
  tokenLife = 300_000;
  skew = 0;
  /** Whether the fallback tells its epoch, and whether it looks at the client's. */
  pollEpoch = true;
  pollReadsEpoch = true;
  /** @type {Map<string, {head: number, log: any[], floor: number}>} */
  rooms = new Map();
  /** @type {FakeSocket[]} */
  sockets = [];
  /** @type {Array<{url: string, headers: any}>} */
  requests = [];
  /** @type {Array<{event: string, data: any, ref: any, at: number}>} */
  received = [];
  waiting = [];
  underWay = 0;
  mostUnderWay = 0;

  constructor(clock, epoch = 'e1') {
    this.clock = clock;
    this.epoch = epoch;
    const server = this;
    this.WebSocket = class extends FakeSocket {
      constructor(url, protocols) {
        super(server, url, protocols);
      }
    };
    this.fetch = (url, options) => {
      this.underWay += 1;
      this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
      return this.#answer(url, options).finally(() => (this.underWay -= 1));
    };
  }

  get now() {
    return this.clock.now() + this.skew;
  }

  /** The connection in use. */
  get socket() {
    return this.sockets.at(-1);
  }

  room(name) {
    if (!this.rooms.has(name)) this.rooms.set(name, { head: 0, log: [], floor: 0 });
    return this.rooms.get(name);
  }

  publish(name, event = 'queue_updated', data = { visits: [], snapshot: false }) {
    const room = this.room(name);
    const frame = { event, room: name, seq: ++room.head, at: new Date(this.now).toISOString(), data };
    room.log.push(frame);
    for (const socket of this.sockets) if (socket.up && socket.rooms.has(name)) this.push(socket, frame);
    for (const wake of this.waiting.splice(0)) wake();
    return frame;
  }

  snapshot(name) {
    return { event: 'queue_updated', room: name, seq: this.room(name).head, data: { date: '2026-11-23', ...this.holds(name), snapshot: true } };
  }

  commands(event) {
    return this.received.filter((each) => each.event === event);
  }

  /** Another history: as after a restored backup. */
  restore(epoch, heads = {}) {
    this.epoch = epoch;
    for (const [name, room] of this.rooms) Object.assign(room, { head: heads[name] ?? 0, log: [], floor: heads[name] ?? 0 });
  }

  push(socket, frame) {
    for (const each of this.tamper(frame, socket)) this.clock.timers.setTimeout(() => !this.dead && socket.deliver(each), this.wire(each));
  }

  opened(socket) {
    if (this.mode === 'stall') return;
    if (this.mode === 'refuse') {
      this.clock.timers.setTimeout(() => socket.hangUp(1006), this.latency);
      return;
    }
    this.clock.timers.setTimeout(() => {
      if (socket.readyState !== 0) return;
      socket.readyState = 1;
      socket.rooms.add('broadcast');
      if (this.mode === 'mute') return;
      this.push(socket, {
        event: 'connected',
        data: {
          protocol: 'clinic.v1', user: { id: 7 }, epoch: this.epoch, heartbeat: this.heartbeat,
          expires_at: new Date(this.now + this.tokenLife).toISOString(), rooms: { broadcast: this.room('broadcast').head },
        },
      });
    }, this.latency);
  }

  replay(name, since, epoch) {
    const room = this.room(name);
    const recovered = Number.isInteger(since) && epoch === this.epoch && since >= room.floor && since <= room.head;
    const rest = recovered ? room.log.filter((frame) => frame.seq > since) : name === 'broadcast' ? [] : [this.snapshot(name)];
    return { head: room.head, recovered, rest };
  }

  receive(socket, command) {
    this.received.push({ ...command, at: this.clock.now() });
    if (this.deaf || this.dead || this.answering(command, socket)) return;
    const { event, data, ref } = command;
    const say = (name, body) => this.push(socket, { event: name, data: body, ref });
    const join = (name) => {
      const { head, recovered, rest } = this.replay(name, data.since, data.epoch);
      socket.rooms.add(name);
      say('joined', { room: name, seq: head, recovered });
      for (const frame of rest) this.push(socket, frame);
    };
    const leave = (name) => {
      socket.rooms.delete(name);
      say('left', { room: name });
    };
    if (event === 'join_queue_room') join(`clinic_${data.clinic_id}`);
    else if (event === 'join_doctor_room') join(`doctor_${data.doctor_id}`);
    else if (event === 'resume_broadcast') join('broadcast');
    else if (event === 'leave_queue_room') leave(`clinic_${data.clinic_id}`);
    else if (event === 'leave_doctor_room') leave(`doctor_${data.doctor_id}`);
    else if (event === 'authenticate') say('authenticated', { expires_at: new Date(this.now + this.tokenLife).toISOString() });
    else if (event === 'ping') say('pong', { rooms: Object.fromEntries([...socket.rooms].map((name) => [name, this.room(name).head])), at: new Date(this.now).toISOString() });
    else say('error', { code: 'unknown_event', detail: event });
  }

  async #answer(url, { headers, signal }) {
    this.requests.push({ url, headers, signal, at: this.clock.now() });
    const { searchParams } = new URL(url);
    const asked = searchParams.getAll('room').map((each) => each.split(':'));
    const response = (status, body, extra = {}) => ({ status, ok: status < 300, headers: new Headers(extra), json: async () => body });
    await this.#pause(this.latency, signal);
    if (this.http === 'down') throw new TypeError('network');
    if (typeof this.http === 'function') return this.http({ asked, headers, response, signal });
    if (typeof this.http === 'number') return response(this.http, { detail: 'no', code: 'no' });
    const ready = () => asked.some(([name, seq]) => seq === undefined || this.room(name).head > Number(seq) || this.room(name).floor > Number(seq));
    if (!ready()) await this.#pause(Number(searchParams.get('wait')) * 1000, signal, true);
    const rooms = {};
    for (const [name, seq] of asked) {
      const epoch = this.pollReadsEpoch ? (searchParams.get('epoch') ?? this.epoch) : this.epoch;
      const { head, recovered, rest } = this.replay(name, seq === undefined ? undefined : Number(seq), epoch);
      rooms[name] = { seq: head, recovered, events: rest };
    }
    return response(200, { rooms, ...(this.pollEpoch && { epoch: this.epoch }) });
  }

  #pause(ms, signal, untilNews = false) {
    return new Promise((resolve, reject) => {
      const id = this.clock.timers.setTimeout(resolve, ms);
      if (untilNews) this.waiting.push(resolve);
      signal.addEventListener('abort', () => {
        this.clock.timers.clearTimeout(id);
        reject(new DOMException('aborted', 'AbortError'));
      });
    });
  }
}

export class FakeSocket {
  readyState = 0;
  onopen = null;
  onmessage = null;
  onclose = null;
  onerror = null;
  rooms = new Set();
  closedWith = null;

  constructor(server, url, protocols) {
    Object.assign(this, { server, url, protocols });
    server.sockets.push(this);
    server.opened(this);
  }

  get up() {
    return this.readyState === 1;
  }

  send(text) {
    if (this.readyState !== 1) throw new Error('not open');
    this.server.receive(this, JSON.parse(text));
  }

  /** By the client. */
  close(code) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.closedWith = code;
    this.rooms.clear();
  }

  /** By the server or the network. */
  hangUp(code) {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.rooms.clear();
    this.onclose?.({ code, reason: '' });
  }

  deliver(frame) {
    if (this.up) this.onmessage?.({ data: typeof frame === 'string' ? frame : JSON.stringify(frame) });
  }
}

/** Window, document and navigator in one. */
export class FakePage extends EventTarget {
  visibilityState = 'visible';
  onLine = true;
  #listeners = 0;
  window = this;
  document = this;
  navigator = this;

  get listeners() {
    return this.#listeners;
  }

  addEventListener(...args) {
    this.#listeners += 1;
    super.addEventListener(...args);
  }

  removeEventListener(...args) {
    this.#listeners -= 1;
    super.removeEventListener(...args);
  }

  fire(name) {
    this.dispatchEvent(new Event(name));
  }

  show(visible = true) {
    this.visibilityState = visible ? 'visible' : 'hidden';
    this.fire('visibilitychange');
  }

  network(up) {
    this.onLine = up;
    this.fire(up ? 'online' : 'offline');
  }
}
