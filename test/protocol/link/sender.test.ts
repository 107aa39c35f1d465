import { expect } from 'chai';
import type { AcknowledgementRecord } from '../../../protocol/link/acknowledgement.js';
import { Sender } from '../../../protocol/link/sender.js';
import type { Priority } from '../../../protocol/message/message.js';

const limits = { windowUnits: 64, payloadUnitsMax: 16, messageBytesMax: 100_000 };

/** A sender with `count` messages of one unit each sent from queue 2, at 1 ms each. */
function senderWith(count: number): Sender {
  const sender = new Sender(limits, 1024);
  for (let index = 0; index < count; index += 1) sender.push(Buffer.alloc(64, index), 2);
  for (let index = 0; index < count; index += 1) sender.transmit(1000 * index);
  return sender;
}

/** The first units of all that the sender would put on the line now. */
function sentAt(sender: Sender, nowUs: number): number[] {
  const starts: number[] = [];
  for (let next = sender.transmit(nowUs); next !== undefined; next = sender.transmit(nowUs))
    starts.push(next.fragment.start);
  return starts;
}

const record = (next: number, runs: number[] = [], complete = true): AcknowledgementRecord => ({
  priority: 2,
  next,
  runs,
  complete,
});

describe('sender', () => {
  it('repeats at once what was sent before something that arrived, and nothing sent after it', () => {
    const sender = senderWith(8);
    sender.acknowledge([record(1, [2, 1])], 10_000);
    expect(sentAt(sender, 10_000)).to.deep.equal([1, 2]);
    sender.acknowledge([record(1, [2, 1])], 11_000);
    expect(sentAt(sender, 11_000), 'the same news again').to.deep.equal([]);
  });

  it('finds a repetition lost from the order, too', () => {
    const sender = senderWith(4);
    sender.acknowledge([record(0, [1, 1])], 10_000);
    expect(sentAt(sender, 10_000)).to.deep.equal([0]);
    sender.push(Buffer.alloc(64), 2);
    expect(sentAt(sender, 10_000)).to.deep.equal([4]);
    sender.acknowledge([record(0, [1, 4])], 12_000);
    expect(sentAt(sender, 12_000)).to.deep.equal([0]);
  });

  it('finds what one queue lost from what another received', () => {
    const sender = senderWith(1);
    sender.push(Buffer.alloc(64), 0);
    sender.transmit(2000);
    sender.acknowledge([{ ...record(1), priority: 0 }], 3000);
    expect(sentAt(sender, 3000)).to.deep.equal([0]);
  });

  it('concludes nothing about what an acknowledgement could not name', () => {
    const sender = senderWith(8);
    sender.acknowledge([record(0, [1, 1, 1, 1], false)], 10_000);
    expect(sentAt(sender, 10_000)).to.deep.equal([0, 2]);
    sender.push(Buffer.alloc(64), 0);
    sender.transmit(10_000);
    sender.acknowledge([{ ...record(1), priority: 0 }], 11_000);
    expect(sentAt(sender, 11_000), 'past the reach').to.deep.equal([0, 2]);
  });

  it('concludes nothing about what an open does not name', () => {
    const sender = senderWith(3);
    sender.resume([0, 0, 1], false, 10_000);
    sender.push(Buffer.alloc(64), 0);
    sender.transmit(10_000);
    sender.acknowledge([{ ...record(1), priority: 0 }], 11_000);
    expect(sentAt(sender, 11_000)).to.deep.equal([]);
  });

  it('does not take a fragment that a timer repeated as proof of its last transmission', () => {
    const sender = senderWith(2);
    const timerUs = sender.deadlineUs ?? 0;
    sender.tick(timerUs);
    expect(sentAt(sender, timerUs)).to.deep.equal([0, 1]);
    // The answer to the first transmission: it says nothing of the repetition of 0 that is still on its way.
    sender.acknowledge([record(0, [1, 1])], timerUs + 1);
    expect(sentAt(sender, timerUs + 1)).to.deep.equal([]);
  });

  it('repeats in smaller pieces when the line has turned bad, with the flags at the outer ones', () => {
    const sender = new Sender(limits, 1024);
    sender.push(Buffer.alloc(1000, 7), 2);
    for (let index = 0; index < 100; index += 1) sender.push(Buffer.alloc(1, index), 1);
    while (sender.transmit(0) !== undefined);
    expect(sender.payloadBytes).to.equal(256);
    let nowUs = 0;
    for (let count = 0; count < 3; count += 1) {
      nowUs = sender.deadlineUs ?? 0;
      sender.tick(nowUs);
      while (sender.transmit(nowUs) !== undefined);
    }
    sender.resume([0, 64, 0], true, nowUs);
    const pieces = [];
    for (let next = sender.transmit(nowUs); next; next = sender.transmit(nowUs))
      if (next.priority === 2) pieces.push(next.fragment);
    expect(pieces.map(({ start }) => start)).to.deep.equal(Array.from({ length: 16 }, (_, index) => index));
    expect(pieces.map(({ first }) => first)).to.deep.equal(pieces.map((_, index) => index === 0));
    expect(pieces.map(({ last }) => last)).to.deep.equal(pieces.map((_, index) => index === 15));
    expect(pieces.reduce((sum, { bytes }) => sum + bytes.length, 0)).to.equal(1000);
  });

  it('fills the window of each queue and no more, and goes on as it is acknowledged', () => {
    const sender = new Sender(limits, 1024);
    for (let index = 0; index < 100; index += 1) sender.push(Buffer.alloc(64), 2);
    expect(sentAt(sender, 0)).to.have.length(64);
    sender.acknowledge([record(10)], 1000);
    expect(sentAt(sender, 1000)).to.have.length(10);
  });

  it('repeats all at once when the line was lost, without what the peer has', () => {
    const sender = senderWith(5);
    sender.resume([0, 0, 2], true, 10_000);
    expect(sentAt(sender, 10_000)).to.deep.equal([2, 3, 4]);
  });

  it('measures no round trip on what is told late', () => {
    const sender = senderWith(3);
    sender.push(Buffer.alloc(64), 0);
    sender.transmit(3000);
    // Unit 2 lies past the reach of this acknowledgement, though it was sent before the one of queue 0.
    sender.acknowledge([{ ...record(1), priority: 0 }, record(0, [1, 1], false)], 5000);
    sentAt(sender, 5000);
    sender.acknowledge([record(3)], 60_000_000);
    sender.push(Buffer.alloc(64), 2);
    sender.transmit(60_000_000);
    expect((sender.deadlineUs ?? 0) - 60_000_000).to.be.below(1_000_000);
  });

  it('takes no notice of an acknowledgement of what was never sent', () => {
    const sender = senderWith(3);
    sender.acknowledge([record(9)], 5000);
    expect(sender.queuedBytes).to.equal(3 * 64);
  });
});

