import { expect } from 'chai';
import { Handshake } from '../../../protocol/link/handshake.js';
import type { Open } from '../../../protocol/link/open-frame.js';

const limits = { windowUnits: 1, payloadUnitsMax: 1, messageBytesMax: 1 };

function open(own: bigint, peer: bigint, of: { ask?: boolean; running?: boolean } = {}): Open {
  return { own, peer, ask: of.ask ?? false, running: of.running ?? false, next: [0, 0, 0], limits };
}

/** One that knows peer 9, with its line up and running. */
function established(): Handshake {
  const handshake = new Handshake(Buffer.from('a'));
  handshake.connect(0);
  handshake.receive(open(9n, handshake.ids.own), 0);
  expect([handshake.established, handshake.running]).to.deep.equal([true, true]);
  handshake.transmit(0);
  return handshake;
}

describe('the rules of a handshake', () => {
  it('ask at once, then after 0.1, 0.2, 0.4 and 0.8 seconds, then every second', () => {
    const handshake = new Handshake(Buffer.from('a'));
    expect([handshake.lineUp, handshake.deadlineUs, handshake.transmit(5)]).to.deep.equal([
      false,
      undefined,
      undefined,
    ]);
    handshake.connect(5);
    const asked: number[] = [];
    for (let nowUs = 5; asked.length < 8; nowUs = handshake.deadlineUs ?? 0) {
      expect(handshake.transmit(nowUs)).to.deep.equal({ own: handshake.ids.own, peer: 0n, ask: true, running: false });
      expect(handshake.transmit(nowUs), 'once').to.equal(undefined);
      asked.push(nowUs - 5);
    }
    expect(asked).to.deep.equal([0, 100_000, 300_000, 700_000, 1_500_000, 2_500_000, 3_500_000, 4_500_000]);
    handshake.connect(50_000_000);
    handshake.transmit(50_000_000);
    expect(handshake.deadlineUs, 'fast again on a new line').to.equal(50_100_000);
  });

  it('open when an open names this side, and answer it when it asks', () => {
    for (const ask of [false, true]) {
      const handshake = new Handshake(Buffer.from('a'));
      handshake.connect(0);
      expect(handshake.receive(open(9n, handshake.ids.own, { ask }), 0)).to.deep.equal({
        kind: 'opened',
        replaced: false,
      });
      expect([handshake.ids.peer, handshake.deadlineUs]).to.deep.equal([9n, undefined]);
      expect(handshake.transmit(0)).to.deep.equal(ask ? { ...handshake.ids, ask: false, running: true } : undefined);
    }
  });

  it('ask a peer that does not know this side yet', () => {
    const handshake = new Handshake(Buffer.from('a'));
    handshake.connect(0);
    handshake.transmit(0);
    expect(handshake.receive(open(9n, 0n), 7).kind).to.equal('none');
    expect([handshake.established, handshake.ids.peer]).to.deep.equal([false, 9n]);
    expect(handshake.transmit(7)).to.deep.equal({ ...handshake.ids, ask: true, running: false });
    expect(handshake.deadlineUs, 'the question before stands').to.equal(100_000);
    expect(handshake.receive(open(9n, handshake.ids.own), 8)).to.deep.equal({ kind: 'opened', replaced: false });
  });

  it('know their own opens when they come back', () => {
    const handshake = established();
    const { own } = handshake.ids;
    expect(handshake.receive(open(own, 9n), 0).kind).to.equal('reflected');
    handshake.receive(open(7n, 0n), 0);
    const candidate = handshake.transmit(0);
    expect(candidate?.own).to.not.equal(own);
    expect(handshake.receive(open(candidate?.own ?? 0n, 7n), 0).kind).to.equal('reflected');
  });

  it('open a link in place of another when the one that started anew answers to the fresh id', () => {
    const handshake = established();
    const before = handshake.ids.own;
    handshake.receive(open(7n, 0n), 0);
    const candidate = handshake.transmit(0);
    expect(candidate).to.deep.include({ peer: 7n, ask: true, running: false });
    expect(handshake.ids, 'nothing has changed yet').to.deep.equal({ own: before, peer: 9n });
    expect(handshake.receive(open(7n, candidate?.own ?? 0n), 1)).to.deep.equal({ kind: 'opened', replaced: true });
    expect(handshake.ids).to.deep.equal({ own: candidate?.own, peer: 7n });
  });

  it('know the peer of the link when it names the fresh id: it has heard who else was asked', () => {
    const handshake = established();
    const { ids } = handshake;
    handshake.receive(open(7n, 0n), 0);
    const candidate = handshake.transmit(0)?.own ?? 0n;
    expect(handshake.receive(open(9n, candidate), 1)).to.deep.equal({ kind: 'none' });
    expect([handshake.ids, handshake.transmit(1)]).to.deep.equal([ids, { ...ids, ask: true, running: true }]);
    expect(handshake.receive(open(7n, candidate), 2), 'the one who was asked').to.deep.include({ kind: 'opened' });
  });

  it('keep the fresh id for one that asks again, and make another for somebody else', () => {
    const handshake = established();
    const own = (peer: bigint) => {
      handshake.receive(open(peer, 0n), 0);
      return handshake.transmit(0)?.own;
    };
    const [first, again, other] = [own(7n), own(7n), own(8n)];
    expect(again).to.equal(first);
    expect(other).to.not.equal(first);
  });

  it('go on asking one that started anew until the peer of the link is heard', () => {
    const handshake = established();
    handshake.receive(open(7n, 0n), 0);
    handshake.transmit(0);
    expect(handshake.deadlineUs).to.equal(100_000);
    expect(handshake.transmit(100_000)).to.deep.include({ peer: 7n, ask: true });
    expect(handshake.receive(open(9n, handshake.ids.own, { running: true }), 150_000)).to.deep.equal({
      ...{ kind: 'runs', repeatAll: false },
    });
    expect([handshake.deadlineUs, handshake.transmit(9_000_000)]).to.deep.equal([undefined, undefined]);
  });

  it('tell a stranger seen once of the link, and begin to count anew when the peer of the link is heard', () => {
    const handshake = established();
    for (const round of [1, 2]) {
      handshake.receive(open(7n, 5n), round);
      expect(handshake.transmit(round), `round ${round}`).to.deep.equal({ ...handshake.ids, ask: true, running: true });
      handshake.receive(open(9n, handshake.ids.own, { running: true }), round);
      handshake.transmit(round);
    }
    handshake.receive(open(7n, 5n), 3);
    handshake.transmit(3);
    handshake.receive(open(8n, 5n), 4);
    expect(handshake.transmit(4)?.own, 'another stranger').to.equal(handshake.ids.own);
  });

  it('give the link up for a stranger who is still there after a second, and until then ask by the clock', () => {
    const handshake = established();
    const { own } = handshake.ids;
    const askedFor = (nowUs: number) => {
      handshake.receive(open(7n, 5n), nowUs);
      return handshake.transmit(nowUs)?.own;
    };
    const early = [0, 1, 99_999, 100_000, 299_999, 300_000, 700_000, 999_999].map(askedFor);
    expect(early).to.deep.equal([own, undefined, undefined, own, undefined, own, own, undefined]);
    expect([own, undefined]).to.not.include(askedFor(1_000_000));
    expect([handshake.established, handshake.ids.peer]).to.deep.equal([false, 7n]);
  });

  it('know strangers who come by turns from each other: one who asks for link and candidate is two of them', () => {
    const hear = (strangers: readonly bigint[], untilUs: number) => {
      const handshake = established();
      for (let nowUs = 0, turn = 0; nowUs <= untilUs; nowUs += 100_000, turn += 1)
        handshake.receive(open(strangers[turn % strangers.length] ?? 0n, 5n), nowUs);
      return [handshake.established, handshake.ids.peer];
    };
    expect(hear([7n, 8n], 900_000)).to.deep.equal([true, 9n]);
    expect(hear([7n, 8n], 1_000_000)).to.deep.equal([false, 7n]);
    expect(hear([7n, 1n, 2n, 3n], 1_200_000)).to.deep.equal([false, 7n]);
    expect(hear([7n, 1n, 2n, 3n, 4n], 3_000_000), 'only four are known at a time').to.deep.equal([true, 9n]);
    const once = Array.from({ length: 20 }, (_, index) => BigInt(100 + index));
    expect(hear(once, 1_900_000), 'each once').to.deep.equal([true, 9n]);
  });

  it('tell the peer of the link about it when an open of its own names somebody else, however often', () => {
    const handshake = established();
    for (const [index, peer] of [0n, 5n, 5n, 0n].entries()) {
      handshake.receive(open(9n, peer, { ask: true }), index * 5_000_000);
      expect(handshake.transmit(index * 5_000_000)).to.deep.equal({ ...handshake.ids, ask: true, running: true });
    }
    expect(handshake.deadlineUs, 'nobody else is asked').to.equal(undefined);
  });

  it('say nothing while the line is down, and run again only when the peer is heard', () => {
    const handshake = established();
    handshake.ask();
    handshake.disconnect();
    expect([handshake.lineUp, handshake.running, handshake.established]).to.deep.equal([false, false, true]);
    expect([handshake.deadlineUs, handshake.transmit(1)]).to.deep.equal([undefined, undefined]);
    handshake.connect(10);
    expect(handshake.transmit(10)).to.deep.equal({ ...handshake.ids, ask: true, running: false });
    expect(handshake.receive(open(9n, handshake.ids.own, { running: true }), 20)).to.deep.equal({
      ...{ kind: 'runs', repeatAll: true },
    });
    expect(handshake.running).to.equal(true);
    expect(handshake.receive(open(9n, handshake.ids.own, { running: true }), 30)).to.deep.include({ repeatAll: false });
    expect(handshake.receive(open(9n, handshake.ids.own, { running: false }), 40)).to.deep.include({ repeatAll: true });
  });

  it('do not run on an open that comes while the line is down', () => {
    const handshake = established();
    handshake.disconnect();
    handshake.receive(open(9n, handshake.ids.own, { running: true }), 1);
    expect(handshake.running).to.equal(false);
  });

  it('stop asking once the link runs', () => {
    const handshake = new Handshake(Buffer.from('a'));
    handshake.connect(0);
    handshake.receive(open(9n, 0n), 0);
    handshake.receive(open(9n, handshake.ids.own), 0);
    handshake.tick(200_000);
    expect([handshake.transmit(300_000), handshake.deadlineUs]).to.deep.equal([undefined, undefined]);
  });

  it('ask who is there when told to, once', () => {
    const handshake = established();
    handshake.ask();
    expect(handshake.transmit(1)).to.deep.equal({ ...handshake.ids, ask: true, running: true });
    expect(handshake.transmit(1)).to.equal(undefined);
  });

  it('ask again a quarter of a second later when told to, and go on until the peer is heard', () => {
    const handshake = established();
    // Somebody else had asked, and the peer was heard since.
    handshake.receive(open(7n, 0n), 0);
    handshake.receive(open(9n, handshake.ids.own, { running: true }), 0);
    handshake.askAgain(1000);
    expect([handshake.deadlineUs, handshake.transmit(250_999)]).to.deep.equal([251_000, undefined]);
    expect(handshake.transmit(251_000)).to.deep.equal({ ...handshake.ids, ask: true, running: true });
    expect(handshake.transmit(handshake.deadlineUs ?? 0)).to.deep.include({ ask: true });
    handshake.receive(open(9n, handshake.ids.own, { running: true }), 500_000);
    expect([handshake.deadlineUs, handshake.transmit(9_000_000)]).to.deep.equal([undefined, undefined]);
  });

  it('forget the peer, with an id that was never used', () => {
    const handshake = established();
    const before = handshake.ids.own;
    handshake.receive(open(7n, 0n), 0);
    const candidate = handshake.transmit(0)?.own;
    handshake.forget();
    expect([handshake.established, handshake.running, handshake.ids.peer]).to.deep.equal([false, false, 0n]);
    expect([before, candidate]).to.not.include(handshake.ids.own);
    expect(handshake.receive(open(7n, candidate ?? 0n), 1).kind, 'the fresh id is forgotten, too').to.equal('none');
    expect(handshake.established).to.equal(false);
  });

  it('has ids that follow from the entropy, copied when it was given', () => {
    const entropy = Buffer.from('entropy');
    const [one, other] = [new Handshake(entropy), new Handshake(Buffer.from('another'))];
    expect(one.ids.own).to.equal(new Handshake(Buffer.from('entropy')).ids.own);
    expect(one.ids.own).to.not.equal(other.ids.own);
    const same = new Handshake(Buffer.from('entropy'));
    entropy.fill(0);
    one.forget();
    same.forget();
    expect(one.ids.own).to.equal(same.ids.own);
  });
});
