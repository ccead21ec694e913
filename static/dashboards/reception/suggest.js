/** Whom a walk-in most likely wants to see, and what for. Pure; it only ever suggests, and says why. */

/** @typedef {{id: number, waiting: number, isGone: boolean}} Choice */

/**
 * The doctor who saw them last, if there today; else whoever has the fewest waiting.
 * @param {Choice[]} doctors in the order of the page
 * @param {number|null} last the doctor of the last visit
 * @returns {{id: number, why: 'only'|'last'|'shortest'}|null}
 */
export function suggestDoctor(doctors, last) {
  if (doctors.length === 0) return null;
  if (doctors.length === 1) return { id: doctors[0].id, why: 'only' };
  if (doctors.some((doctor) => doctor.id === last && !doctor.isGone)) return { id: /** @type {number} */ (last), why: 'last' };
  const there = doctors.filter((doctor) => !doctor.isGone);
  const among = there.length ? there : doctors;
  const shortest = among.reduce((best, doctor) => (doctor.waiting < best.waiting ? doctor : best));
  return { id: shortest.id, why: 'shortest' };
}

/**
 * What they came for last time; else what most people of the day came for, to that doctor or to anybody.
 * @param {number[]} services in the order of the page
 * @param {number|null} last the service of the last visit
 * @param {Array<{doctor: {id: number}, service: {id: number}}>} day visits and appointments
 * @param {number|undefined} doctorId
 * @returns {{id: number, why: 'last'|'common'|'first'}|null}
 */
export function suggestService(services, last, day, doctorId) {
  if (services.length === 0) return null;
  if (last !== null && services.includes(last)) return { id: last, why: 'last' };
  for (const some of [day.filter((each) => each.doctor.id === doctorId), day]) {
    /** @type {Map<number, number>} */
    const counts = new Map();
    for (const { service } of some) if (services.includes(service.id)) counts.set(service.id, (counts.get(service.id) ?? 0) + 1);
    const most = services.reduce((best, id) => ((counts.get(id) ?? 0) > (counts.get(best) ?? 0) ? id : best));
    if (counts.has(most)) return { id: most, why: 'common' };
  }
  return { id: services[0], why: 'first' };
}
