import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { desk } from './desk.js';

describe('the page and the network', () => {
  test('at once when the network comes back, and when the tab is shown', async () => {
    for (const wake of [(page) => page.network(true), (page) => page.show(), (page) => page.fire('pageshow'), (page) => page.fire('resume')]) {
      const { server, clock, page, socket } = desk({ random: () => 0.99 });
      server.mode = 'refuse';
      server.http = 'down';
      await clock.advance(120_000);
      server.mode = 'ok';
      const before = clock.now();
      wake(page);
      await clock.advance(20);
      assert.equal(socket.state, 'live', `${wake}`);
      assert.equal(clock.now() - before, 20);
    }
  });

  test('a try from before the network came back is given up', async () => {
    const { server, clock, page, socket } = desk();
    server.mode = 'stall';
    await clock.advance(100);
    server.mode = 'ok';
    page.show();
    await clock.advance(100);
    assert.equal(server.sockets.length, 1, 'looking at it does not');
    page.network(true);
    await clock.advance(100);
    assert.equal(socket.state, 'live');
    assert.equal(server.sockets[0].readyState, 3);
  });

  test('a network that goes away shows within seconds, not at the next heartbeat', async () => {
    const { server, clock, page, socket, live } = desk();
    await live(3);
    server.dead = true;
    server.mode = 'refuse';
    page.network(false);
    await clock.advance(6_500);
    assert.equal(socket.state, 'offline');
  });

  test('an offline event where the server still answers (this machine) changes nothing', async () => {
    const { server, clock, page, socket, live } = desk();
    await live(3);
    page.network(false);
    await clock.advance(10_000);
    page.network(true);
    await clock.advance(10_000);
    assert.equal(server.sockets.length, 1);
    assert.equal(socket.state, 'live');
  });

  test('looking at a tab whose connection is dead finds that out within seconds', async () => {
    const { server, clock, page, socket, live } = desk();
    await live(3);
    await clock.advance(21_000);
    server.dead = true;
    page.show();
    await clock.advance(5_100);
    assert.equal(server.sockets[0].readyState, 3);
    server.dead = false;
    await clock.advance(11_000);
    assert.equal(socket.state, 'live');
  });

  test('looking at a tab that is well changes nothing', async () => {
    const { server, clock, page, live } = desk();
    await live(3);
    for (let n = 0; n < 10; n += 1) {
      await clock.advance(60_000 - 10_000 * (n % 3));
      page.show();
      await clock.advance(10);
    }
    assert.equal(server.sockets.length, 1);
  });

  test('pagehide closes the socket and stops every timer; pageshow goes on with since', async () => {
    const { server, clock, page, socket, events, live, moment } = desk();
    await live(3);
    server.publish('clinic_3');
    await moment();
    page.fire('pagehide');
    assert.equal(server.socket.closedWith, 1000);
    assert.equal(socket.stats().timers, 0);
    assert.equal(socket.state, 'offline');
    server.publish('clinic_3');
    await clock.advance(600_000);
    assert.equal(server.sockets.length, 1);
    page.fire('pageshow');
    await clock.advance(20);
    assert.equal(socket.state, 'live');
    assert.deepEqual(server.commands('join_queue_room').at(-1).data, { clinic_id: 3, since: 1, epoch: 'e1' });
    assert.deepEqual(events('clinic_3'), [1, 2]);
  });

  test('hidden and without network no timer runs; either coming back starts it again', async () => {
    for (const back of [(page) => page.network(true), (page) => page.show()]) {
      const { server, clock, page, socket } = desk();
      server.mode = 'refuse';
      server.http = 'down';
      await clock.advance(90_000);
      page.show(false);
      page.network(false);
      await clock.advance(40_000);
      assert.equal(socket.stats().timers, 0);
      const { length } = server.sockets;
      const requests = server.requests.length;
      await clock.advance(3_600_000);
      assert.deepEqual([server.sockets.length, server.requests.length], [length, requests]);
      server.mode = 'ok';
      back(page);
      await clock.advance(30);
      assert.equal(socket.state, 'live');
    }
  });

  test('the waiting timer is gone the moment nobody looks and there is no network', async () => {
    const { server, clock, page, socket, live } = desk();
    await live(3);
    server.mode = 'refuse';
    server.socket.hangUp(1006);
    page.show(false);
    assert.equal(socket.stats().timers, 1);
    page.network(false);
    assert.equal(socket.stats().timers, 0);
    await clock.advance(60_000);
    assert.equal(server.sockets.length, 1);
  });

  test('close ends everything: socket, timers, page, listeners, rooms', async () => {
    const { server, clock, page, socket, seen, live } = desk();
    await live(3);
    socket.close();
    assert.equal(seen.states.at(-1).state, 'signed out');
    assert.equal(server.socket.closedWith, 1000);
    assert.equal(page.listeners, 0);
    const { listeners, rooms, timers } = socket.stats();
    assert.deepEqual([listeners, rooms, timers], [0, 0, 0]);
    socket.joinQueueRoom(4);
    assert.equal(socket.stats().rooms, 0);
    socket.close();
    page.network(true);
    await clock.advance(3_600_000);
    assert.equal(server.sockets.length, 1);
    assert.equal(clock.pending, 0);
  });

  test('close from inside a listener ends it there', async () => {
    const { server, socket, seen, live, moment } = desk();
    await live(3);
    socket.onQueueUpdate(() => socket.close());
    seen.frames.length = 0;
    server.tamper = (frame) => (frame.seq === 1 ? [] : [frame]);
    server.publish('clinic_3');
    server.publish('clinic_3');
    server.publish('clinic_3');
    server.tamper = (frame) => [frame];
    await moment(100);
    assert.deepEqual(seen.frames.map(({ seq }) => seq), [1]);
    assert.equal(socket.state, 'signed out');
  });
});
