import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import {
  type BatchHeader,
  batchPayloadBytesMax,
  decodeHeader,
  decodeRecords,
  encodeBatch,
  sectorsOf,
} from '../../../firmware-sim/storage/journal-format.js';

const stamp = Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex');
/** A batch of appended records: checkpoint 7, sequence 3, records "first", "" and "third record". From python3 (struct, zlib). */
const golden = Buffer.from(
  '43464a310000000007000000030000001d000000488152ff000102030405060708090a0b0c0d0e0f000000006583615e' +
    '050000006669727374000000000c0000007468697264207265636f7264',
  'hex',
);
/** Headers of batches without records, checkpoint 2, sequence 0, from the same script. */
const goldenKinds = {
  snapshot: '43464a310100000002000000000000000000000000000000000102030405060708090a0b0c0d0e0f000000003f733cfb',
  snapshotEnd: '43464a310300000002000000000000000000000000000000000102030405060708090a0b0c0d0e0f00000000f051c47e',
  retired: '43464a310400000002000000000000000000000000000000000102030405060708090a0b0c0d0e0f00000000a7a2f984',
} as const;

/** Changes a header, and makes its check right again. */
function forged(change: (header: Buffer) => void): Buffer {
  const header = Buffer.from(golden.subarray(0, 48));
  change(header);
  header.writeUInt32LE(crc32(header.subarray(0, 44)), 44);
  return header;
}

/** What a batch decodes to whose records have a check that is right and bytes that are not. */
function recordsIn(payload: Buffer): Buffer[] | undefined {
  const header: BatchHeader = {
    ...{ kind: 'records', checkpoint: 1, sequence: 0, stamp },
    ...{ payloadBytes: payload.length, payloadCheck: crc32(payload) },
  };
  return decodeRecords(header, Buffer.concat([Buffer.alloc(48), payload]));
}

describe('how records lie on the meta disk', () => {
  it('is byte for byte what an independent script makes, padded with zeros to whole sectors', () => {
    const records = ['first', '', 'third record'].map((text) => Buffer.from(text));
    const batch = encodeBatch({ kind: 'records', checkpoint: 7, sequence: 3, stamp }, records);
    expect(batch.toString('hex')).to.equal(Buffer.concat([golden, Buffer.alloc(512 - golden.length)]).toString('hex'));
    const header = decodeHeader(batch);
    expect(header).to.deep.equal({
      ...{ kind: 'records', checkpoint: 7, sequence: 3, stamp: Uint8Array.from(stamp) },
      ...{ payloadBytes: 29, payloadCheck: 0xff528148 },
    });
    if (header === undefined) return;
    expect(decodeRecords(header, batch)?.map(String)).to.deep.equal(['first', '', 'third record']);
  });

  for (const kind of ['snapshot', 'snapshotEnd', 'retired'] as const) {
    it(`has flags of its own for ${kind}`, () => {
      const batch = encodeBatch({ kind, checkpoint: 2, sequence: 0, stamp }, []);
      expect(batch.subarray(0, 48).toString('hex')).to.equal(goldenKinds[kind]);
      expect(decodeHeader(batch)?.kind).to.equal(kind);
    });
  }

  it('takes a sector more as soon as one byte does not fit, and half a mebibyte of records at most', () => {
    expect([sectorsOf(0), sectorsOf(464), sectorsOf(465)]).to.deep.equal([1, 1, 2]);
    expect(batchPayloadBytesMax).to.equal(524_288);
  });

  it('finds no header when any bit of it is damaged', () => {
    expect(decodeHeader(golden.subarray(0, 48))?.sequence).to.equal(3);
    for (let bit = 0; bit < 48 * 8; bit += 1) {
      const damaged = Buffer.from(golden.subarray(0, 48));
      damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
      expect(decodeHeader(damaged), `bit ${bit}`).to.equal(undefined);
    }
  });

  it('finds no header in what is too short, has another magic, or flags that nobody gives', () => {
    for (const length of [0, 3, 47]) expect(decodeHeader(golden.subarray(0, length))).to.equal(undefined);
    expect(decodeHeader(forged((header) => header.writeUInt32LE(9, 8)))?.checkpoint).to.equal(9);
    expect(decodeHeader(forged((header) => header.write('CFJ2')))).to.equal(undefined);
    for (const flags of [2, 5, 7, 8]) {
      expect(decodeHeader(forged((header) => header.writeUInt32LE(flags, 4)))).to.equal(undefined);
    }
  });

  it('finds no header with numbers so high that nothing could be counted on from them', () => {
    for (const at of [8, 12]) {
      expect(decodeHeader(forged((header) => header.writeUInt32LE(2 ** 31, at)))).to.not.equal(undefined);
      expect(decodeHeader(forged((header) => header.writeUInt32LE(2 ** 31 + 1, at)))).to.equal(undefined);
      expect(decodeHeader(forged((header) => header.writeUInt32LE(2 ** 32 - 1, at)))).to.equal(undefined);
    }
  });

  it('gives no records when a bit of them is damaged or their end is missing', () => {
    const header = decodeHeader(golden);
    if (header === undefined) throw new Error('the golden header is whole');
    expect(decodeRecords(header, golden)).to.have.length(3);
    expect(decodeRecords(header, golden.subarray(0, golden.length - 1))).to.equal(undefined);
    for (let at = 48; at < golden.length; at += 1) {
      const damaged = Buffer.from(golden);
      damaged[at] = (damaged[at] ?? 0) ^ 0x40;
      expect(decodeRecords(header, damaged), `byte ${at}`).to.equal(undefined);
    }
  });

  it('gives no records when a length leads past the end, or leaves no room for one', () => {
    expect(recordsIn(Buffer.from('0200000041420100000043', 'hex'))?.map(String)).to.deep.equal(['AB', 'C']);
    expect(recordsIn(Buffer.from('0200000041420200000043', 'hex'))).to.equal(undefined);
    for (const rest of ['00', '0000', '000000']) {
      expect(recordsIn(Buffer.from(`020000004142${rest}`, 'hex'))).to.equal(undefined);
    }
    expect(recordsIn(Buffer.from('ffffffff4142', 'hex'))).to.equal(undefined);
  });
});
