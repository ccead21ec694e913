import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasAnother } from '../../static/dashboards/release.js';

const OURS = new URL('../../static/realtime/index.js', import.meta.url);
const answering = (answer) => async (url, { method }) => {
  assert.deepEqual([url, method], ['/realtime/client.js', 'HEAD']);
  return answer;
};

test('the release that the server leads to is this one, whatever host it is reached by', async () => {
  assert.equal(await hasAnother(answering({ ok: true, url: OURS.href })), false);
  assert.equal(await hasAnother(answering({ ok: true, url: `https://desk.example${OURS.pathname}` })), false);
});

test('another one is noticed, an older one too', async () => {
  assert.equal(await hasAnother(answering({ ok: true, url: 'https://desk.example/static/9.9.9/realtime/index.js' })), true);
});

test('a server that says nothing, or has no such file, has no other release', async () => {
  assert.equal(await hasAnother(async () => Promise.reject(new TypeError('Failed to fetch'))), false);
  assert.equal(await hasAnother(answering({ ok: false, url: 'https://desk.example/static/9.9.9/realtime/index.js' })), false);
});
