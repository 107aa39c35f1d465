import { expect } from 'chai';
import { Handshake, type Opening } from '../../../protocol/link/handshake.js';
import type { Open } from '../../../protocol/link/open-frame.js';

const limits = { windowUnits: 1, payloadUnitsMax: 1, messageBytesMax: 1 };

const openOf = (opening: Opening): Open => ({ ...opening, next: [0, 0, 0], limits });

const stale = (own: bigint, peer: bigint): Open => openOf({ own, peer, ask: true, running: false });

/** Lets the two talk until neither has anything to say; returns how many opens that took. */
function talk(a: Handshake, b: Handshake, nowUs: number): number {
  let count = 0;
  for (let said = true; said; ) {
    said = false;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const opening = from.transmit(nowUs);
      if (opening === undefined) continue;
      to.receive(openOf(opening), nowUs);
      said = true;
      count += 1;
    }
  }
  return count;
}

function established(): { readonly a: Handshake; readonly b: Handshake } {
  const a = new Handshake(Buffer.from('a'));
  const b = new Handshake(Buffer.from('b'));
  a.connect(0);
  b.connect(0);
  talk(a, b, 0);
  expect([a.running, b.running, a.established, b.established]).to.deep.equal([true, true, true, true]);
  return { a, b };
}

describe('handshake', () => {
  it('needs few opens, and ends with ids that mirror each other', () => {
    const { a, b } = established();
    expect(a.ids).to.deep.equal({ own: b.ids.peer, peer: b.ids.own });
    expect(talk(a, b, 10_000_000)).to.equal(0);
    expect([a.deadlineUs, b.deadlineUs]).to.deep.equal([undefined, undefined]);
  });

  it('survives stale opens of any earlier link: the live peer answers and nothing changes', () => {
    const { a, b } = established();
    const before = [a.ids, b.ids];
    for (const open of [
      stale(7n, 0n),
      stale(7n, 9n),
      stale(8n, 0n),
      stale(7n, 9n),
      stale(7n, 9n),
      stale(5n, a.ids.own),
      stale(b.ids.own, 0n),
      stale(b.ids.own, 7n),
    ]) {
      expect(a.receive(open, 0).kind).to.equal('none');
      expect(talk(a, b, 0)).to.be.below(10);
    }
    expect([a.ids, b.ids]).to.deep.equal(before);
    a.tick(10_000_000);
    expect(a.transmit(10_000_000), 'nobody is asked any more').to.equal(undefined);
  });

  it('answers a stranger with its link, and gives it up for one who is still there a second later', () => {
    const { a } = established();
    const { ids } = a;
    expect(a.receive(stale(7n, 9n), 0)).to.deep.equal({ kind: 'none' });
    expect(a.transmit(0)).to.deep.include(ids);
    expect(a.receive(stale(7n, 9n), 1_000_000)).to.deep.equal({ kind: 'ended' });
    expect([a.established, a.ids.peer]).to.deep.equal([false, 7n]);
    expect(a.ids.own).to.not.equal(ids.own);
    expect(a.transmit(1_000_000)).to.deep.equal({ ...a.ids, ask: true, running: false });
  });

  it('answers a peer that started anew with a fresh id at once', () => {
    for (const knows of [false, true]) {
      const { a } = established();
      a.receive(stale(7n, knows ? a.ids.own : 0n), 0);
      expect(a.transmit(0)?.peer).to.equal(7n);
    }
  });

  it('finds together again when each side believes in another link', () => {
    const { a } = established();
    const { b } = established();
    // a's peer is another b, b's peer another a; their ids differ after both were forgotten once.
    b.forget();
    const c = new Handshake(Buffer.from('c'));
    b.connect(0);
    c.connect(0);
    talk(b, c, 0);
    a.ask();
    for (let nowUs = 0; nowUs <= 5_000_000; nowUs += 100_000) expect(talk(a, b, nowUs)).to.be.below(10);
    expect(a.ids).to.deep.equal({ own: b.ids.peer, peer: b.ids.own });
  });

  it('goes on when one stale open is asked about again and again before an answer can arrive', () => {
    const { a, b } = established();
    const before = [a.ids, b.ids];
    const oneWayUs = 400_000;
    const flying: { readonly to: Handshake; readonly open: Open; readonly atUs: number }[] = [];
    a.receive(stale(7n, 0n), 0);
    for (let nowUs = 0; nowUs < 10_000_000; nowUs += 50_000) {
      for (const { to, open } of flying.filter(({ atUs }) => atUs === nowUs)) to.receive(open, nowUs);
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        const opening = from.transmit(nowUs);
        if (opening !== undefined) flying.push({ to, open: openOf(opening), atUs: nowUs + oneWayUs });
      }
    }
    expect([a.ids, b.ids]).to.deep.equal(before);
    expect(flying.length).to.be.within(4, 20);
  });

  it('survives a stale open at both sides at once, though each asks the other for a candidate', () => {
    const { a, b } = established();
    const before = [a.ids, b.ids];
    a.receive(stale(7n, 0n), 0);
    b.receive(stale(8n, 0n), 0);
    for (let nowUs = 0; nowUs <= 3_000_000; nowUs += 100_000) expect(talk(a, b, nowUs)).to.be.below(10);
    expect([a.ids, b.ids]).to.deep.equal(before);
  });

  it('asks a peer that started anew for a candidate although it is in doubt about another one', () => {
    const { a } = established();
    a.receive(stale(7n, 9n), 0);
    a.receive(stale(8n, 0n), 0);
    const asked = [0, 100_000].map((nowUs) => a.transmit(nowUs)?.peer);
    expect(asked).to.deep.equal([8n, a.ids.peer]);
  });

  it('repeats what is lost only when one of the sides was not running', () => {
    const { a, b } = established();
    b.ask();
    expect(a.receive(openOf(b.transmit(0) as Opening), 0)).to.deep.equal({ kind: 'runs', repeatAll: false });
    b.disconnect();
    b.connect(0);
    expect(a.receive(openOf(b.transmit(0) as Opening), 0)).to.deep.equal({ kind: 'runs', repeatAll: true });
    expect(b.receive(openOf(a.transmit(0) as Opening), 0)).to.deep.equal({ kind: 'runs', repeatAll: true });
  });

  it('asks at least once a second as long as nobody answers', () => {
    const a = new Handshake(Buffer.from('a'));
    a.connect(0);
    let nowUs = 0;
    for (let count = 0; count < 20; count += 1) {
      expect(a.transmit(nowUs)).to.deep.include({ ask: true });
      expect((a.deadlineUs ?? 0) - nowUs).to.be.within(100_000, 1_000_000);
      nowUs = a.deadlineUs ?? 0;
    }
  });
});
