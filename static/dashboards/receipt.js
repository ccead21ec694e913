/** The one button of the receipt. */

const button = /** @type {HTMLButtonElement} */ (document.getElementById('print'));
button.hidden = false;
button.addEventListener('click', () => print());
