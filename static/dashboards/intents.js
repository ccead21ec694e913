/**
 * What was just asked for, shown before the server has answered: laid over the store, never into it. A refusal takes
 * it away again, an answer or an event replaces it; so nothing false is ever held.
 */

/** @typedef {import('../realtime/create-store.js').Store} Store */
/** @typedef {Store & {intend: (kind: 'visit'|'appointment', id: number, change: Record<string, any>|null) => () => void, now: () => number}} HopefulStore */

const TABLE = /** @type {const} */ ({ visit: 'visits', appointment: 'appointments' });

/**
 * @param {Store} store
 * @param {() => number} now by the server's clock
 * @returns {HopefulStore} the same store, whose state shows what is intended; `intend` returns what takes it back
 */
export function withIntents(store, now) {
  /** @type {Set<{kind: 'visit'|'appointment', id: number, change: Record<string, any>}>} */
  const intents = new Set();
  /** @type {Set<(state: any, before: any) => void>} */
  const listeners = new Set();
  let below = store.getState();
  let shown = below;

  const compute = () => {
    below = store.getState();
    shown = below;
    for (const { kind, id, change } of intents) {
      const table = TABLE[kind];
      const held = shown[table][id];
      if (held) shown = { ...shown, [table]: { ...shown[table], [id]: { ...held, ...change, isPending: true } } };
    }
  };
  const tell = () => {
    const before = shown;
    compute();
    for (const fn of [...listeners]) fn(shown, before);
  };
  store.subscribe(tell);

  return {
    ...store,
    now,
    getState() {
      if (below !== store.getState()) compute();
      return shown;
    },
    subscribe(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
    intend(kind, id, change) {
      if (!change) return () => {};
      const intent = { kind, id, change };
      intents.add(intent);
      tell();
      return () => {
        if (intents.delete(intent)) tell();
      };
    },
  };
}

/**
 * What a step will most likely lead to, as far as a row shows it.
 * @param {any} visit
 * @param {string} verb
 * @param {any} body
 * @param {number} now
 * @returns {Record<string, any>|null} null: it can't be told, wait for the answer
 */
export function expected(visit, verb, body, now) {
  const at = new Date(now).toISOString();
  switch (verb) {
    case 'call':
      return { status: 'called', called_at: at, call_count: visit.call_count + 1 };
    case 'start':
      return { status: 'in_progress', started_at: at };
    case 'complete':
      return { status: 'completed', completed_at: at };
    case 'skip':
      return { status: 'skipped' };
    case 'return':
      return { status: 'waiting' };
    case 'leave':
      return { status: 'left' };
    case 'cancel':
      return { status: 'cancelled' };
    case 'priority':
      return { priority: body.priority };
    default:
      return null;
  }
}
