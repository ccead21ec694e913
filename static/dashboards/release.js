/** A page stays open for days, over a new release on the server: then it says so, and offers to be loaded anew. */

import { toast } from './announce.js';
import { t } from './words.js';

const OURS = new URL('../realtime/index.js', import.meta.url).pathname;
/** All pages are back at the same moment when a server has been started; they don't ask at the same moment. */
const WITHIN = 30_000;

/**
 * Has the server another release than that of this page? If it doesn't say, no.
 * @param {(url: string, options: object) => Promise<{ok: boolean, url: string}>} [fetch]
 */
export async function hasAnother(fetch = globalThis.fetch) {
  const answer = await fetch('/realtime/client.js', { method: 'HEAD' }).catch(() => null);
  return answer !== null && answer.ok && new URL(answer.url).pathname !== OURS;
}

const look = async () => {
  if (await hasAnother()) toast(t('release'), { about: 'release', stays: true, action: { label: t('release.load'), run: () => location.reload() } });
};

/**
 * Look whenever the line is back: another release comes with another start of the server.
 * @param {{onStateChange: (fn: (change: {state: string}) => void) => unknown}} socket
 */
export function watchRelease(socket) {
  let wasLive = false;
  /** @type {any} */
  let timer;
  socket.onStateChange(({ state }) => {
    if (!['live', 'polling'].includes(state)) return;
    if (wasLive) {
      clearTimeout(timer);
      timer = setTimeout(look, Math.random() * WITHIN);
    }
    wasLive = true;
  });
}
