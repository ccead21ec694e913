// By this name two copies of the module, of two releases or from two addresses, find each other.
const NAME = Symbol.for('clinic.v1 connections');

/**
 * The connections that a page has open, by address: however often it asks for one, there is one.
 * @param {any} window
 * @returns {Map<string, any>} outside a browser a new one each time: a program may hold as many as it likes
 */
export function inPage(window) {
  if (!window) return new Map();
  if (!window[NAME]) Object.defineProperty(window, NAME, { value: new Map() });
  return window[NAME];
}
