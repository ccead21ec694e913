/** Calls of the API from a page: who we are is the session cookie, CSRF is proved, and an intent is done once. */

import { t } from './words.js';

/** What was said of a field, or of the fields within it. @param {any} said @returns {string} */
const sentencesOf = (said) => (said instanceof Object ? Object.values(said).map(sentencesOf).join(' ') : String(said));

/**
 * A call that didn't do what was wanted, with a sentence for the person who clicked.
 */
export class Refusal extends Error {
  /**
   * @param {number} status 0: no answer
   * @param {string} detail
   * @param {any} [body]
   */
  constructor(status, detail, body = {}) {
    super(detail);
    this.status = status;
    this.body = body;
  }

  get code() {
    return this.body?.code ?? '';
  }

  /** The object as it is now, where the server gave it. */
  get current() {
    return this.body?.current ?? null;
  }

  /** Sentences by field of a refused form. @returns {Record<string, string>} */
  get fields() {
    if (this.status !== 400 || this.body?.code) return {};
    return Object.fromEntries(Object.entries(this.body ?? {}).map(([name, said]) => [name, sentencesOf(said)]));
  }
}

/** @type {Set<() => void>} */
const onSignedOut = new Set();

/** @param {() => void} fn told when a call finds that nobody is logged in */
export const whenSignedOut = (fn) => onSignedOut.add(fn);

/** Read anew for each call: a log-in in another tab changes it. */
export const csrfToken = () =>
  /(?:^|;\s*)csrftoken=([^;]+)/.exec(document.cookie)?.[1] ?? /** @type {any} */ (document.querySelector('[name=csrfmiddlewaretoken]'))?.value ?? '';

/** Not crypto.randomUUID: that is missing where the page comes over plain HTTP in the clinic's own network. */
const newKey = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** @param {number} ms */
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param {string} path @param {AbortSignal} [signal] */
export const get = (path, signal) => call('GET', path, { signal });

/** A question that doesn't belong into an address. It changes nothing, so it needs no key. @param {string} path @param {object} body @param {AbortSignal} [signal] */
export const ask = (path, body, signal) => call('POST', path, { body, signal });

/** Put the `version` seen into the body: sent twice, the second is refused and nothing is done twice. @param {string} path @param {object} body */
export const patch = (path, body) => call('PATCH', path, { body });

/**
 * Intents that are under way, or whose end isn't known: what, and the key they were sent with.
 * @type {Map<string, {key: string, at: number, running: Promise<any>|null}>}
 */
const intents = new Map();
const REMEMBERED = 10 * 60_000;

/**
 * Do something once. The same intent again while it runs is the same call; after no answer it is sent with the same key, so
 * whatever happened to the first, it is done once. Put the `version` seen into the body, and an intent is bound to that
 * state of things.
 * @param {string} path
 * @param {object} [body]
 * @param {string|number} [seen] where no version belongs into the body: the state of things that the intent is bound to
 * @returns {Promise<any>}
 */
export function post(path, body = {}, seen = '') {
  const what = `${path}\n${seen}\n${JSON.stringify(body)}`;
  const now = Date.now();
  for (const [other, intent] of intents) if (!intent.running && now - intent.at > REMEMBERED) intents.delete(other);
  const held = intents.get(what);
  if (held?.running) return held.running;
  const intent = held ?? { key: newKey(), at: now, running: null };
  intents.set(what, intent);
  intent.running = send(path, body, intent.key).then(
    (answer) => {
      intents.delete(what);
      return answer;
    },
    (refusal) => {
      // An answer ends the intent; silence, or "busy", doesn't.
      if (refusal.status > 0 && refusal.status < 500 && refusal.code !== 'idempotency_key_in_use') intents.delete(what);
      intent.running = null;
      throw refusal;
    },
  );
  return intent.running;
}

/** @param {string} path @param {object} body @param {string} key */
async function send(path, body, key) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await call('POST', path, { body, key });
    } catch (error) {
      // The first one got through and is still at work: its answer comes in a moment.
      if (/** @type {Refusal} */ (error).code !== 'idempotency_key_in_use' || tries === 5) throw error;
      await pause(400 * tries);
    }
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {{body?: object, key?: string, signal?: AbortSignal}} [options]
 */
async function call(method, path, { body, key, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = { Accept: 'application/json' };
  if (method !== 'GET') headers['X-CSRFToken'] = csrfToken();
  if (body) headers['Content-Type'] = 'application/json';
  if (key) headers['Idempotency-Key'] = key;
  let response;
  let answer;
  try {
    response = await fetch(path, {
      method,
      headers,
      body: body && JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal ?? AbortSignal.timeout(20_000),
    });
    answer = response.headers.get('Content-Type')?.includes('json') ? await response.json() : {};
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new Refusal(0, t('fail.network'));
  }
  if (response.ok) return answer;
  const { status } = response;
  if (status === 401 || (status === 403 && answer.code === 'not_authenticated')) {
    for (const fn of onSignedOut) fn();
    throw new Refusal(status, t('fail.signed_out'), answer);
  }
  const sentence = answer.detail ?? (status === 400 ? Object.values(answer).flat().join(' ') : '');
  throw new Refusal(status, sentence || t(status >= 500 ? 'fail.busy' : 'fail.unknown'), answer);
}
