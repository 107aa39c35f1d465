import { expect } from 'chai';
import fc from 'fast-check';
import { dataOutBytes, parseCdb } from '../../../protocol/scsi/cdb.js';
import { encodeCdb } from '../../../protocol/scsi/cdb-encode.js';
import type { MediumCommand } from '../../../protocol/scsi/commands.js';
import { type MediumCdbCommand, mediumCommandOf, takeApart } from '../../../protocol/scsi/data-out.js';
import { operations } from '../../../protocol/scsi/operation-codes.js';
import { goldenCdbs, refusedCdbs } from './golden-cdbs.js';

const bytesOf = (hex: string) => Buffer.from(hex, 'hex');

describe('command descriptor blocks', () => {
  for (const { name, hex, command, dataOutBytes: expected, encoded } of goldenCdbs) {
    it(`${name} is read as the standard lays it out, and its data out is known from it`, () => {
      expect(parseCdb(bytesOf(hex))).to.deep.equal({ ok: true, value: command });
      expect(dataOutBytes(command)).to.equal(expected);
      expect(parseCdb(Buffer.concat([bytesOf(hex), Buffer.alloc(32 - hex.length / 2)]))).to.deep.include({ ok: true });
      if (encoded) expect(encodeCdb(command).toString('hex')).to.equal(hex);
      else expect(parseCdb(encodeCdb(command))).to.have.deep.nested.property('value.op', command.op);
    });
  }

  for (const { name, hex, sense } of refusedCdbs) {
    it(`${name} is refused, and the sense data points at it`, () => {
      expect(parseCdb(bytesOf(hex))).to.deep.equal({ ok: false, sense });
    });
  }

  it('every operation of the table has a golden block', () => {
    const golden = goldenCdbs.map(({ hex }) => bytesOf(hex));
    const missing = operations.filter(
      ({ opcode, serviceAction }) =>
        !golden.some((cdb) => cdb[0] === opcode && (serviceAction === undefined || cdb[1] === serviceAction)),
    );
    expect(missing.map(({ name }) => name)).to.deep.equal([]);
  });

  it('every bit outside the usage mask is refused where it stands', () => {
    for (const { hex } of goldenCdbs) {
      const golden = bytesOf(hex);
      const { usage } = operations.find(
        ({ opcode, serviceAction }) =>
          golden[0] === opcode && (serviceAction === undefined || golden[1] === serviceAction),
      ) ?? { usage: Buffer.alloc(0) };
      for (let bit = 8; bit < golden.length * 8; bit += 1) {
        const [byte, place] = [bit >> 3, bit & 7];
        // Another bit of a service action makes another operation of it.
        const action = byte === 1 && (golden[0] === 0x9e || golden[0] === 0xa3) && place < 5;
        if (action || ((usage[byte] ?? 0) & (1 << place)) !== 0) continue;
        const wrong = Buffer.from(golden);
        wrong.writeUInt8(wrong.readUInt8(byte) | (1 << place), byte);
        const parsed = parseCdb(wrong);
        expect(parsed.ok, `${hex} byte ${byte} bit ${place}`).to.equal(false);
      }
    }
  });

  it('no bytes throw, and what is read is written so that it is read again', () => {
    const opcode = fc.constantFrom(...operations.map((each) => each.opcode));
    const block = fc
      .tuple(opcode, fc.uint8Array({ maxLength: 31 }))
      .map(([first, rest]) => Buffer.from([first, ...rest]));
    const sparse = fc.constantFrom(...goldenCdbs).chain(({ hex }) =>
      fc.tuple(fc.nat(hex.length / 2 - 1), fc.nat(255)).map(([at, value]) => {
        const bytes = bytesOf(hex);
        bytes.writeUInt8(value, at);
        return bytes;
      }),
    );
    fc.assert(
      fc.property(fc.oneof(block, sparse, fc.uint8Array({ maxLength: 32 })), (cdb) => {
        const parsed = parseCdb(cdb);
        if (!parsed.ok) return;
        expect(parseCdb(encodeCdb(parsed.value))).to.deep.equal({ ok: true, value: normal(parsed.value) });
      }),
      { numRuns: 2000 },
    );
  });
});

/** READ (6) and WRITE (6) say nothing of FUA and DPO; written in ten bytes they say no. */
function normal<T extends { readonly op: string }>(command: T): T {
  return command.op === 'read' || command.op === 'write' ? { fua: false, dpo: false, ...command } : command;
}

describe('data out', () => {
  const sector = (fill: number) => Buffer.alloc(512, fill);
  const commands: MediumCommand[] = [
    { op: 'read', lba: 3, sectors: 4, fua: true, dpo: false },
    { op: 'write', lba: 3, data: sector(1), fua: false, dpo: true },
    { op: 'verify', lba: 3, sectors: 9 },
    { op: 'verify', lba: 3, sectors: 1, data: sector(2) },
    { op: 'writeSame', lba: 2 ** 40, sectors: 2 ** 31, pattern: sector(0), unmap: true },
    { op: 'compareAndWrite', lba: 5, compare: sector(3), data: sector(4), fua: false },
    {
      op: 'unmap',
      ranges: [
        { lba: 2 ** 33 + 1, sectors: 0xffffffff },
        { lba: 0, sectors: 8 },
      ],
    },
    { op: 'synchronizeCache', lba: 1, sectors: 0 },
    { op: 'getLbaStatus', lba: 1, allocationBytes: 24 },
  ];

  for (const command of commands) {
    it(`${command.op} is the same after it was taken apart, sent and put together`, () => {
      const { cdb, dataOut } = takeApart(command);
      const parsed = parseCdb(encodeCdb(cdb));
      expect(parsed).to.deep.include({ ok: true });
      if (!parsed.ok) return;
      expect(dataOutBytes(parsed.value)).to.equal(dataOut.length);
      expect(mediumCommandOf(parsed.value as MediumCdbCommand, dataOut)).to.deep.equal({ ok: true, value: command });
    });
  }

  const unmap = (hex: string) => {
    const list = bytesOf(hex.replaceAll(' ', ''));
    return mediumCommandOf({ op: 'unmap', parameterBytes: list.length }, list);
  };

  it('UNMAP reads its descriptors, and leaves out one cut short', () => {
    const descriptor = '0000000000000123 00000010 00000000';
    expect(unmap(`0016 0010 00000000 ${descriptor}`)).to.deep.equal({
      ok: true,
      value: { op: 'unmap', ranges: [{ lba: 0x123, sectors: 16 }] },
    });
    expect(unmap(`0016 0010 00000000 ${descriptor.slice(0, -2)}`)).to.deep.include({
      value: { op: 'unmap', ranges: [] },
    });
    expect(unmap('')).to.deep.equal({ ok: true, value: { op: 'unmap', ranges: [] } });
  });

  it('UNMAP refuses a list shorter than its header, too many ranges, and LBAs past every medium', () => {
    expect(unmap('00000000000000')).to.have.deep.property('sense', { key: 'illegalRequest', asc: 0x1a, ascq: 0 });
    expect(unmap(`1016 1010 00000000 ${'00'.repeat(16 * 257)}`)).to.have.nested.property('sense.asc', 0x26);
    expect(unmap('0016 0010 00000000 0020000000000000 00000001 00000000')).to.have.nested.property('sense.asc', 0x21);
  });
});
