/** The token of the socket, from the session of the page. */

import { csrfToken } from './api.js';

/**
 * As QueueSocket wants it: an access token; an error with `signedOut` if nobody is logged in, any other to try again.
 * @returns {Promise<string>}
 */
export async function getToken() {
  const response = await fetch('/api/auth/token/session/', {
    method: 'POST',
    headers: { 'X-CSRFToken': csrfToken(), Accept: 'application/json' },
    credentials: 'same-origin',
    cache: 'no-store',
    signal: AbortSignal.timeout(10_000),
  });
  if (response.status === 401 || response.status === 403) throw Object.assign(new Error('signed out'), { signedOut: true });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return (await response.json()).access;
}
