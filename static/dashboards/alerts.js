/**
 * A sound and a notification on the desktop, for whoever wants them: off until they are switched on, on this computer. A
 * notification names the ticket and never the patient: it is shown where anybody may look, on a locked screen too.
 */

import { byId, setText, slot } from './dom.js';
import { t } from './words.js';

const KEY = 'front-desk.alerts';
/** Loud enough to be heard beside a talk, and no louder. */
const VOLUME = 0.06;
const TONE = 0.18;
const CALM = [660, 880];
const URGENT = [880, 660, 880, 660];

/** @typedef {{sound: boolean, notify: boolean}} Settings */

/** @param {string|null} text as it was kept @returns {Settings} */
export function settingsOf(text) {
  try {
    const kept = JSON.parse(text ?? '{}');
    return { sound: kept?.sound === true, notify: kept?.notify === true };
  } catch {
    return { sound: false, notify: false };
  }
}

/**
 * What is said to whoever doesn't look at the page.
 * @param {any[]} visits
 * @param {boolean} urgent
 */
export const said = (visits, urgent) =>
  visits.length === 1 ? t(urgent ? 'alert.emergency' : 'alert.waiting', { ticket: visits[0].ticket }) : t('alert.waiting_many', { count: visits.length });

/** @type {AudioContext|null} */
let audio = null;

/** A browser lets a page sound only once somebody has clicked or typed in it. */
const wake = () => {
  audio ??= new AudioContext();
  return audio.resume();
};

/** @param {number[]} tones */
function play(tones) {
  if (audio?.state !== 'running') return;
  const gain = audio.createGain();
  gain.connect(audio.destination);
  const begin = audio.currentTime + 0.02;
  gain.gain.setValueAtTime(0, begin);
  tones.forEach((tone, index) => {
    const oscillator = /** @type {AudioContext} */ (audio).createOscillator();
    const at = begin + index * TONE;
    oscillator.frequency.value = tone;
    oscillator.connect(gain);
    // Each rises and falls: a tone that is cut off clicks.
    gain.gain.linearRampToValueAtTime(VOLUME, at + 0.03);
    gain.gain.linearRampToValueAtTime(0, at + TONE - 0.01);
    oscillator.start(at);
    oscillator.stop(at + TONE);
  });
}

/** @param {string} body */
function notify(body) {
  if (!document.hidden || globalThis.Notification?.permission !== 'granted') return;
  try {
    const shown = new Notification(t('alert.title'), { body, tag: 'front-desk', silent: true });
    shown.onclick = () => {
      window.focus();
      shown.close();
    };
  } catch {
    // Some phones have the name and show none: the page's own news is there all the same.
  }
}

/**
 * Wire the bell and its dialog.
 * @returns {(visits: any[], options?: {urgent?: boolean}) => void} tells of them
 */
export function alerts() {
  const dialog = byId('alerts-dialog');
  const bell = byId('alerts-button');
  const sound = slot(dialog, 'sound');
  const notices = slot(dialog, 'notify');
  const complaint = (/** @type {string} */ key) => setText(slot(dialog, 'message'), key && t(key));
  const settings = settingsOf(localStorage.getItem(KEY));

  const keep = () => {
    Object.assign(settings, { sound: sound.checked, notify: notices.checked });
    localStorage.setItem(KEY, JSON.stringify(settings));
  };
  const canSound = () => typeof AudioContext === 'function';

  bell.hidden = false;
  bell.addEventListener('click', () => {
    complaint('');
    sound.checked = settings.sound;
    notices.checked = settings.notify && globalThis.Notification?.permission === 'granted';
    dialog.showModal();
  });
  dialog.addEventListener('click', (/** @type {any} */ event) => {
    if (event.target === dialog || event.target.closest('[data-close]')) dialog.close();
  });
  sound.addEventListener('change', () => {
    complaint(sound.checked && !canSound() ? 'alert.no_sound' : '');
    if (!canSound()) sound.checked = false;
    keep();
    if (sound.checked) wake().then(() => play(CALM));
  });
  slot(dialog, 'try').addEventListener('click', () => {
    if (canSound()) wake().then(() => play(CALM));
    else complaint('alert.no_sound');
  });
  // Asked here and nowhere else: nobody is asked for a permission out of the blue.
  notices.addEventListener('change', async () => {
    complaint('');
    if (notices.checked) {
      if (!('Notification' in globalThis)) complaint('alert.unsupported');
      else if ((await Notification.requestPermission()) !== 'granted') complaint('alert.denied');
      notices.checked = globalThis.Notification?.permission === 'granted';
    }
    keep();
  });
  for (const name of ['pointerdown', 'keydown']) {
    window.addEventListener(name, () => settings.sound && canSound() && wake(), { once: true, passive: true });
  }

  return (visits, { urgent = false } = {}) => {
    if (settings.sound) play(urgent ? URGENT : CALM);
    if (settings.notify) notify(said(visits, urgent));
  };
}
