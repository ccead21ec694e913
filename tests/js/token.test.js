import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { desk } from './desk.js';

const signedOut = () => {
  throw Object.assign(new Error('logged out'), { signedOut: true });
};

describe('tokens', () => {
  test('renewed a minute before the end, on the same socket', async () => {
    const { server, clock, tokens, socket, live } = desk();
    await live(3);
    await clock.advance(239_000);
    assert.equal(server.commands('authenticate').length, 0);
    await clock.advance(1_500);
    assert.deepEqual(server.commands('authenticate').map(({ data }) => data), [{ token: 'token-2' }]);
    await clock.advance(240_500);
    assert.equal(server.commands('authenticate').length, 2, 'and the new one in its turn');
    assert.equal(server.sockets.length, 1);
    assert.equal(tokens.asked, 3);
    assert.equal(socket.stats().reconnects, 0);
  });

  test('a short one at half its life', async () => {
    const { server, clock, live } = desk();
    server.tokenLife = 40_000;
    await live(3);
    await clock.advance(19_500);
    assert.equal(server.commands('authenticate').length, 0);
    await clock.advance(1_000);
    assert.equal(server.commands('authenticate').length, 1);
  });

  test('counted by the server’s clock, whatever ours says', async () => {
    for (const skew of [3_600_000, -3_600_000]) {
      const { server, clock, live } = desk();
      server.skew = skew;
      await live(3);
      await clock.advance(238_000);
      assert.equal(server.commands('authenticate').length, 0, `${skew}`);
      await clock.advance(4_000);
      assert.equal(server.commands('authenticate').length, 1, `${skew}`);
    }
  });

  test('a renewal that fails is tried again; one that finds the user logged out ends it', async () => {
    const { server, clock, tokens, socket, live } = desk();
    await live(3);
    tokens.give = () => Promise.reject(new Error('network'));
    await clock.advance(245_000);
    assert.equal(socket.state, 'live');
    assert.ok(tokens.asked > 2);
    tokens.give = () => 'fresh';
    await clock.advance(6_000);
    assert.deepEqual(server.commands('authenticate').map(({ data }) => data.token), ['fresh']);
    tokens.give = signedOut;
    await clock.advance(300_000);
    assert.equal(socket.state, 'signed out');
    assert.equal(server.socket.closedWith, 1000);
  });

  test('a renewal that fails after its connection is gone is no business of the next one', async () => {
    const { server, clock, tokens, live } = desk();
    await live(3);
    let fail;
    tokens.give = () => new Promise((_, reject) => (fail = reject));
    await clock.advance(241_000);
    tokens.give = () => 'next';
    server.socket.hangUp(1006);
    await clock.advance(600);
    const { asked } = tokens;
    fail(new Error('network'));
    await clock.advance(60_000);
    assert.equal(tokens.asked, asked);
  });

  test('a page that closes when it hears of a refused token is not connected again', async () => {
    const { server, clock, socket, live } = desk();
    await live(3);
    socket.onError(() => socket.close());
    server.answering = ({ event, ref }, each) => {
      if (event !== 'authenticate') return false;
      server.push(each, { event: 'error', data: { code: 'forbidden', detail: 'Another user.' }, ref });
      return true;
    };
    await clock.advance(600_000);
    assert.equal(server.sockets.length, 1);
    assert.equal(clock.pending, 0);
  });

  test('a server that does not answer authenticate is asked again', async () => {
    const { server, clock, live } = desk();
    await live(3);
    server.answering = ({ event }) => event === 'authenticate';
    await clock.advance(251_000);
    assert.equal(server.commands('authenticate').length, 2);
  });

  test('a token refused for this connection (another user logged in) brings a new connection', async () => {
    const { server, clock, live, socket } = desk();
    await live(3);
    server.answering = ({ event, ref }, each) => {
      if (event !== 'authenticate') return false;
      server.push(each, { event: 'error', data: { code: 'forbidden', detail: 'Another user.' }, ref });
      return true;
    };
    await clock.advance(242_000);
    assert.equal(server.sockets.length, 2);
    assert.equal(server.socket.protocols[1], 'bearer.token-3');
    assert.equal(socket.state, 'live');
  });

  test('not refused but sent too fast: the same again later, on the same connection', async () => {
    const { server, clock, live } = desk();
    await live(3);
    let first = true;
    server.answering = ({ event, ref }, each) => {
      if (event !== 'authenticate' || !first) return false;
      first = false;
      server.push(each, { event: 'error', data: { code: 'rate_limited', detail: 'Slowly.' }, ref });
      return true;
    };
    await clock.advance(245_000);
    assert.equal(server.commands('authenticate').length, 1);
    await clock.advance(6_000);
    assert.equal(server.commands('authenticate').length, 2);
    assert.equal(server.sockets.length, 1);
  });

  test('4401 on a token that ran out: a new token, a new connection, nothing missed', async () => {
    const { server, clock, live, events, socket } = desk();
    await live(3);
    await clock.advance(11_000);
    server.push(server.socket, { event: 'error', data: { code: 'unauthenticated', detail: 'Log in again.' } });
    await clock.advance(10);
    server.socket.hangUp(4401);
    server.publish('clinic_3');
    await clock.advance(600);
    assert.equal(server.socket.protocols[1], 'bearer.token-2');
    assert.deepEqual(events('clinic_3'), [1]);
    assert.equal(socket.state, 'live');
  });

  test('a token that is refused again and again is no loop', async () => {
    const { server, clock } = desk();
    server.answering = () => true;
    server.tamper = (frame, each) => (clock.timers.setTimeout(() => each.hangUp(4401), 2), []);
    await clock.advance(60_000);
    assert.ok(server.sockets.length < 15, `${server.sockets.length}`);
  });

  test('null or signedOut: signed out, and nothing more is tried', async () => {
    for (const give of [() => null, signedOut, () => Promise.reject({ signedOut: true })]) {
      const { server, clock, tokens, socket } = desk();
      tokens.give = give;
      server.mode = 'refuse';
      await clock.advance(5_000);
      assert.equal(socket.state, 'signed out');
      const { asked } = tokens;
      await clock.advance(3_600_000);
      assert.equal(tokens.asked, asked);
      assert.equal(clock.pending, 0);
    }
  });

  test('a getToken that fails otherwise, or gives none, is asked again with backoff', async () => {
    for (const give of [() => Promise.reject(new Error('500')), () => undefined, () => '']) {
      const { server, clock, tokens, socket, live } = desk();
      await live(3);
      tokens.give = give;
      server.socket.hangUp(1006);
      await clock.advance(2_000);
      assert.equal(socket.state, 'offline');
      tokens.give = () => 'back';
      await clock.advance(8_000);
      assert.equal(socket.state, 'live');
    }
  });

  test('asked again right after the tab slept past the renewal', async () => {
    const { server, clock, page, live } = desk();
    server.heartbeat = 3600;
    await live(3);
    clock.jump(250_000);
    page.show();
    await clock.advance(5);
    assert.deepEqual(server.commands('authenticate').map(({ data }) => data.token), ['token-2']);
    assert.equal(server.sockets.length, 1);
  });

  test('slept past the end of the token and of the connection: connected again at once, nothing missed', async () => {
    const { server, clock, page, socket, events, live } = desk();
    await live(3);
    const old = server.socket;
    old.readyState = 3;
    old.rooms.clear();
    server.publish('clinic_3');
    clock.sleep(8 * 3_600_000);
    page.show();
    assert.equal(socket.state, 'connecting');
    await clock.advance(20);
    assert.equal(socket.state, 'live');
    assert.equal(server.socket.protocols[1], 'bearer.token-2');
    assert.deepEqual(events('clinic_3'), [1]);
  });
});
