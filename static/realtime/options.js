/**
 * @typedef {object} Options
 * @property {string|URL} url of the WebSocket, may be relative to the page: '/ws/queue/'
 * @property {() => Promise<string|null>|string|null} getToken an access token; null, or an error with `signedOut: true`:
 *   nobody is logged in; any other error: try again later
 * @property {string|URL} [pollUrl] of the fallback; /api/realtime/events/ of the same host unless given
 * @property {Partial<import('./constants.js').Start>} [broadcast] where the broadcast room stood when the page was rendered
 * @property {typeof WebSocket} [WebSocket]
 * @property {typeof fetch} [fetch]
 * @property {import('./alarms.js').Timers} [timers]
 * @property {() => number} [now] ms since 1970
 * @property {() => number} [random] 0 ≤ x < 1
 * @property {{window?: any, document?: any, navigator?: any}} [page]
 * @property {(error: unknown) => void} [report] gets what a listener throws
 */

/**
 * The addresses, whole and with the right scheme.
 * @param {Pick<Options, 'url'|'pollUrl'>} options
 */
export function addressesOf({ url, pollUrl }) {
  const base = globalThis.location?.href;
  const socket = new URL(url, base);
  socket.protocol = socket.protocol.replace(/^http/, 'ws');
  const http = new URL(pollUrl ?? '/api/realtime/events/', pollUrl ? base : socket);
  http.protocol = http.protocol.replace(/^ws/, 'http');
  return { socket: socket.href, http: http.href };
}

/**
 * What was not given is the browser's own. Wrapped: browsers refuse to run these as methods of another object.
 * @param {Partial<Options>} options
 */
export function toolsOf(options) {
  return {
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    fetch: options.fetch ?? ((/** @type {Parameters<typeof fetch>} */ ...args) => globalThis.fetch(...args)),
    timers: options.timers ?? {
      setTimeout: (/** @type {() => void} */ fn, /** @type {number} */ ms) => globalThis.setTimeout(fn, ms),
      clearTimeout: (/** @type {any} */ id) => globalThis.clearTimeout(id),
    },
    now: options.now ?? Date.now,
    random: options.random ?? Math.random,
    page: options.page ?? globalThis,
  };
}
