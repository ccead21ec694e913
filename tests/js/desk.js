import { QueueSocket } from '../../static/realtime/index.js';
import { FakeClock } from './fake-clock.js';
import { FakePage, FakeServer } from './fake-server.js';

/**
 * A client, its server, clock and page, and a record of what the client told its page.
 */
export function desk(options = {}) {
  const clock = new FakeClock();
  const server = options.server?.(clock) ?? new FakeServer(clock);
  const page = new FakePage();
  const tokens = { asked: 0, give: () => `token-${tokens.asked}` };
  const reported = [];
  const socket = new QueueSocket({
    url: 'wss://desk.example/ws/queue/',
    getToken: async () => {
      tokens.asked += 1;
      return tokens.give();
    },
    WebSocket: server.WebSocket,
    fetch: server.fetch,
    timers: clock.timers,
    now: clock.now,
    random: options.random ?? (() => 0.5),
    page,
    report: (error) => reported.push(error),
    ...(options.broadcast && { broadcast: options.broadcast }),
  });
  const seen = { states: [], frames: [], errors: [], removed: [], resyncs: [] };
  socket.onStateChange((change) => seen.states.push(change));
  socket.onError((error) => seen.errors.push(error));
  socket.onRemoved((gone) => seen.removed.push(gone));
  socket.onResync((resync) => seen.resyncs.push(resync));
  for (const name of ['onQueueUpdate', 'onNewCheckin', 'onPatientUpdated', 'onPaymentProcessed']) socket[name]((frame) => seen.frames.push(frame));
  const kit = {
    clock, server, page, socket, tokens, seen, reported,
    seqs: (room) => seen.frames.filter((frame) => frame.room === room).map((frame) => frame.seq),
    events: (room) => seen.frames.filter((frame) => frame.room === room && !frame.data.snapshot).map((frame) => frame.seq),
    states: () => seen.states.map((change) => change.state),
    /** Until nothing is on its way: a moment, far below any timer of the client. */
    moment: (ms = 20) => clock.advance(ms),
    async live(...rooms) {
      for (const room of rooms) socket.joinQueueRoom(room);
      await clock.advance(20);
      return kit;
    },
  };
  return kit;
}
