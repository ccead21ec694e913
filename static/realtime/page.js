/**
 * What the browser says about the page and the network. Outside a browser nothing ever happens.
 * @param {{window?: any, document?: any, navigator?: any}} page
 * @param {{online: () => void, offline: () => void, shown: () => void, hidden: () => void, leave: () => void, back: () => void}} on
 */
export function watchPage({ window, document, navigator }, on) {
  /** @type {Array<() => void>} */
  const offs = [];
  /** @param {any} target @param {string} name @param {() => void} fn */
  const listen = (target, name, fn) => {
    if (!target?.addEventListener) return;
    target.addEventListener(name, fn);
    offs.push(() => target.removeEventListener(name, fn));
  };
  const hidden = () => document?.visibilityState === 'hidden';

  listen(window, 'online', on.online);
  listen(window, 'offline', on.offline);
  // A page in the back/forward cache must not keep a socket: the browser would throw the page out of the cache.
  listen(window, 'pagehide', on.leave);
  listen(window, 'pageshow', on.back);
  listen(document, 'visibilitychange', () => (hidden() ? on.hidden() : on.shown()));
  // Frozen, a tab reads nothing: its server would pile up frames for it, and its light would still say "live" when it thaws.
  listen(document, 'freeze', on.leave);
  listen(document, 'resume', on.back);

  return {
    /** Nobody looks and there is no network: waking up would be for nothing. */
    dormant: () => hidden() && navigator?.onLine === false,
    stop: () => {
      for (const off of offs.splice(0)) off();
    },
  };
}
