/** Where things stand in a column of the calendar, and which of its times are free. Pure; all times are moments in ms. */

const MINUTE = 60_000;

/** @typedef {{start: number, end: number}} Span half open */

/** @param {Span} a @param {Span} b */
export const overlap = (a, b) => a.start < b.end && b.start < a.end;

/**
 * Lanes for what overlaps: each is as wide as its group allows.
 * @template {Span} T
 * @param {T[]} items
 * @returns {Map<T, {lane: number, lanes: number}>}
 */
export function lanes(items) {
  const places = new Map();
  const sorted = [...items].sort((a, b) => a.start - b.start || b.end - a.end);
  /** @type {T[]} those that hang together */
  let group = [];
  /** @type {number[]} until when each lane is taken */
  let ends = [];
  const close = () => {
    for (const item of group) places.get(item).lanes = ends.length;
    group = [];
    ends = [];
  };
  for (const item of sorted) {
    if (ends.length && ends.every((end) => end <= item.start)) close();
    const free = ends.findIndex((end) => end <= item.start);
    const lane = free < 0 ? ends.length : free;
    ends[lane] = item.end;
    places.set(item, { lane, lanes: 0 });
    group.push(item);
  }
  close();
  return places;
}

/**
 * What of the spans is left beside the others.
 * @param {Span[]} spans
 * @param {Span[]} others in any order
 * @returns {Span[]}
 */
export function without(spans, others) {
  return others.reduce(
    (left, gap) => left.flatMap((span) => (overlap(span, gap) ? [{ start: span.start, end: gap.start }, { start: gap.end, end: span.end }].filter((part) => part.start < part.end) : [span])),
    spans,
  );
}

/**
 * The times at which one may begin: the hours cut into steps, and wherever something else ends.
 * @param {Span[]} working in order
 * @param {Span[]} busy
 * @param {number} step minutes
 * @returns {number[]}
 */
export function startsOf(working, busy, step) {
  const starts = new Set();
  for (const span of working) {
    for (let start = span.start; start < span.end; start += step * MINUTE) starts.add(start);
    for (const { end } of busy) if (span.start < end && end < span.end) starts.add(end);
  }
  return [...starts].sort((a, b) => a - b);
}

/**
 * What can be booked: from each start to the next one, and until when there is nothing else.
 * @param {{working: Span[], busy: Span[], step: number, shortest: number, now: number}} day step and shortest in minutes
 * @returns {Array<Span & {until: number}>}
 */
export function freeCells({ working, busy, step, shortest, now }) {
  const starts = startsOf(working, busy, step);
  return without(working, busy).flatMap((gap) => {
    const inside = starts.filter((start) => gap.start <= start && start < gap.end);
    return inside
      .map((start, index) => ({ start, end: inside[index + 1] ?? gap.end, until: gap.end }))
      .filter((cell) => cell.start >= now && cell.start + shortest * MINUTE <= gap.end);
  });
}

/**
 * Why an appointment can't stand there, as far as this screen knows; the server has the last word.
 * @param {Span} span
 * @param {{closed: string|null, isBeyond: boolean, working: Span[], breaks: Span[], away: Span[], taken: Span[], now: number}} day
 * @returns {''|'past'|'closed'|'beyond'|'away'|'break'|'outside'|'taken'}
 */
export function refusal(span, day) {
  if (span.start < day.now) return 'past';
  if (day.closed !== null) return 'closed';
  if (day.isBeyond) return 'beyond';
  if (day.away.some((each) => overlap(each, span))) return 'away';
  if (!day.working.some((each) => each.start <= span.start && span.end <= each.end)) return day.breaks.some((each) => overlap(each, span)) ? 'break' : 'outside';
  return day.taken.some((each) => overlap(each, span)) ? 'taken' : '';
}

/**
 * Which hours of the day are shown: those in which anybody works or is booked.
 * @param {Array<[number, number]>} spans minutes of the day
 * @returns {[number, number]} whole hours, in minutes
 */
export function windowOf(spans) {
  if (spans.length === 0) return [8 * 60, 18 * 60];
  const first = Math.min(...spans.map(([from]) => from));
  const last = Math.max(...spans.map(([, until]) => until));
  return [Math.floor(first / 60) * 60, Math.min(24 * 60, Math.ceil(last / 60) * 60)];
}
