/** The manager's page of today. */

import { goLive } from './live.js';
import { daysOf } from './manager/days.js';
import { daySection } from './manager/section.js';

goLive({
  kind: 'clinic',
  begin(live) {
    const dateOf = daysOf(live);
    const sections = [...document.querySelectorAll('.day')].map((root) => daySection(root, live, dateOf));
    return () => {
      for (const draw of sections) draw();
    };
  },
});
