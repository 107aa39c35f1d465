import { expect } from 'chai';
import type { Wire } from '../../../../hil/simulate/kernel.js';
import { type StaleOpenFault, StaleOpensWire } from '../../../../hil/simulate/link/stale-opens-wire.js';
import { encodeFrame } from '../../../../protocol/frame/frame.js';
import { encodeOpen } from '../../../../protocol/link/open-frame.js';

const limits = { windowUnits: 1, payloadUnitsMax: 1, messageBytesMax: 1 };

function openOf(own: bigint): Buffer {
  const payload = encodeOpen({ ask: true, running: false, own, peer: 0n, next: [0, 0, 0], limits });
  return encodeFrame({ kind: 'open', payload }, 0);
}
const data = encodeFrame(
  { kind: 'data', priority: 0, first: true, last: true, sequence: 0, payload: Buffer.alloc(36, 1) },
  0,
);

/** What a line with these faults makes of these frames, and the numbers of those that were met. */
function carried(faults: readonly StaleOpenFault[], frames: readonly Uint8Array[]) {
  const passed: Uint8Array[] = [];
  const line: Wire = {
    freeAtUs: 0,
    counts: { frames: 0, dropped: 0, flippedBits: 0 } as never,
    carry: (bytes) => {
      passed.push(bytes);
      return [];
    },
  };
  const applied: number[] = [];
  const wire = new StaleOpensWire(line, faults, ({ frame }) => applied.push(frame));
  for (const frame of frames) wire.carry(frame, 0);
  return { passed, applied };
}
const at = (frame: number, opensAgo: number): StaleOpenFault => {
  return { direction: 'there', frame, effect: { kind: 'staleOpen', opensAgo } };
};

describe('a line with stale opens', () => {
  it('brings an earlier open once more, behind the first frame from its own on at which there is one', () => {
    const { passed, applied } = carried([at(1, 2), at(4, 1)], [openOf(1n), data, openOf(2n), data, data]);
    const behind = (frame: Buffer, open: Buffer) => Buffer.concat([frame, open]);
    expect(passed).to.deep.equal([openOf(1n), data, openOf(2n), behind(data, openOf(1n)), behind(data, openOf(2n))]);
    expect(applied).to.deep.equal([1, 4]);
  });

  it('counts an open that is repeated once', () => {
    const frames = [openOf(1n), openOf(2n), openOf(2n), openOf(2n), data];
    expect(carried([at(5, 2)], frames).passed.at(-1)).to.deep.equal(Buffer.concat([data, openOf(1n)]));
  });

  it('brings nothing where no open has passed', () => {
    expect(carried([at(1, 1)], [data, data])).to.deep.equal({ passed: [data, data], applied: [] });
  });
});
