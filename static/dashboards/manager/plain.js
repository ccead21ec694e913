/** What the manager's plain pages have besides their forms: a choice that is shown at once, a button that prints. */

document.documentElement.classList.add('js');
document.getElementById('clinic-choice')?.addEventListener('change', (/** @type {any} */ event) => event.target.form.requestSubmit());
document.getElementById('print')?.addEventListener('click', () => print());
// On a phone the areas are a strip: the one that is open must be in sight.
document.querySelector('.areas [aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' });
