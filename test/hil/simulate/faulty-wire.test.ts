import { expect } from 'chai';
import { Random } from '../../../hil/random.js';
import { FaultyWire, type FrameFault } from '../../../hil/simulate/faulty-wire.js';
import { LineModel } from '../../../hil/simulate/line-model.js';
import type { LineEffect } from '../../../hil/simulate/plan.js';
import { encodeFrame } from '../../../protocol/frame/frame.js';
import { encodeMessage } from '../../../protocol/message/messages.js';

interface Carried {
  /** The time of each arrival and what arrived; a delimiter is written `|`. */
  readonly arrivals: readonly string[];
  /** Cuts of the line, and numbers of frames whose faults changed something. */
  readonly cuts: readonly (readonly [number, number])[];
  readonly applied: readonly number[];
  readonly freeAtUs: number;
}

/** Carries frames of ten bytes, handed over at 0, 100, 200 … µs, over a line of a byte each 10 µs and 5 µs of latency. */
function carried(names: string, faults: readonly FrameFault[], baud: number | undefined = 1_000_000): Carried {
  const cuts: [number, number][] = [];
  const applied: number[] = [];
  const model = new LineModel({ latencyUs: 5, bitErrorRate: 0, dropRate: 0, ...(baud && { baud }) }, new Random(1));
  const wire = new FaultyWire(model, faults, {
    disconnect: (atUs, forUs) => cuts.push([atUs, forUs]),
    applied: ({ frame }) => applied.push(frame),
  });
  const arrivals = [...names].flatMap((name, index) =>
    wire.carry(Buffer.from(`${name.repeat(9)}\0`), index * 100).map(({ atUs, bytes }) => {
      return `${atUs} ${Buffer.from(bytes).toString().replaceAll('\0', '|')}`;
    }),
  );
  return { arrivals, cuts, applied, freeAtUs: wire.freeAtUs };
}

const at = (frame: number, effect: LineEffect): FrameFault => ({ frame, effect });

describe('a line with faults', () => {
  it('carries frames as its model does when no fault is addressed to them', () => {
    const faults = [at(4, { kind: 'dropFrame' })];
    expect(carried('abc', faults)).to.deep.equal({
      arrivals: ['105 aaaaaaaaa|', '205 bbbbbbbbb|', '305 ccccccccc|'],
      cuts: [],
      applied: [],
      freeAtUs: 300,
    });
  });

  it('loses the frame that a fault names, which takes its time all the same', () => {
    const { arrivals, applied, freeAtUs } = carried('ab', [at(2, { kind: 'dropFrame' })]);
    expect(arrivals).to.deep.equal(['105 aaaaaaaaa|']);
    expect(applied).to.deep.equal([2]);
    expect(freeAtUs).to.equal(200);
  });

  it('does several things to one frame, in the order of the plan', () => {
    const drop: FrameFault = at(1, { kind: 'dropBytes', at: 0, bytes: 8 });
    const twice: FrameFault = at(1, { kind: 'duplicateFrame', copies: 1 });
    expect(carried('a', [drop, twice]).arrivals).to.deep.equal(['45 a|a|']);
    expect(carried('a', [twice, drop]).arrivals).to.deep.equal(['125 a|aaaaaaaaa|']);
  });

  it('forges the first frame with data, and no other', () => {
    const model = new LineModel({ latencyUs: 0, bitErrorRate: 0, dropRate: 0 }, new Random(1));
    const applied: number[] = [];
    const forgery: FrameFault = { frame: 2, effect: { kind: 'forgeData', at: 0, xor: 1 } };
    const wire = new FaultyWire(model, [forgery], {
      disconnect: () => {},
      applied: ({ frame }) => applied.push(frame),
    });
    const data = encodeMessage({ kind: 'dataOut', tag: 1, offset: 0, data: Buffer.alloc(8) });
    const payloads = [data, encodeMessage({ kind: 'resync', request: 1 }), data, data];
    const isChanged = payloads.map((payload) => {
      const frame = encodeFrame({ kind: 'data', priority: 2, first: true, last: true, sequence: 0, payload }, 5);
      return wire.carry(frame, 0).some(({ bytes }) => Buffer.compare(bytes, frame) !== 0);
    });
    expect([isChanged, applied]).to.deep.equal([[false, false, true, false], [2]]);
  });

  it('gives an earlier frame once more behind another, as it was sent', () => {
    const faults = [at(1, { kind: 'length', xor: 1 }), at(3, { kind: 'stale', framesAgo: 2 })];
    const { arrivals, applied } = carried('abcd', faults);
    expect(arrivals).to.deep.equal(['105 `aaaaaaaa|', '205 bbbbbbbbb|', '405 ccccccccc|aaaaaaaaa|', '505 ddddddddd|']);
    expect(applied).to.deep.equal([1, 3]);
  });

  it('gives nothing more when no frame had passed then', () => {
    const { arrivals, applied } = carried('ab', [at(2, { kind: 'stale', framesAgo: 2 })]);
    expect(arrivals).to.deep.equal(['105 aaaaaaaaa|', '205 bbbbbbbbb|']);
    expect(applied).to.deep.equal([]);
  });

  it('holds a frame back, and those behind it until it has arrived', () => {
    expect(carried('abcd', [at(2, { kind: 'stall', us: 150 })]).arrivals).to.deep.equal([
      '105 aaaaaaaaa|',
      '355 bbbbbbbbb|',
      '355 ccccccccc|',
      '405 ddddddddd|',
    ]);
  });

  it('holds back what is behind a frame that is also lost', () => {
    const faults = [at(1, { kind: 'stall', us: 300 }), at(1, { kind: 'dropFrame' })];
    expect(carried('ab', faults).arrivals).to.deep.equal(['300 bbbbbbbbb|']);
  });

  it('cuts the line when the first bytes of a frame have arrived, and loses the others', () => {
    const { arrivals, cuts, applied } = carried('ab', [at(2, { kind: 'disconnect', at: 13, us: 700 })]);
    expect(arrivals).to.deep.equal(['105 aaaaaaaaa|', '135 bbb']);
    expect(cuts).to.deep.equal([[136, 700]]);
    expect(applied).to.deep.equal([2]);
  });

  it('cuts the line before a frame when what went before has arrived', () => {
    const { arrivals, cuts } = carried('ab', [at(2, { kind: 'disconnect', at: 0, us: 700 })]);
    expect(arrivals).to.deep.equal(['105 aaaaaaaaa|']);
    expect(cuts).to.deep.equal([[106, 700]]);
  });

  it('works on a line that takes no time', () => {
    const { arrivals, cuts } = carried('a', [at(1, { kind: 'disconnect', at: 4, us: 700 })], 0);
    expect(arrivals).to.deep.equal(['5 aaaa']);
    expect(cuts).to.deep.equal([[6, 700]]);
  });

  it('ends its frames early for a receiver that loses bytes', () => {
    expect(carried('ab', [at(1, { kind: 'overrun', at: 4 })]).arrivals).to.deep.equal(['45 aaaa', '205 bbbbbbbbb|']);
  });
});
