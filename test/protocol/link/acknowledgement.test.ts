import { expect } from 'chai';
import fc from 'fast-check';
import { decodeAcknowledgement, encodeAcknowledgement } from '../../../protocol/link/acknowledgement.js';
import { fromHex, toHex, vectors } from '../vectors.js';

describe('acknowledgement', () => {
  for (const { records, payload } of vectors.acknowledgements) {
    it(`has the golden bytes ${payload}`, () => {
      expect(toHex(encodeAcknowledgement(records))).to.equal(payload);
      const decoded = records.map((record) => ({ ...record, complete: true }));
      expect(decodeAcknowledgement(fromHex(payload))).to.deep.equal(decoded);
    });
  }

  it('cuts a long list of runs at a pair, and the receiver of it knows', () => {
    const runs = Array.from({ length: 400 }, () => 100);
    const [record] = decodeAcknowledgement(encodeAcknowledgement([{ priority: 1, next: 3, runs }])) ?? [];
    expect(record).to.deep.include({ complete: false, runs: runs.slice(0, 62) });
  });

  it('names as many runs as fit to the last byte', () => {
    const runs = [...Array.from({ length: 60 }, () => 1), 1, 0x80, 1, 1];
    const encoded = encodeAcknowledgement([{ priority: 0, next: 0, runs }]);
    expect([encoded.length, decodeAcknowledgement(encoded)?.[0]?.runs]).to.deep.equal([66, runs.slice(0, 62)]);
  });

  it('is never called complete when runs were left out', () => {
    const run = fc.integer({ min: 1, max: 8191 });
    fc.assert(
      fc.property(fc.array(fc.tuple(run, run), { maxLength: 80 }), (pairs) => {
        const runs = pairs.flat();
        const [record] = decodeAcknowledgement(encodeAcknowledgement([{ priority: 0, next: 0, runs }])) ?? [];
        expect(runs.slice(0, record?.runs.length)).to.deep.equal(record?.runs);
        if (record?.complete) expect(record.runs).to.deep.equal(runs);
      }),
    );
  });

  it('names runs of up to 2^16 − 1 units, seven bits to a byte', () => {
    const runs = [0x7f, 0x80, 0x3fff, 0x4000, 0xffff, 1];
    const payload = '8c3412' + '7f' + '8001' + 'ff7f' + '808001' + 'ffff03' + '01';
    expect(toHex(encodeAcknowledgement([{ priority: 2, next: 0x1234, runs }]))).to.equal(payload);
    expect(decodeAcknowledgement(fromHex(payload))).to.deep.equal([
      { priority: 2, next: 0x1234, runs, complete: true },
    ]);
    expect(decodeAcknowledgement(fromHex('84000080800401'))).to.equal(undefined);
    expect(decodeAcknowledgement(fromHex('830000800001'))).to.equal(undefined);
  });

  it('has each queue once, the most urgent first', () => {
    const records = [0, 1, 2].map((priority) => ({ priority: priority as 0 | 1 | 2, next: 5, runs: [] }));
    expect(toHex(encodeAcknowledgement(records))).to.equal('000500400500800500');
    expect(decodeAcknowledgement(fromHex('000500400500800500'))).to.have.length(3);
    for (const wrong of ['000500000500', '400500000500', '800500800500', 'c00500']) {
      expect(decodeAcknowledgement(fromHex(wrong)), wrong).to.equal(undefined);
    }
  });

  it('is complete up to 59 bytes of runs; a longer list may have been cut', () => {
    const runs = (pairs: number) => Array.from({ length: 2 * pairs }, () => 1);
    for (const [pairs, complete] of [
      [29, true],
      [30, false],
      [31, false],
      [40, false],
    ] as const) {
      const encoded = encodeAcknowledgement([{ priority: 0, next: 0, runs: runs(pairs) }]);
      const [record] = decodeAcknowledgement(encoded) ?? [];
      expect([record?.complete, record?.runs.length], `${pairs} pairs`).to.deep.equal([
        complete,
        2 * Math.min(pairs, 31),
      ]);
    }
  });

  it('that is not well formed is undefined', () => {
    const wrong = [
      '',
      '00',
      '0000',
      '010000',
      '02000001',
      '0200000100',
      '02000080',
      '0400000180808001',
      '4000000000',
      'c00000',
    ];
    // An odd count of runs; a number that is cut short, or of more than three bytes.
    const runs = ['01000005', '030000010281', '04000001818080', '0500000181808000'];
    for (const hex of [...wrong, ...runs, '400000000000', '03000001ff81']) {
      expect(decodeAcknowledgement(fromHex(hex)), hex).to.equal(undefined);
    }
  });
});