/** A receiver takes nothing back: one that does lacks what somebody else acknowledged in its name. */
describe('sender, hearing less than before', () => {
  const least = (next: number, priority: Priority) => ({ priority, next, runs: [], complete: true });

  /** Sends and hears `next` in a queue so often, each so long after the one before, from 5 s on. */
  function hearing(priority: Priority, next: number, { times = 8, everyUs = 300_000 } = {}): [Sender, number] {
    const sender = new Sender(limits, 1024);
    for (let index = 0; index < 3; index += 1) sender.push(Buffer.alloc(64, index), priority);
    sentAt(sender, 0);
    sender.acknowledge([least(2, priority)], 1000);
    let nowUs = 5_000_000;
    for (let time = 0; time < times; time += 1, nowUs += everyUs) sender.acknowledge([least(next, priority)], nowUs);
    return [sender, nowUs - everyUs];
  }

  for (const priority of [0, 1, 2] as const) {
    it(`is in doubt, and contradicted by eight times over two seconds (queue ${priority})`, () => {
      const [once] = hearing(priority, 1, { times: 1 });
      expect([once.isInDoubt, once.isContradicted(60_000_000)]).to.deep.equal([true, false]);
      const [seven] = hearing(priority, 1, { times: 7 });
      expect(seven.isContradicted(60_000_000), 'seven times').to.equal(false);
      const [eight, lastUs] = hearing(priority, 1);
      expect([eight.isContradicted(6_999_999), lastUs, eight.isContradicted(7_000_000)]).to.deep.equal([
        ...[false, 7_100_000, true],
      ]);
      const [soon] = hearing(priority, 1, { times: 100, everyUs: 1000 });
      expect([soon.isInDoubt, soon.isContradicted(5_100_000)], 'often, but for a moment').to.deep.equal([true, false]);
    });
  }

  it('is not in doubt about what says as much as before, or more', () => {
    for (const next of [2, 3]) {
      const [sender] = hearing(1, next);
      expect([sender.isInDoubt, sender.isContradicted(60_000_000)]).to.deep.equal([false, false]);
    }
  });

  it('counts anew, and from a new beginning, when it hears what it had heard', () => {
    const [sender] = hearing(1, 1);
    sender.acknowledge([least(2, 1)], 8_000_000);
    expect([sender.isInDoubt, sender.isContradicted(60_000_000)]).to.deep.equal([false, false]);
    for (let time = 0; time < 8; time += 1) sender.acknowledge([least(1, 1)], 9_000_000);
    expect([10_999_999, 11_000_000].map((nowUs) => sender.isContradicted(nowUs))).to.deep.equal([false, true]);
  });

  it('is not put off by other queues that go on well', () => {
    const [sender] = hearing(1, 1, { times: 7 });
    sender.acknowledge([least(0, 0), least(1, 1), least(0, 2)], 8_000_000);
    expect([sender.isInDoubt, sender.isContradicted(8_000_000)]).to.deep.equal([true, true]);
  });

  it('takes opens for what they say as well', () => {
    const [sender] = hearing(1, 1, { times: 7 });
    sender.resume([0, 1, 0], false, 8_000_000);
    expect(sender.isContradicted(8_000_000)).to.equal(true);
    sender.resume([0, 2, 0], false, 9_000_000);
    expect([sender.isInDoubt, sender.isContradicted(9_000_000)]).to.deep.equal([false, false]);
  });
});
