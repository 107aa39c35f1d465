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
    for (const hex of [...wrong, '400000000000', '03000001ff81']) {
      expect(decodeAcknowledgement(fromHex(hex)), hex).to.equal(undefined);
    }
  });
});
