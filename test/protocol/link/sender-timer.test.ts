import { expect } from 'chai';
import type { AcknowledgementRecord } from '../../../protocol/link/acknowledgement.js';
import { Sender } from '../../../protocol/link/sender.js';
import type { Priority } from '../../../protocol/message/message.js';

const limits = { windowUnits: 64, payloadUnitsMax: 16, messageBytesMax: 100_000 };

/** A sender with messages of one unit each in these queues, all sent at `nowUs`. */
function senderOf(queues: readonly Priority[], nowUs = 0): Sender {
  const sender = new Sender(limits, 1024);
  for (const [index, priority] of queues.entries()) sender.push(Buffer.alloc(64, index), priority);
  sent(sender, nowUs);
  return sender;
}

/** All that the sender would put on the line now, as queue and first unit. */
function sent(sender: Sender, nowUs: number): string[] {
  const all: string[] = [];
  for (let next = sender.transmit(nowUs); next !== undefined; next = sender.transmit(nowUs)) {
    all.push(`${next.priority}:${next.fragment.start}`);
  }
  return all;
}

const record = (priority: Priority, next: number, runs: number[] = []): AcknowledgementRecord => ({
  ...{ priority, next, runs, complete: true },
});

describe('sender, by its queues and its timer', () => {
  it('takes the most urgent queue first, and in it what is to be repeated', () => {
    const sender = new Sender(limits, 1024);
    for (const priority of [2, 1, 0, 1] as const) sender.push(Buffer.alloc(64), priority);
    expect(sent(sender, 0)).to.deep.equal(['0:0', '1:0', '1:1', '2:0']);
    sender.push(Buffer.alloc(64), 1);
    sender.resume([0, 0, 0], true, 10);
    expect(sent(sender, 10)).to.deep.equal(['0:0', '1:0', '1:1', '1:2', '2:0']);
  });

  it('counts what is queued in all queues', () => {
    const sender = new Sender(limits, 1024);
    for (const priority of [0, 1, 2] as const) sender.push(Buffer.alloc(100 + priority), priority);
    expect([sender.queuedBytes, sender.queuedMessages, sender.messageBytesMax]).to.deep.equal([303, 3, 100_000]);
    sent(sender, 0);
    sender.acknowledge([record(0, 2), record(2, 2)], 10);
    expect([sender.queuedBytes, sender.queuedMessages]).to.deep.equal([101, 1]);
  });

  it('begins with payloads that both sides take', () => {
    expect(new Sender(limits, 1024).payloadBytes).to.equal(256);
    expect(new Sender(limits, 128).payloadBytes).to.equal(128);
    expect(new Sender({ ...limits, payloadUnitsMax: 1 }, 1024).payloadBytes).to.equal(64);
  });

  it('waits from the first fragment on its way, again from each news, and not at all when there is nothing', () => {
    const sender = senderOf([]);
    expect([sender.deadlineUs, sender.tick(9_000_000)]).to.deep.equal([undefined, false]);
    sender.push(Buffer.alloc(64), 1);
    sender.push(Buffer.alloc(64), 1);
    sender.transmit(1000);
    sender.transmit(2000);
    expect(sender.deadlineUs).to.equal(501_000);
    // A round trip of 100 ms: 100 + 4 · 50 + 20 ms.
    sender.acknowledge([record(1, 1)], 101_000);
    expect(sender.deadlineUs).to.equal(421_000);
    sender.acknowledge([record(1, 1)], 150_000);
    expect(sender.deadlineUs, 'no news').to.equal(421_000);
    sender.acknowledge([record(1, 2)], 200_000);
    expect(sender.deadlineUs).to.equal(undefined);
  });

  it('measures nothing on what was sent twice', () => {
    const sender = senderOf([1]);
    sender.resume([0, 0, 0], true, 1000);
    sent(sender, 1000);
    sender.acknowledge([record(1, 1)], 3_000_000);
    sender.push(Buffer.alloc(64), 1);
    sender.transmit(4_000_000);
    expect(sender.deadlineUs).to.equal(4_500_000);
  });

  it('repeats the first four and the latest when the timer ends, in smaller pieces from then on', () => {
    const sender = senderOf(Array(10).fill(1));
    expect([sender.tick(499_999), sent(sender, 499_999)]).to.deep.equal([false, []]);
    expect(sender.tick(500_000)).to.equal(true);
    expect([sender.payloadBytes, sent(sender, 500_000)]).to.deep.equal([64, ['1:0', '1:1', '1:2', '1:3', '1:9']]);
    const few = senderOf(Array(3).fill(1));
    few.tick(500_000);
    expect(sent(few, 500_000)).to.deep.equal(['1:0', '1:1', '1:2']);
  });

  it('repeats the latest of all queues, and the first of the most urgent that has any', () => {
    const sender = senderOf([1, 2, 2]);
    sender.tick(500_000);
    expect(sent(sender, 500_000)).to.deep.equal(['1:0', '2:1']);
  });

  it('repeats nothing of other queues when the latest is among the first', () => {
    const sender = senderOf([2, 2]);
    sender.push(Buffer.alloc(64), 1);
    expect(sent(sender, 1000)).to.deep.equal(['1:0']);
    sender.tick(500_000);
    expect(sent(sender, 500_000)).to.deep.equal(['1:0']);
  });

  it('waits twice as long after complete silence, and not when it heard without news', () => {
    const sender = senderOf(Array(3).fill(1));
    sender.tick(500_000);
    expect(sender.deadlineUs, 'the first may be bad luck').to.equal(1_000_000);
    sent(sender, 500_000);
    sender.acknowledge([record(1, 0)], 600_000);
    sender.tick(1_000_000);
    expect(sender.deadlineUs).to.equal(1_500_000);
    sent(sender, 1_000_000);
    sender.tick(1_500_000);
    expect(sender.deadlineUs).to.equal(2_500_000);
  });

  it('repeats nothing more as long as the line has not taken what is to be repeated', () => {
    const sender = senderOf(Array(10).fill(1));
    sender.tick(500_000);
    expect([sender.tick(1_000_000), sender.payloadBytes]).to.deep.equal([true, 64]);
    expect(sent(sender, 1_000_000)).to.deep.equal(['1:0', '1:1', '1:2', '1:3', '1:9']);
  });

  it('sends nothing fresh but control after a timeout, until there is news', () => {
    const sender = senderOf([1]);
    sender.tick(500_000);
    for (const priority of [0, 1, 2] as const) sender.push(Buffer.alloc(64), priority);
    expect(sent(sender, 500_000)).to.deep.equal(['0:0', '1:0']);
    sender.acknowledge([record(1, 1)], 600_000);
    expect(sent(sender, 600_000)).to.deep.equal(['1:1', '2:0']);
  });

  it('repeats nothing after an open of a line that was never lost', () => {
    const sender = senderOf([1, 1]);
    sender.resume([0, 1, 0], false, 100_000);
    expect([sent(sender, 100_000), sender.queuedMessages, sender.deadlineUs]).to.deep.equal([[], 1, 600_000]);
  });

  it('takes a fragment of no queue for what another has received', () => {
    const sender = senderOf([0, 1, 2]);
    sender.acknowledge([record(1, 1)], 100_000);
    expect(sender.queuedMessages).to.equal(2);
    expect(sent(sender, 100_000), 'what was sent before it is lost, what was sent after it is not').to.deep.equal([
      '0:0',
    ]);
  });

  it('repeats a loss that it was told of, and nothing more, when the timer ends before the line has taken that', () => {
    const sender = senderOf(Array(10).fill(1));
    sender.acknowledge([record(1, 0, [1, 1])], 10_000);
    expect(sender.tick(sender.deadlineUs ?? 0)).to.equal(true);
    expect(sent(sender, 600_000)).to.deep.equal(['1:0']);
  });
});
