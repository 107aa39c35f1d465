import { expect } from 'chai';
import { fields, record } from '../../../firmware-sim/storage/record.js';
import { blockNumber, epoch, generation, methods, pairStates, volumeNumber } from '../../../protocol/ids.js';
import { MessageCodec } from '../../../protocol/message/message.js';
import { fromHex, toHex } from '../../protocol/vectors.js';

const all = record(0x7f, 'all', 'Every field that records share.', fields);
const codec = new MessageCodec([all]);

/** From python3 (struct, zlib). */
const golden =
  '7f0007000000020000000300000000020000000900000000000000feffffff20000000000102030405060708090a0b0c0d0e0f1011121314' +
  '15161718191a1b1c1d1e1f000102030405060708090a0b0c0d0e0f5c005a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a0603f6007e89';

const counted = Buffer.from(Array.from({ length: 32 }, (_, index) => index));
const value = {
  ...{ kind: 'all', generation: generation(7), epoch: epoch(2), volume: volumeNumber(3), first: blockNumber(2 ** 33) },
  ...{ count: 9, slot: 0xfffffffe, digests: counted, digest: counted.subarray(0, 16), code: 92 },
  ...{ pair: Buffer.alloc(16, 0x5a), state: 'SSWS', method: 'streaming' },
};

describe('a durable record', () => {
  it('has the golden bytes, with every field that records share', () => {
    expect(toHex(codec.encode(value))).to.equal(golden);
    expect(codec.decode(fromHex(golden))).to.deep.equal({ ok: true, message: value });
    expect(all.way).to.equal('durable');
  });

  it('has the numbers of states and methods that were given once', () => {
    const bytesOf = (change: object) => codec.encode({ ...value, ...change }).subarray(-6, -4);
    expect(pairStates.map((state) => bytesOf({ state })[0])).to.deep.equal([0, 1, 2, 3, 4, 5, 6]);
    expect(methods.map((method) => bytesOf({ method })[1])).to.deep.equal([1, 2, 3]);
  });

  it('holds the digests of 8192 blocks and no more', () => {
    const digests = (count: number) => ({ ...value, digests: new Uint8Array(16 * count) });
    expect(codec.decode(codec.encode(digests(8192))).ok).to.equal(true);
    expect(() => codec.encode(digests(8193))).to.throw(RangeError);
  });
});
