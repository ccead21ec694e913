/**
 * What is typed into a form survives a reload, in this tab only (sessionStorage), until it is sent or given up. It is
 * gone with the log-out: patients' names must not stay in a shared computer.
 */

const PREFIX = 'front-desk.draft.';
const WHOSE = 'front-desk.whose';

/** Whoever logs in after somebody else finds nothing of theirs, however that one's log-in ended. @param {string} user */
function belongTo(user) {
  if (sessionStorage.getItem(WHOSE) === user) return;
  forgetDrafts();
  sessionStorage.setItem(WHOSE, user);
}
const bar = globalThis.document?.querySelector?.('form[data-logout]');
if (bar) belongTo(bar.dataset.logout);

/** @param {any} form */
const fields = (form) => [...form.elements].filter((field) => field.name && field.type !== 'hidden' && field.type !== 'submit' && field.type !== 'password');

/**
 * @param {any} form
 * @param {string|(() => string)} name unique among the pages' forms; of a form that is used for one thing after another, a function
 * @returns {{restore: () => boolean, clear: () => void}} `restore` fills in what was typed and says whether there was any
 */
export function keepDraft(form, name) {
  const key = () => PREFIX + (typeof name === 'function' ? name() : name);
  const save = () => {
    const values = fields(form).map((field) => [field.name, field.value, field.type === 'radio' || field.type === 'checkbox' ? field.checked : null]);
    sessionStorage.setItem(key(), JSON.stringify(values));
  };
  form.addEventListener('input', save);
  form.addEventListener('change', save);
  return {
    restore() {
      /** @type {Array<[string, string, boolean|null]>} */
      let values;
      try {
        values = JSON.parse(sessionStorage.getItem(key()) ?? '[]');
      } catch {
        values = [];
      }
      for (const [field, value, checked] of values) {
        for (const element of fields(form)) {
          if (element.name !== field) continue;
          if (checked === null) element.value = value;
          else if (element.value === value) element.checked = checked;
        }
      }
      return values.length > 0;
    },
    clear: () => sessionStorage.removeItem(key()),
  };
}

/** Is there anything typed and not yet sent? @param {string} name */
export const hasDraft = (name) => sessionStorage.getItem(PREFIX + name) !== null;
/** @param {string} name */
export const forgetDraft = (name) => sessionStorage.removeItem(PREFIX + name);
/**
 * One value beside the fields of a form: whom it is about. An id, never a name.
 * @param {string} name
 */
export function draftValue(name) {
  const key = PREFIX + name;
  return {
    get: () => sessionStorage.getItem(key),
    /** @param {string} value */
    set: (value) => sessionStorage.setItem(key, value),
    clear: () => sessionStorage.removeItem(key),
  };
}

/** Forget them all, and whose they were. */
export function forgetDrafts() {
  sessionStorage.removeItem(WHOSE);
  for (const key of Object.keys(sessionStorage)) if (key.startsWith(PREFIX)) sessionStorage.removeItem(key);
}
