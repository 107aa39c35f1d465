import { expect } from 'chai';
import { contradiction } from '../../../firmware-sim/controller/contradiction.js';
import { digestRefusal } from '../../../firmware-sim/controller/digest-request.js';
import { Geometry } from '../../../firmware-sim/controller/geometry.js';
import { fieldPastLimit } from '../../../firmware-sim/controller/peer-limits.js';
import { allocatorFor, slotsOf } from '../../../firmware-sim/controller/slots.js';
import { StoredBlocks, zeroSlot } from '../../../firmware-sim/storage/stored-blocks.js';
import { generation, volumeNumber } from '../../../protocol/ids.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';

describe('the slots of an area', () => {
  it('are its whole blocks but for the last, which holds the stamp', () => {
    expect([slotsOf(80, 8), slotsOf(87, 8), slotsOf(8, 8), slotsOf(3, 8)]).to.deep.equal([9, 9, 0, 0]);
  });

  it('are taken as the maps say, unless those cannot be', () => {
    const mapOf = (slot: number, count: number) => {
      const map = new StoredBlocks();
      map.set(0, count, slot, new Uint8Array(16 * count));
      return map;
    };
    const allocator = allocatorFor(9, [mapOf(2, 3), mapOf(zeroSlot, 4), mapOf(8, 1)]);
    expect([allocator?.free, allocator?.take(9)]).to.deep.equal([5, { first: 0, count: 2 }]);
    expect(allocatorFor(9, [mapOf(2, 3), mapOf(4, 1)]), 'one slot twice').to.equal(undefined);
    expect(allocatorFor(9, [mapOf(8, 2)]), 'one that is not there').to.equal(undefined);
  });
});

describe('what a process was started with', () => {
  const recorded = { method: 'copy', blockBytes: 4096, volumeBytes: [8192, 4096] } as const;
  const started = { method: 'copy', blockBytes: 4096, volumes: [8192, 4096] } as const;

  it('fits the records, or is refused by what does not', () => {
    const { method: _, ...sub } = started;
    expect([contradiction(recorded, started), contradiction(recorded, sub)]).to.deep.equal([undefined, undefined]);
    const codes = [
      { method: 'streaming' } as const,
      { blockBytes: 512 },
      { volumes: [8192] },
      { volumes: [4096, 8192] },
    ];
    expect(codes.map((change) => contradiction(recorded, { ...started, ...change })?.code)).to.deep.equal([
      ...['wrong-method', 'block-size-mismatch', 'volume-mismatch', 'volume-mismatch'],
    ]);
  });
});

describe('what a peer may ask', () => {
  const geometry = new Geometry(4096, [10 * 4096, 10_000_000 * 4096]);
  const asked = (of: Partial<Record<'volume' | 'first' | 'count' | 'partBlocks', number>>) =>
    digestRefusal(
      {
        kind: 'getDigests',
        request: 1,
        generation: generation(1),
        volume: 0,
        first: 0,
        count: 10,
        partBlocks: 1,
        ...of,
      } as unknown as MessageNamed<'getDigests'>,
      geometry,
    );

  it('are digests of blocks that are there, in parts that one answer holds', () => {
    expect([asked({}), asked({ first: 9, count: 1 }), asked({ volume: 1 })]).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
    expect(asked({ volume: volumeNumber(2) })).to.equal('unknown-volume');
    expect([asked({ count: 0 }), asked({ first: 1 }), asked({ count: 11 })]).to.deep.equal(
      Array(3).fill('range-outside'),
    );
    expect(asked({ partBlocks: 0 })).to.equal('too-many-requests');
    expect(asked({ volume: 1, count: 10_000_000 })).to.equal('too-many-requests');
    expect([asked({ volume: 1, count: 256 }), asked({ volume: 1, count: 257 })]).to.deep.equal([
      undefined,
      'too-many-requests',
    ]);
    expect([asked({ volume: 1, count: 512, partBlocks: 2 }), asked({ partBlocks: 100 })]).to.deep.equal([
      undefined,
      undefined,
    ]);
  });

  it('are no counters that leave none behind them', () => {
    const committed = (of: object) =>
      fieldPastLimit({ kind: 'committed', epoch: 1, generation: 1, digest: new Uint8Array(16), ...of } as never);
    expect(committed({ generation: 2 ** 31 - 1, epoch: 2 ** 31 - 1 })).to.equal(undefined);
    expect([committed({ generation: 2 ** 31 }), committed({ epoch: 2 ** 31 })]).to.deep.equal(['generation', 'epoch']);
    for (const name of ['base', 'frozen', 'committed', 'structured']) {
      expect(committed({ [name]: 2 ** 31 })).to.equal(name);
    }
    expect(committed({ request: 2 ** 32 - 1 }), 'counts nothing').to.equal(undefined);
  });
});
