/** The calendar: who is booked when, and what is free. */

import { bookingDialog } from './calendar/booking.js';
import { columnOf, hoursShown } from './calendar/columns.js';
import { appointmentDialog } from './calendar/details.js';
import { calendarGrid } from './calendar/grid.js';
import { minutesOf } from './calendar/moments.js';
import { mover } from './calendar/moving.js';
import { calendarView } from './calendar/view.js';
import { formDialog } from './dialogs.js';
import { byId, setAttribute, setText, show } from './dom.js';
import { shortcuts } from './keys.js';
import { reconcile } from './list.js';
import { goLive } from './live.js';
import { weekday, written } from './time.js';
import { facts, t } from './words.js';

/** What is finer than this can't be pressed. */
const FINEST = 10;
/** Where a clinic that is open all night is looked at first. */
const MORNING = 8 * 60;

goLive({
  kind: 'clinic',
  begin(live) {
    const { store, start, zone, now, redraw } = live;
    const { services } = start.calendar;
    const lengths = services.map((/** @type {any} */ service) => service.minutes);
    const step = Math.max(FINEST, lengths.length ? Math.min(...lengths) : 15);
    const narrow = matchMedia('(max-width: 46rem)');
    const view = calendarView(live, redraw);
    const grid = calendarGrid({ zone, step, severalDays: () => view.where().view === 'week' });
    /** On a narrow screen, the one that is shown. @type {string|null} */
    let chosen = null;
    /** @type {any[]} all columns, as they were drawn last */
    let columns = [];
    /** For which range the page was scrolled. */
    let scrolled = '';

    const overbook = byId('overbook-dialog') ? formDialog('overbook-dialog') : null;
    const tools = {
      ...live,
      grid,
      today: () => view.today(),
      columns: () => columns,
      reveal: (/** @type {string} */ key) => (chosen = key),
      askReason:
        overbook &&
        ((/** @type {any} */ appointment, /** @type {(reason: string) => Promise<void>} */ work) => {
          overbook.form.reset();
          overbook.open(appointment.patient.name, ({ overbook_reason: reason = '' }) => work(reason));
        }),
    };
    const moving = mover(tools);
    const booking = bookingDialog(tools, (made) => requestAnimationFrame(() => grid.focusCell(`a${made.id}`)));
    const details = appointmentDialog(tools, {
      onMove: (appointment) => {
        moving.begin(appointment);
        requestAnimationFrame(() => grid.focusCell(`a${appointment.id}`));
      },
      onOverbook: ({ start: at, end, date, doctor }) =>
        booking.open({ doctorId: doctor.id, doctorName: doctor.name, date, start: Date.parse(at), until: Date.parse(end), isOverbooked: true }),
      onClosed: (id) => requestAnimationFrame(() => grid.focusCell(`a${id}`) || grid.focusCurrent()),
    });

    /** @returns {any[]} */
    const build = () => {
      const { view: kind, doctor } = view.where();
      const appointments = Object.values(store.getState().appointments).filter((each) => each.clinic_id === start.clinic);
      const shortest = lengths.length ? Math.min(...lengths) : step;
      const rules = { zone, now: now(), step, shortest, lastDay: view.lastDay() };
      const dates = view.dates();
      /** Those who work here no more, but are booked. */
      const former = appointments.filter((each) => dates.includes(each.date) && each.status !== 'cancelled').map((each) => ({ ...each.doctor, about: '' }));
      const doctors = view.doctors();
      for (const each of doctor === null ? former : []) if (!doctors.some((/** @type {any} */ other) => other.id === each.id)) doctors.push(each);
      return dates.flatMap((date) =>
        doctors.map((/** @type {any} */ each) => ({
          ...columnOf({ doctorId: each.id, date, day: view.days.get(date), appointments, rules }),
          doctorName: each.name,
          name: kind === 'week' ? weekday(date) : each.name,
          about: kind === 'week' ? '' : each.about,
        })),
      );
    };

    /** Nobody needs an empty column of who isn't there, unless it is the only one asked for. @param {any} column */
    const isWorthShowing = (column) => view.where().view === 'week' || view.where().doctor !== null || !column.isKnown || column.working.length > 0 || column.taken.length > 0;

    const drawBar = () => {
      const { view: kind, date, doctor } = view.where();
      const dates = view.dates();
      setText(byId('calendar-range'), kind === 'day' ? written(date, 'long') : t('calendar.range', { first: written(dates[0]), last: written(/** @type {string} */ (dates.at(-1))) }));
      byId('calendar-previous').href = view.addressOf(view.turn(-1));
      byId('calendar-next').href = view.addressOf(view.turn(1));
      byId('calendar-today').href = view.addressOf({ date: view.today() });
      byId('calendar-day').href = view.addressOf({ view: 'day' });
      byId('calendar-week').href = view.addressOf({ view: 'week' });
      setAttribute(byId('calendar-day'), 'aria-current', kind === 'day' ? 'true' : null);
      setAttribute(byId('calendar-week'), 'aria-current', kind === 'week' ? 'true' : null);
      setAttribute(byId('calendar-today'), 'aria-current', dates.includes(view.today()) ? 'date' : null);
      if (document.activeElement !== byId('calendar-date')) byId('calendar-date').value = date;
      byId('calendar-doctor').value = doctor === null ? '' : String(doctor);
      show(byId('calendar-doctor').options[0], kind === 'day');
    };

    /** @param {any[]} shown */
    const drawNotes = (shown) => {
      const days = view.dates().map((date) => view.days.get(date));
      const isKnown = columns.every((column) => column.isKnown);
      const closed = days.length === 1 ? days[0]?.closed : null;
      const isBeyond = columns.every((column) => column.isBeyond);
      let empty = '';
      if (start.calendar.doctors.length === 0) empty = t('calendar.no_doctors');
      else if (typeof closed === 'string') empty = closed ? t('calendar.closed_why', { why: closed }) : t('calendar.closed');
      else if (isBeyond && columns.length) empty = t('calendar.beyond', { date: written(view.lastDay()) });
      else if (isKnown && shown.length === 0) empty = t('calendar.nobody');
      setText(byId('calendar-empty'), empty);
      show(byId('calendar-empty'), empty !== '');
      const absent = columns.filter((column) => !isWorthShowing(column)).map((column) => column.name);
      setText(byId('calendar-others'), absent.length && shown.length ? t('calendar.others', { names: facts(absent) }) : '');
      const count = (/** @type {string} */ kind) => shown.reduce((sum, column) => sum + column.items.filter((/** @type {any} */ item) => item.kind === kind).length, 0);
      setText(byId('calendar-status'), isKnown ? t('calendar.count', { booked: count('booked'), free: count('free') }) : view.failed() ? '' : t('calendar.loading'));
      setText(byId('calendar-message'), view.failed());
      show(byId('calendar-retry'), view.failed() !== '');
    };

    /** On a narrow screen one column at a time, and a button for each. @param {any[]} all */
    const narrowed = (all) => {
      const strip = byId('calendar-strip');
      show(strip, narrow.matches && all.length > 1);
      if (!narrow.matches || all.length === 0) return all;
      const { view: kind, date } = view.where();
      const one = all.find((column) => column.key === chosen) ?? all.find((column) => kind === 'week' && column.date === date) ?? all[0];
      reconcile(strip, all, {
        key: (column) => column.key,
        create: (column) => {
          const button = document.createElement('button');
          button.type = 'button';
          button.className = 'button';
          button.addEventListener('click', () => {
            chosen = column.key;
            redraw();
          });
          return button;
        },
        update: (button, column) => {
          setText(button, column.name);
          setAttribute(button, 'aria-pressed', String(column === one));
        },
      });
      return [one];
    };

    /** @param {string} key @param {Partial<import('./calendar/view.js').Where>} change */
    const link = (key, change) => [byId(key), () => change];
    for (const [element, change] of /** @type {any[]} */ ([
      [byId('calendar-previous'), () => view.turn(-1)],
      [byId('calendar-next'), () => view.turn(1)],
      [byId('calendar-today'), () => ({ date: view.today() })],
      link('calendar-day', { view: 'day' }),
      link('calendar-week', { view: 'week' }),
    ])) {
      element.addEventListener('click', (/** @type {MouseEvent} */ event) => {
        if (event.ctrlKey || event.metaKey || event.shiftKey) return;
        event.preventDefault();
        view.go(change());
      });
    }
    byId('calendar-date').addEventListener('change', (/** @type {any} */ event) => event.target.value && view.go({ date: event.target.value }));
    byId('calendar-doctor').addEventListener('change', (/** @type {any} */ event) => view.go({ doctor: event.target.value === '' ? null : Number(event.target.value) }));
    byId('calendar-retry').addEventListener('click', view.load);
    byId('clinic-choice')?.addEventListener('change', (/** @type {any} */ event) => event.target.form.requestSubmit());
    narrow.addEventListener('change', redraw);

    grid.root.addEventListener('click', (/** @type {any} */ event) => {
      const cell = event.target.closest('.cell button')?.parentElement;
      if (!cell || moving.wasDragged()) return;
      const column = columns.find((each) => each.key === cell.closest('.column').dataset.key);
      const item = column?.items.find((/** @type {any} */ each) => each.key === cell.dataset.key);
      if (!item) return;
      if (item.kind === 'booked') {
        if (!moving.isMoving()) details.open(item.appointment);
      } else if (!moving.place(column.key, item.start)) {
        booking.open({ doctorId: column.doctorId, doctorName: column.doctorName, date: column.date, start: item.start, until: item.until, isOverbooked: false });
      }
    });
    shortcuts([
      { keys: 'g', word: 'keys.calendar_grid', run: grid.focusCurrent },
      {
        keys: 'm',
        word: 'keys.calendar_move',
        run: () => {
          const key = /** @type {any} */ (document.activeElement?.closest('.cell--booked'))?.dataset.key;
          const appointment = key && store.getState().appointments[Number(key.slice(1))];
          if (appointment && ['booked', 'checked_in'].includes(appointment.status)) moving.begin(appointment);
        },
      },
      { keys: 'j', word: 'keys.calendar_next', run: () => view.go(view.turn(1)) },
      { keys: 'k', word: 'keys.calendar_previous', run: () => view.go(view.turn(-1)) },
      { keys: 't', word: 'keys.calendar_today', run: () => view.go({ date: view.today() }) },
      { keys: 'd', word: 'keys.calendar_day', run: () => view.go({ view: 'day' }) },
      { keys: 'w', word: 'keys.calendar_week', run: () => view.go({ view: 'week' }) },
    ]);
    requestAnimationFrame(booking.restore);

    return () => {
      columns = build();
      const shown = narrowed(columns.filter(isWorthShowing));
      drawBar();
      drawNotes(shown);
      grid.root.classList.toggle('is-loading', view.isLoading() && columns.some((column) => !column.isKnown));
      show(grid.root, shown.length > 0);
      const hours = hoursShown(columns);
      grid.draw(shown, { hours, today: view.today(), now: now(), date: view.dates()[0], ghost: moving.ghost() });
      details.draw();
      const range = view.addressOf();
      if (scrolled === range || columns.some((column) => !column.isKnown)) return;
      scrolled = range;
      const booked = shown.flatMap((column) => column.taken.map((/** @type {any} */ each) => minutesOf(each.start, zone)));
      grid.scrollTo(view.dates().includes(view.today()) ? minutesOf(now(), zone) : Math.max(hours[0], Math.min(MORNING, ...booked)));
    };
  },
});
