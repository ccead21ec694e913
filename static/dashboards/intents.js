/**
 * What was just asked for, shown before the server has answered: laid over the store, never into it. A refusal takes
 * it away again, an answer or an event replaces it; so nothing false is ever held.
 */

/** @typedef {import('../realtime/create-store.js').Store} Store */
/**
 * @typedef {object} Hope
 * @property {(kind: 'visit'|'appointment', id: number, change: Record<string, any>|null) => () => void} intend null: it can't
 *   be told what will come of it, but it is ours
 * @property {(kind: 'visit'|'appointment', id: number) => boolean} isOurs whether what is heard of it now comes of a step
 *   from here: the answer and the event may come in any order
 * @property {() => number} now
 */
/** @typedef {Store & Hope} HopefulStore */

/** So long after the answer the event of the same step may still come. */
const ECHO = 3_000;

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
  /** What was done from here: how many steps run, and when the last one ended. @type {Map<string, {running: number, ended: number}>} */
  const ours = new Map();
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

  /** @param {string} key */
  const begin = (key) => {
    for (const [other, { running, ended }] of ours) if (!running && now() - ended > ECHO) ours.delete(other);
    const step = ours.get(key) ?? { running: 0, ended: 0 };
    ours.set(key, step);
    step.running += 1;
    return () => {
      step.running -= 1;
      step.ended = now();
    };
  };

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
      const end = begin(`${kind} ${id}`);
      const intent = change && { kind, id, change };
      if (intent) {
        intents.add(intent);
        tell();
      }
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        end();
        if (intent && intents.delete(intent)) tell();
      };
    },
    isOurs(kind, id) {
      const step = ours.get(`${kind} ${id}`);
      return step !== undefined && (step.running > 0 || now() - step.ended <= ECHO);
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
