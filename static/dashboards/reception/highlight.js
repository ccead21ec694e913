/** Which parts of a text are what was typed, by the same letters that the search compares: no case, no accents, no punctuation. */

const WORTHY = /[\p{L}\p{N}]/u;
/** Arabic and Persian digits, whose value their last four bits are. */
const EASTERN_DIGIT = /[\u0660-\u0669\u06F0-\u06F9]/g;

/** @param {string} text */
const plain = (text) =>
  text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(EASTERN_DIGIT, (digit) => String(digit.charCodeAt(0) & 15))
    .toLowerCase();

/**
 * @param {string} text
 * @returns {{letters: string, at: Array<[number, number]>}} what is compared, and for each letter where it stands
 */
function folded(text) {
  let letters = '';
  /** @type {Array<[number, number]>} */
  const at = [];
  let index = 0;
  for (const character of text) {
    for (const letter of plain(character)) {
      if (!WORTHY.test(letter)) continue;
      letters += letter;
      for (let unit = 0; unit < letter.length; unit += 1) at.push([index, index + character.length]);
    }
    index += character.length;
  }
  return { letters, at };
}

/** Of a number with its country in front the zero isn't written. @param {string} word */
const bare = (word) => (/^0+\d{3,}$/.test(word) ? word.replace(/^0+/, '') : word);

/**
 * The text in pieces, those that were typed marked.
 * @param {string} text
 * @param {string} typed
 * @returns {Array<{text: string, hit: boolean}>}
 */
export function pieces(text, typed) {
  const { letters, at } = folded(text);
  const words = typed.split(/\s+/).map((word) => bare(folded(word).letters)).filter(Boolean);
  const hit = new Array(text.length).fill(false);
  for (const word of words) {
    for (let from = letters.indexOf(word); from >= 0; from = letters.indexOf(word, from + 1)) hit.fill(true, at[from][0], at[from + word.length - 1][1]);
  }
  /** @type {Array<{text: string, hit: boolean}>} */
  const found = [];
  for (let index = 0; index < text.length; index += 1) {
    const last = found.at(-1);
    if (last && last.hit === hit[index]) last.text += text[index];
    else found.push({ text: text[index], hit: hit[index] });
  }
  return found;
}

/** @param {Element} element @param {string} text @param {string} typed */
export function writeMarked(element, text, typed) {
  element.replaceChildren(
    ...pieces(text, typed).map((piece) => {
      if (!piece.hit) return document.createTextNode(piece.text);
      const mark = document.createElement('mark');
      mark.textContent = piece.text;
      return mark;
    }),
  );
}
