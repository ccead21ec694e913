/** What the pages write where text runs from right to left: facts, sentences, times and money keep their own direction. */

import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { factsOf } from '../../static/dashboards/reception/search.js';
import { facts, range, t, useWords } from '../../static/dashboards/words.js';
import { isolated, money } from '../../static/dashboards/written.js';

const page = (/** @type {any} */ documentElement) => Object.assign(globalThis, { document: { documentElement } });
const arabic = () => page({ lang: 'ar', dir: 'rtl', dataset: { digits: 'arab' } });

beforeEach(() => useWords({ separator: '، ', range: '{first} إلى {last}', born: 'مواليد {date}', queued: '{ticket} في الطابور ({count})' }));
afterEach(() => delete (/** @type {any} */ (globalThis).document));

test('facts beside each other each have a direction of their own', () => {
  arabic();
  assert.equal(facts(['A-012', '', null, 'نقدًا']), '\u2068A-012\u2069، \u2068نقدًا\u2069');
  page({ lang: 'en', dir: 'ltr', dataset: {} });
  useWords({ separator: ' · ' });
  assert.equal(facts(['A-012', false, 'cash']), 'A-012 · cash');
});

test('a phone number among the facts is neither turned round nor broken over two lines', () => {
  arabic();
  assert.equal(
    factsOf({ record_number: 'P-000061', birth_date: '1990-05-03', phone: '+1 202 555 0148' }),
    '\u2068P-000061\u2069، \u2068مواليد \u2068٣ مايو ١٩٩٠\u2069\u2069، \u2068+1\u00a0202\u00a0555\u00a00148\u2069',
  );
});

test('what is filled into a sentence is isolated, its numbers too', () => {
  arabic();
  assert.equal(t('queued', { ticket: 'A-012', count: 3 }), '\u2068A-012\u2069 في الطابور (\u2068٣\u2069)');
  assert.equal(isolated(''), '');
});

test('a range of times has a word in it that says which comes first', () => {
  arabic();
  assert.equal(range('٠٩:٠٠', '٠٩:٣٠'), '\u2068٠٩:٠٠\u2069 إلى \u2068٠٩:٣٠\u2069');
});

test('the sign of a currency stays with its letters', () => {
  arabic();
  assert.match(money('12.50', 'USD'), /١٢٫٥٠\sUS\$\u200e$/);
  page({ lang: 'en', dir: 'ltr', dataset: {} });
  assert.equal(money('12.50', 'USD'), '$12.50');
});
