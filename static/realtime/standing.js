import { STATE } from './constants.js';

/** @typedef {import('./constants.js').State} State */
/** @typedef {import('./constants.js').StateChange} StateChange */

/** How the page stands with the server, and since when: what its light may claim. */
export class Standing {
  /** @type {State} */
  state = STATE.CONNECTING;
  /** Time of the last good contact, ms since 1970. @type {number|null} */
  since = null;
  #tell;

  /** @param {(change: StateChange) => void} tell is told of changes only */
  constructor(tell) {
    this.#tell = tell;
  }

  /** @param {State} state @param {{code?: number, detail?: string}} [why] */
  become(state, why) {
    if (state === this.state) return;
    const previous = this.state;
    this.state = state;
    this.#tell({ state, previous, since: this.since, ...(why?.code && { code: why.code }), ...(why?.detail && { detail: why.detail }) });
  }
}
