import { expect } from 'chai';
import { decodeAcknowledgement } from '../../../protocol/link/acknowledgement.js';
import type { DataFrame } from '../../../protocol/link/receive-queue.js';
import { Receiver } from '../../../protocol/link/receiver.js';

const limits = { windowUnits: 256, payloadUnitsMax: 16, messageBytesMax: 1024 };

function frame(sequence: number, options: Partial<DataFrame> = {}): DataFrame {
  const payload = Buffer.alloc(64, sequence);
  return { kind: 'data', priority: 2, first: true, last: true, sequence, payload, ...options };
}

const middle = { first: false, last: false };

describe('receiver', () => {
  it('refuses what lies past its window, before anything is held', () => {
    const receiver = new Receiver(limits);
    expect(receiver.take(frame(256), 0).outcome).to.equal('frame-window');
    expect(receiver.take(frame(255), 0).outcome).to.equal('gap');
    expect(receiver.heldBytes).to.equal(64);
  });

  it('refuses a fragment that ends in the middle of a unit and is not the last, and one that is too long', () => {
    const receiver = new Receiver(limits);
    const outcomes = [
      frame(0, { ...middle, payload: Buffer.alloc(63) }),
      frame(0, { ...middle, payload: Buffer.alloc(0) }),
      frame(0, { payload: Buffer.alloc(1025) }),
    ].map((each) => receiver.take(each, 0).outcome);
    expect(outcomes).to.deep.equal(['frame-length', 'frame-length', 'frame-length']);
  });

  it('drops a message longer than it takes, as a whole, and delivers the next', () => {
    const receiver = new Receiver(limits);
    const piece = Buffer.alloc(512);
    receiver.take(frame(0, { first: true, last: false, payload: piece }), 0);
    receiver.take(frame(8, { ...middle, payload: piece }), 0);
    expect(receiver.take(frame(16, { ...middle, payload: piece }), 0).outcome).to.equal('link-message-length');
    expect(receiver.heldBytes).to.equal(0);
    expect(receiver.take(frame(24, { first: false, payload: piece }), 0).messages).to.deep.equal([]);
    expect(receiver.take(frame(32), 0).messages).to.have.length(1);
  });

  it('drops what overlaps in part', () => {
    const receiver = new Receiver(limits);
    const two = { payload: Buffer.alloc(128) };
    receiver.take(frame(1), 0);
    expect(receiver.take(frame(0, two), 0).outcome).to.equal('repeated');
    expect(receiver.take(frame(0), 0).messages).to.have.length(2);
    expect(receiver.take(frame(1, two), 0).outcome).to.equal('repeated');
  });

  it('acknowledges 20 ms after a fragment, at the latest', () => {
    const receiver = new Receiver(limits);
    receiver.take(frame(0), 5000);
    expect(receiver.deadlineUs).to.equal(25_000);
    expect(receiver.transmit(24_999)).to.equal(undefined);
    expect(decodeAcknowledgement(receiver.transmit(25_000) ?? Buffer.alloc(0))).to.deep.equal([
      { priority: 2, next: 1, runs: [], complete: true },
    ]);
    expect(receiver.deadlineUs).to.equal(undefined);
  });

  it('acknowledges a gap within 2 ms, and at once when 1 KiB has arrived', () => {
    const receiver = new Receiver(limits);
    receiver.take(frame(1), 5000);
    expect(receiver.transmit(5000)).to.not.equal(undefined);
    receiver.take(frame(3), 5500);
    expect(receiver.transmit(5500)).to.equal(undefined);
    expect(receiver.deadlineUs).to.equal(7000);
    receiver.take(frame(5, { payload: Buffer.alloc(1024) }), 5600);
    expect(receiver.transmit(5600)).to.not.equal(undefined);
  });

  it('acknowledges at once after a quarter of its window, or 8 KiB where that is less', () => {
    for (const [windowUnits, bytes] of [
      [256, 4096],
      [1024, 8192],
    ] as const) {
      const receiver = new Receiver({ ...limits, windowUnits });
      const part = 1023;
      let count = 0;
      for (; receiver.transmit(0) === undefined; count += 1) {
        receiver.take(frame(16 * count, { payload: Buffer.alloc(part) }), 0);
        expect(count).to.be.below(20);
      }
      expect(count * (part + 1)).to.equal(bytes);
    }
  });

  it('hurries when something is missing, comes again, or lies past its window, and not otherwise', () => {
    for (const [sequence, hurried] of [
      [2, true],
      [0, true],
      [1 + 256, true],
      [1, false],
    ] as const) {
      const receiver = new Receiver(limits);
      receiver.take(frame(0), 100_000);
      receiver.take(frame(sequence), 100_000);
      expect(receiver.deadlineUs, `unit ${sequence}`).to.equal(hurried ? 100_000 : 120_000);
    }
  });

  it('is due at the earliest time that any fragment asks for', () => {
    const receiver = new Receiver(limits);
    receiver.take(frame(0), 1000);
    receiver.take(frame(1), 9000);
    expect(receiver.deadlineUs).to.equal(21_000);
  });

  it('tells the news of a queue in four acknowledgements running', () => {
    const receiver = new Receiver(limits);
    receiver.take(frame(0, { priority: 0 }), 0);
    const told: (readonly number[] | undefined)[] = [];
    for (let count = 0; count < 5; count += 1) {
      receiver.take(frame(count), 30_000 * count);
      const records = decodeAcknowledgement(receiver.transmit(30_000 * count + 20_000) ?? Buffer.alloc(0));
      told.push(records?.map(({ priority }) => priority));
    }
    expect(told).to.deep.equal([[0, 2], [0, 2], [0, 2], [0, 2], [2]]);
  });
});
