/** The days of all clinics on the page: the first one is live.js's, the others are joined here, each with its own date. */

import { json } from '../dom.js';
import { dayOf } from '../time.js';

const LOOK = 10_000;
/** How soon to ask again if the server doesn't agree that a new day has begun. */
const ASK_AGAIN = 5 * 60_000;

/**
 * @param {import('../live.js').Live} live
 * @returns {(clinicId: number) => string} the date that is shown of a clinic
 */
export function daysOf({ store, socket, start, now, date }) {
  /** @type {Map<string, {id: number, zone: string, date: string, asked: number}>} by room */
  const others = new Map();
  for (const snapshot of json('others')) {
    const [id, { zone }] = /** @type {any} */ (Object.entries(start.clinics).find(([, clinic]) => /** @type {any} */ (clinic).room === snapshot.room));
    others.set(snapshot.room, { id: Number(id), zone, date: snapshot.date, asked: 0 });
    store.dispatch({ event: 'queue_updated', room: snapshot.room, data: { ...snapshot, snapshot: true } });
    socket.joinQueueRoom(Number(id), { since: snapshot.seq, epoch: snapshot.epoch });
  }
  socket.onQueueUpdate((/** @type {any} */ { room, data }) => {
    const day = others.get(room);
    if (day && data.snapshot) day.date = data.date;
  });
  setInterval(() => {
    for (const day of others.values()) {
      if (dayOf(now(), day.zone) === day.date || now() - day.asked < ASK_AGAIN) continue;
      day.asked = now();
      socket.leaveQueueRoom(day.id);
      socket.joinQueueRoom(day.id);
    }
  }, LOOK);
  const byId = new Map([...others.values()].map((day) => [day.id, day]));
  return (clinicId) => byId.get(clinicId)?.date ?? date();
}
