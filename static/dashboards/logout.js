/** On every page: who logs out leaves nothing half typed behind. */

import { forgetDrafts } from './drafts.js';

document.querySelector('form[data-logout]')?.addEventListener('submit', forgetDrafts);
