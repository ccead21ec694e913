/** What others changed is marked where it stands, once and for a moment; what was done from here is not. */

/** As long as a glance away from the screen. */
const LASTS = 4_000;
/** What of a visit or an appointment a row shows. */
const SHOWN = ['status', 'call_count', 'priority', 'payment_status', 'rank', 'start'];

/** @typedef {'visit'|'appointment'} Kind */
const TABLES = /** @type {const} */ ([
  ['visit', 'visits'],
  ['appointment', 'appointments'],
]);

/** @param {any} a @param {any} b */
const looksOther = (a, b) => SHOWN.some((name) => a[name] !== b[name]) || a.doctor.id !== b.doctor.id || a.patient.name !== b.patient.name;

/**
 * @param {import('./intents.js').HopefulStore} store
 * @param {() => void} redraw
 * @returns {(kind: Kind, id: number) => boolean} whether it is marked now
 */
export function marks(store, redraw) {
  /** @type {Map<string, number>} until when */
  const marked = new Map();
  store.subscribe((state, before) => {
    let any = false;
    for (const [kind, table] of TABLES) {
      if (state[table] === before[table]) continue;
      for (const entity of Object.values(state[table])) {
        const old = before[table][entity.id];
        if (!old || old === entity || store.isOurs(kind, entity.id) || !looksOther(old, entity)) continue;
        marked.set(`${kind} ${entity.id}`, store.now() + LASTS);
        any = true;
      }
    }
    if (any) setTimeout(redraw, LASTS + 50);
  });
  return (kind, id) => {
    const until = marked.get(`${kind} ${id}`);
    if (until === undefined) return false;
    if (store.now() < until) return true;
    marked.delete(`${kind} ${id}`);
    return false;
  };
}
