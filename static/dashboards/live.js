/**
 * What every live page does: the store starts with the snapshot that the page was rendered from, the socket joins with its
 * number, events change the store, the store draws. Nothing is fetched again.
 */

import { createStore, follow, QueueSocket, snapshotOf } from '../realtime/index.js';
import { whenSignedOut } from './api.js';
import { hushUnanswered } from './commands.js';
import { byId, json, oncePerFrame, setText } from './dom.js';
import { withIntents } from './intents.js';
import { showLight } from './light.js';
import { warmAll } from './on-demand.js';
import { watchRelease } from './release.js';
import { getToken } from './session.js';
import { dayOf, serverClock, written } from './time.js';
import { useWords } from './words.js';

/** How often what depends on the clock is drawn anew: waiting times, lateness, the day. */
const TICK = 10_000;
/** How soon to ask again if the server doesn't agree that a new day has begun. */
const ASK_AGAIN = 5 * 60_000;
/** When what is rarely opened is fetched too: long after the page has begun to be used. */
const WARM_AFTER = 30_000;

/**
 * @typedef {object} Live
 * @property {import('./intents.js').HopefulStore} store
 * @property {QueueSocket} socket
 * @property {any} start what the server gave this page
 * @property {() => number} now by the server's clock
 * @property {() => string} date the day that is shown
 * @property {string} zone
 * @property {() => void} redraw soon
 */

/**
 * @param {object} page
 * @param {'clinic'|'doctor'} page.kind
 * @param {(live: Live) => () => void} page.begin gets everything ready, gives the function that draws the page
 */
export function goLive({ kind, begin }) {
  useWords(json('words'));
  const start = json('start');
  const snapshot = json('snapshot');
  const zone = /** @type {any} */ (document.querySelector('main')).dataset.timezone;
  const now = serverClock(start.now);
  const id = start[kind];
  const { epoch } = snapshot;
  let { date } = snapshot;
  let drawn = date;

  const store = withIntents(createStore(), now);
  store.dispatch({ event: 'queue_updated', room: snapshot.room, data: { ...snapshot, snapshot: true } });
  const socket = new QueueSocket({ url: '/ws/queue/', getToken, broadcast: start.broadcast });
  /** @param {{since: number, epoch: string}} [from] */
  const join = (from) => (kind === 'clinic' ? socket.joinQueueRoom(id, from) : socket.joinDoctorRoom(id, from));
  const leave = () => (kind === 'clinic' ? socket.leaveQueueRoom(id) : socket.leaveDoctorRoom(id));

  let draw = () => {};
  const redraw = oncePerFrame(() => {
    if (date !== drawn) {
      drawn = date;
      setText(byId('today'), written(date, 'long'));
    }
    draw();
  });
  const live = { store, socket, start, now, date: () => date, zone, redraw };

  // Before the store hears it, so that a snapshot of a new day is drawn as that day.
  socket.onQueueUpdate((frame) => {
    if (frame.room === snapshot.room && frame.data.snapshot) date = frame.data.date;
  });
  follow(socket, store);
  store.subscribe(redraw);
  draw = begin(live);
  join({ since: snapshot.seq, epoch });

  // A page that finds out by a click that nobody is logged in is told so by the socket's next try; sooner is better.
  whenSignedOut(() => {
    if (socket.state !== 'signed out') socket.close();
  });
  socket.onStateChange(({ state }) => {
    if (state === 'live') hushUnanswered();
  });
  watchRelease(socket);
  showLight(socket, { zone, renderedAt: Date.parse(start.now), login: start.login });

  let asked = 0;
  setInterval(() => {
    // At the clinic's midnight the server's snapshot is another one: join as if for the first time.
    if (dayOf(now(), zone) !== date && now() - asked > ASK_AGAIN && ['live', 'polling'].includes(socket.state)) {
      asked = now();
      leave();
      join();
    }
    redraw();
  }, TICK);
  // For support, in the browser's console: how the line is, and what to compare with the server's GET /api/queue/….
  Object.defineProperty(globalThis, 'frontDesk', {
    value: Object.freeze({ stats: () => socket.stats(), snapshot: () => snapshotOf(store.getState(), snapshot.room, date) }),
  });
  // Not while the line is cut: some browsers never try again what they couldn't fetch.
  const warm = () => (['live', 'polling'].includes(socket.state) ? warmAll() : warmLater());
  const warmLater = () => void setTimeout(warm, WARM_AFTER);
  warmLater();
  document.documentElement.classList.add('js');
  redraw();
  return live;
}
