import { Listeners } from './listeners.js';
import { applyAnswer, emptyState, reduce } from './store.js';

/** @typedef {import('./store.js').State} State */

/**
 * @typedef {object} Store its functions may be handed around without it
 * @property {() => State} getState another object only if something changed, and so are its tables
 * @property {(frame: any) => void} dispatch
 * @property {(kind: 'visit'|'appointment'|'doctor'|'payment'|'patient', entity: any) => void} answer
 * @property {(fn: (state: State, before: State) => void) => () => void} subscribe called after a change only
 */

/**
 * @param {State} [initial]
 * @param {(error: unknown) => void} [report] gets what a subscriber throws
 * @returns {Store}
 */
export function createStore(initial = emptyState(), report) {
  const listeners = new Listeners(report);
  let state = initial;
  /** @param {State} next */
  const set = (next) => {
    if (next === state) return;
    const before = state;
    state = next;
    listeners.emit('change', next, before);
  };
  return {
    getState: () => state,
    dispatch: (frame) => set(reduce(state, frame)),
    answer: (kind, entity) => set(applyAnswer(state, kind, entity)),
    subscribe: (fn) => listeners.add('change', fn),
  };
}

/**
 * Let a store hear everything that a socket hears.
 * @param {import('./socket.js').QueueSocket} socket
 * @param {Store} store
 * @returns {() => void} ends it
 */
export function follow(socket, { dispatch }) {
  const offs = [
    socket.onQueueUpdate(dispatch),
    socket.onNewCheckin(dispatch),
    socket.onVisitStatusChange(dispatch),
    socket.onAppointmentCreated(dispatch),
    socket.onAppointmentUpdated(dispatch),
    socket.onAppointmentCancelled(dispatch),
    socket.onPatientCreated(dispatch),
    socket.onPatientUpdated(dispatch),
    socket.onPaymentProcessed(dispatch),
    socket.onResync(dispatch),
  ];
  return () => {
    for (const off of offs) off();
  };
}
