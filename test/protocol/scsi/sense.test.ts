import { expect } from 'chai';
import { conditions, describeSense, isCondition, senseOf } from '../../../protocol/scsi/conditions.js';
import { decodeSense, encodeSense } from '../../../protocol/scsi/sense.js';
import { goldenSenses } from './golden-answers.js';

describe('sense data', () => {
  for (const [sense, hex] of goldenSenses) {
    it(`has the standard's bytes for ${describeSense(sense)}`, () => {
      expect(encodeSense(sense).toString('hex')).to.equal(hex);
      expect(decodeSense(Buffer.from(hex, 'hex'))).to.deep.equal({ ok: true, sense });
    });
  }

  it('leaves out information that passes 32 bits, rather than cutting it', () => {
    const encoded = encodeSense(senseOf('unrecoveredReadError', { information: 2 ** 32 }));
    expect(encoded.toString('hex')).to.equal(encodeSense(senseOf('unrecoveredReadError')).toString('hex'));
  });

  it('reads what a real disk sends: vendor bytes after the end, or fewer bytes', () => {
    const whole = encodeSense(senseOf('unrecoveredReadError', { information: 7 }));
    const longer = Buffer.concat([whole, Buffer.from('010203', 'hex')]);
    longer.writeUInt8(13, 7);
    expect(decodeSense(longer)).to.deep.equal(decodeSense(whole));
    expect(decodeSense(whole.subarray(0, 8))).to.deep.equal({
      ok: true,
      sense: { key: 'mediumError', asc: 0, ascq: 0, information: 7 },
    });
  });

  it('refuses other formats, deferred errors and stumps', () => {
    const whole = encodeSense(senseOf('writeError'));
    for (const code of [0x00, 0x71, 0x72, 0x7f]) {
      const other = Buffer.from(whole);
      other.writeUInt8(code, 0);
      expect(decodeSense(other)).to.have.nested.property('refusal.code', 'message-value');
    }
    expect(decodeSense(whole.subarray(0, 7))).to.have.nested.property('refusal.code', 'message-value');
    expect(decodeSense(Buffer.alloc(0))).to.have.nested.property('refusal.code', 'message-value');
  });

  it('is told to people with key, codes, name and place', () => {
    expect(describeSense(senseOf('lbaOutOfRange', { information: 4096 }))).to.equal(
      'ILLEGAL REQUEST, 21h/00h LOGICAL BLOCK ADDRESS OUT OF RANGE, information 4096',
    );
    const field = { part: 'cdb', byte: 1, bit: 5 } as const;
    expect(describeSense(senseOf('invalidFieldInCdb', { field }))).to.equal(
      'ILLEGAL REQUEST, 24h/00h INVALID FIELD IN CDB, byte 1 bit 5 of the CDB',
    );
    expect(describeSense({ key: 'vendorSpecific', asc: 0x80, ascq: 0x0a })).to.equal('VENDOR SPECIFIC, 80h/0Ah');
  });

  it('tells each condition from every other', () => {
    const names = Object.keys(conditions) as (keyof typeof conditions)[];
    for (const name of names) {
      expect(names.filter((other) => isCondition(senseOf(name), other))).to.deep.equal([name]);
    }
  });
});
