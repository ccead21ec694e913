/**
 * The real-time client, protocol clinic.v1. What a page must know:
 *
 *   const socket = new QueueSocket({ url: '/ws/queue/', getToken, broadcast: { since, epoch } });
 *   const store = createStore();
 *   follow(socket, store);                          // every event goes into the store
 *   store.dispatch(snapshotInThePage);              // the queue_updated frame it was rendered from
 *   socket.joinQueueRoom(3, { since, epoch });      // its seq, and the epoch: no gap, no second fetch
 *   store.subscribe((state) => draw(queueOf(state, { clinicId: 3, date })));
 *   const off = socket.onNewCheckin((frame) => announce(frame.data.visit));
 *
 * - A page has one connection: `new` with the same address gives the one there is, and its `close` closes it for all.
 * - It connects by itself. `getToken()` gives an access token; null or an error with `signedOut: true` ends it all with
 *   state 'signed out', any other error is tried again.
 * - Listeners get the whole frame {event, room, seq, at, data}, each event of a room once and in order. A clinic's and a
 *   doctor's room both tell of the same visit: that is two frames, and one change in the store. One listener that throws
 *   doesn't stop the others. Every on… returns the function that takes the listener off.
 * - State: 'connecting', 'live' (and only then the screen shows what the database holds), 'catching up', 'polling',
 *   'offline' (`since`: the last good contact), 'signed out' (for good; `code` 4403: the account is disabled).
 *   onStateChange tells changes only; `socket.state` and `socket.since` tell the present.
 * - onRemoved: a room the page didn't leave is gone (rights taken away, join refused). onError: the server's `error`
 *   frames, for a person to read. onResync: fetch again, see announcer.js.
 * - REST answers: store.answer('visit' | 'appointment' | 'payment' | 'patient', object). The echo then changes nothing.
 *   A REST snapshot: store.dispatch({ event: 'queue_updated', room, data: { date, visits, appointments, snapshot: true } }).
 */
export { QueueSocket } from './socket.js';
export { createStore, follow } from './create-store.js';
export { applyAnswer, belongs, emptyState, reduce } from './store.js';
export { appointmentsOf, queueOf, snapshotOf } from './selectors.js';
export { BROADCAST, CLOSE, EVENT, PROTOCOL, STATE } from './constants.js';
