/** The print button of receipts and tickets; whoever came to print (`?print`) is asked at once. */

const button = /** @type {HTMLButtonElement} */ (document.getElementById('print'));
button.hidden = false;
button.addEventListener('click', () => print());
if (new URLSearchParams(location.search).has('print')) print();
