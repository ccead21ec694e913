import { belongs } from '../../static/realtime/index.js';

const DATE = '2026-11-23';
const STATUS = ['waiting', 'called', 'in_progress', 'completed', 'skipped'];
const DOCTORS = [8, 9];

/**
 * The database of a fake server: a clinic's day that changes at random, tells of each change as the real one does, and can
 * be put back to an earlier state.
 */
export class FakeClinic {
  /** @type {Map<number, any>} */
  visits = new Map();
  /** @type {Map<number, any>} */
  appointments = new Map();

  /** @param {import('./fake-server.js').FakeServer} server @param {any} random */
  constructor(server, random) {
    Object.assign(this, { server, random });
    server.holds = (room) => this.snapshot(room);
  }

  /** What the database holds of a room's day, each by id; what a fresh snapshot tells. */
  snapshot(room) {
    const list = (table) => [...table.values()].filter((each) => belongs(each, room)).sort((a, b) => a.id - b.id);
    return { date: DATE, visits: list(this.visits), appointments: list(this.appointments) };
  }

  save() {
    return { visits: new Map(this.visits), appointments: new Map(this.appointments) };
  }

  load({ visits, appointments }) {
    Object.assign(this, { visits: new Map(visits), appointments: new Map(appointments) });
  }

  /** One command, whichever. */
  change() {
    const { random } = this;
    const kind = random.below(10);
    if (this.visits.size === 0 || kind === 0) this.#arrive();
    else if (kind === 1) this.#book();
    else if (kind === 2) this.#transfer();
    else if (kind === 3) this.server.publish('broadcast', 'patient_updated', { patient_id: 1 + random.below(5), version: ++this.#patients });
    else this.#step();
  }

  #patients = 0;

  #any(table) {
    const all = [...table.values()];
    return all[this.random.below(all.length)];
  }

  #put(table, entity) {
    const next = { ...entity, version: (table.get(entity.id)?.version ?? 0) + 1 };
    table.set(next.id, next);
    return next;
  }

  #tell(event, entity, data, also = []) {
    for (const room of new Set([`clinic_${entity.clinic_id}`, `doctor_${entity.doctor.id}`, ...also])) this.server.publish(room, event, data);
  }

  #arrive() {
    const id = this.visits.size + 1;
    const visit = this.#put(this.visits, {
      id, ticket: `A-${id}`, status: 'waiting', date: DATE, rank: id, clinic_id: 3, doctor: { id: DOCTORS[this.random.below(2)] }, checked_in_at: `${DATE}T08:00:00Z`,
    });
    this.#tell('queue_updated', visit, { date: DATE, visits: [visit], snapshot: false });
    this.server.publish('clinic_3', 'new_checkin', { visit });
  }

  #book() {
    const id = this.random.below(20) + 1;
    const known = this.appointments.get(id);
    const made = this.#put(this.appointments, {
      ...(known ?? { id, clinic_id: 3, date: DATE, start: `${DATE}T09:00:00Z`, doctor: { id: DOCTORS[id % 2] } }), status: known ? 'cancelled' : 'booked',
    });
    this.#tell(known ? 'appointment_cancelled' : 'appointment_created', made, { appointment: made });
  }

  #transfer() {
    const before = this.#any(this.visits);
    const visit = this.#put(this.visits, { ...before, doctor: { id: DOCTORS[this.random.below(2)] } });
    this.#tell('queue_updated', visit, { date: DATE, visits: [visit], snapshot: false }, [`doctor_${before.doctor.id}`]);
  }

  #step() {
    const before = this.#any(this.visits);
    const visit = this.#put(this.visits, { ...before, status: STATUS[this.random.below(STATUS.length)] });
    this.#tell('queue_updated', visit, { date: DATE, visits: [visit], snapshot: false });
    this.#tell('visit_status_changed', visit, { visit, from: before.status, to: visit.status });
  }
}
