/** The connection light: what the page shows is as true as this says. */

import { byId, setText, show } from './dom.js';
import { clock } from './time.js';
import { t } from './words.js';

/** Between two connections it is quiet for a moment; for longer than this it isn't live any more. */
export const PATIENCE = 4_000;

/**
 * What to say, from what the socket says. Pure.
 * @param {{state: string, quietFor: number, hadContact: boolean, removed?: boolean, code?: number}} now
 * @returns {{state: string, text: string, banner: string, isStale: boolean}} keys of words; empty banner: none
 */
export function verdict({ state, quietFor, hadContact, removed = false, code }) {
  if (state === 'signed out') return { state, text: 'light.signed out', banner: code === 4403 ? 'banner.disabled' : 'banner.signed_out', isStale: true };
  if (removed) return { state: 'removed', text: 'light.removed', banner: 'removed', isStale: true };
  if (state === 'connecting' && quietFor <= PATIENCE) return { state, text: hadContact ? 'light.reconnecting' : 'light.connecting', banner: '', isStale: false };
  if (state === 'connecting' || state === 'offline') return { state: 'offline', text: 'light.offline', banner: 'banner.offline', isStale: true };
  return { state, text: `light.${state}`, banner: '', isStale: false };
}

/**
 * @param {import('../realtime/index.js').QueueSocket} socket
 * @param {{zone: string, renderedAt: number, login: string}} page
 */
export function showLight(socket, { zone, renderedAt, login }) {
  const light = byId('light');
  let quietSince = Date.now();
  let removed = '';
  /** @type {number|undefined} */
  let code;
  /** @type {any} */
  let timer;

  const draw = () => {
    clearTimeout(timer);
    const { state } = socket;
    const said = verdict({ state, quietFor: Date.now() - quietSince, hadContact: socket.since !== null, removed: removed !== '', code });
    const time = clock(socket.since ?? renderedAt, zone);
    light.dataset.state = said.state;
    setText(byId('light-text'), t(said.text, { time }));
    document.documentElement.classList.toggle('is-stale', said.isStale);
    // Whoever is logged out, or may not see this any more, sees no patients either: also not by the browser's way back.
    const isClosed = state === 'signed out' || removed !== '';
    document.documentElement.classList.toggle('is-closed', isClosed);
    // An open one would let nobody at the banner; what was typed is kept.
    if (isClosed) for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
    setText(byId('banner-text'), said.banner === 'removed' ? removed : said.banner && t(said.banner, { time }));
    show(byId('banner'), said.banner !== '');
    const link = byId('banner-link');
    link.href = `${login}?next=${encodeURIComponent(location.pathname + location.search)}`;
    setText(link, t('banner.log_in'));
    // Who was disabled can't log in again.
    show(link, said.banner === 'banner.signed_out');
    if (state === 'connecting' && !said.isStale) timer = setTimeout(draw, PATIENCE + 50);
  };

  socket.onStateChange((change) => {
    if (change.state === 'connecting') quietSince = Date.now();
    code = change.code;
    draw();
  });
  socket.onRemoved(() => {
    removed = t('banner.removed');
    draw();
  });
  draw();
}
