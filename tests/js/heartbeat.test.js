import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { desk } from './desk.js';

describe('heartbeat', () => {
  test('two pings go out in each heartbeat that the server named', async () => {
    const { server, clock, live } = desk();
    server.heartbeat = 10;
    await live(3);
    const before = server.commands('ping').length;
    await clock.advance(30_000);
    assert.equal(server.commands('ping').length, before + 6);
  });

  test('nothing heard for one heartbeat: closed and connected again', async () => {
    const { server, clock, socket, live } = desk();
    await live(3);
    server.dead = true;
    const first = server.socket;
    await clock.advance(19_000);
    assert.equal(first.readyState, 1);
    await clock.advance(1_000);
    assert.equal(first.readyState, 3);
    server.dead = false;
    await clock.advance(1_000);
    assert.equal(server.sockets.length, 2);
    assert.equal(socket.state, 'live');
  });

  test('events count as life even where pings get no answer', async () => {
    const { server, clock, live } = desk();
    await live(3);
    server.deaf = true;
    for (let n = 0; n < 20; n += 1) {
      server.publish('clinic_3');
      await clock.advance(10_000);
    }
    assert.equal(server.sockets.length, 1);
  });

  test('a hidden tab whose timers run late is not taken for a dead connection', async () => {
    const { server, clock, page, live } = desk();
    await live(3);
    page.show(false);
    for (let n = 0; n < 10; n += 1) {
      clock.sleep(60_000);
      await clock.advance(10);
      if (n % 4 === 3) await clock.advance(0);
    }
    assert.equal(server.sockets.length, 1);
  });

  test('a pong head above what was seen closes the hole', async () => {
    const { server, clock, socket, events, live } = desk();
    await live(3);
    server.tamper = (frame) => (frame.seq === 1 ? [] : [frame]);
    server.publish('clinic_3');
    await clock.advance(100);
    assert.deepEqual(events('clinic_3'), []);
    server.tamper = (frame) => [frame];
    await clock.advance(20_500);
    assert.deepEqual(events('clinic_3'), [1]);
    assert.equal(socket.stats().holes, 1);
    assert.equal(server.sockets.length, 1);
  });

  test('a join that got lost is sent again', async () => {
    const { server, clock, socket, live, seqs } = desk();
    await live();
    server.answering = ({ event }) => event === 'join_queue_room';
    socket.joinQueueRoom(3);
    await clock.advance(1_000);
    assert.equal(socket.state, 'catching up');
    server.answering = () => false;
    await clock.advance(41_000);
    assert.equal(socket.state, 'live');
    assert.deepEqual(seqs('clinic_3'), [0]);
  });
});
