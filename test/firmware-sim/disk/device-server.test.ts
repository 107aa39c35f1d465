import { expect } from 'chai';
import { answerAbsentUnit, DeviceServer, type ServerOutcome } from '../../../firmware-sim/disk/device-server.js';
import { capacityData10, decodeCapacity16 } from '../../../protocol/scsi/capacity-data.js';
import { type CdbCommand, dataOutBytes } from '../../../protocol/scsi/cdb.js';
import { encodeCdb } from '../../../protocol/scsi/cdb-encode.js';
import { type ConditionName, senseOf } from '../../../protocol/scsi/conditions.js';
import { encodeSense } from '../../../protocol/scsi/sense.js';
import { coldframeIdentity, defaultLimits } from '../../../protocol/scsi/unit-profile.js';
import { goldenAnswers } from '../../protocol/scsi/golden-answers.js';

const identity = { vendor: 'COLDFRME', product: 'EMULATED DISK', serial: 'SN42', naa: '3123456789abcdef' };
const server = (capacitySectors = 2000) => new DeviceServer({ identity, capacitySectors, writeCacheEnabled: true });
const empty = new Uint8Array(0);
const execute = (unit: DeviceServer, command: CdbCommand) =>
  unit.execute(encodeCdb(command), Buffer.alloc(dataOutBytes(command)));

function conditionOf(outcome: ServerOutcome): unknown {
  if (outcome.kind === 'medium') return 'medium';
  const { completion } = outcome;
  return completion.status === 'checkCondition'
    ? { asc: completion.sense.asc, ascq: completion.sense.ascq }
    : completion.status;
}
const codes = (name: ConditionName) => ({ asc: senseOf(name).asc, ascq: senseOf(name).ascq });
const dataOf = (outcome: ServerOutcome) =>
  outcome.kind === 'answer' && outcome.completion.status === 'good' ? Buffer.from(outcome.completion.data) : undefined;

const ready: CdbCommand = { op: 'testUnitReady' };
const read = (lba: number, sectors: number): CdbCommand => ({ op: 'read', lba, sectors });
const write = (lba: number, sectors: number): CdbCommand => ({ op: 'write', lba, sectors });

describe('a logical unit without its medium', () => {
  for (const { name, cdb, data } of goldenAnswers) {
    it(`answers with the standard's bytes: ${name}`, () => {
      expect(dataOf(server().execute(Buffer.from(cdb, 'hex'), empty))?.toString('hex')).to.equal(data);
    });
  }

  it('lists every operation with its length', () => {
    const all = dataOf(
      execute(server(), { op: 'reportOperationCodes', which: { kind: 'all' }, allocationBytes: 4096 }),
    );
    expect(all?.length).to.equal(4 + 8 * 28);
    expect(all?.toString('hex')).to.contain('9e00001200010010').and.to.contain('2a0000000000000a');
  });

  it('sends on to READ CAPACITY (16) when the capacity passes 32 bits', () => {
    const huge = server(2 ** 33);
    expect(dataOf(execute(huge, { op: 'readCapacity', form: 10, allocationBytes: 8 }))?.toString('hex')).to.equal(
      'ffffffff00000200',
    );
    const data = dataOf(execute(huge, { op: 'readCapacity', form: 16, allocationBytes: 32 }));
    expect(decodeCapacity16(data ?? empty)).to.equal(2 ** 33);
    expect(capacityData10(2 ** 32).readUInt32BE(0)).to.equal(0xffffffff);
    expect(decodeCapacity16(Buffer.alloc(11))).to.equal(undefined);
    const ofSectors = (last: bigint) => {
      const told = Buffer.from(data ?? empty);
      told.writeBigUInt64BE(last);
      return decodeCapacity16(told);
    };
    // Bytes are counted in numbers, which are exact up to 2^53.
    expect(ofSectors(2n ** 44n - 2n)).to.equal(2 ** 44 - 1);
    for (const last of [2n ** 44n, 2n ** 53n, 2n ** 64n - 1n]) expect(ofSectors(last)).to.equal(undefined);
  });

  it('reports a unit attention once, and INQUIRY and REPORT LUNS leave it waiting', () => {
    const unit = server();
    unit.powerOn();
    expect(conditionOf(execute(unit, { op: 'inquiry', page: undefined, allocationBytes: 36 }))).to.equal('good');
    expect(conditionOf(execute(unit, { op: 'reportLuns', select: 0, allocationBytes: 16 }))).to.equal('good');
    expect(conditionOf(execute(unit, read(0, 1)))).to.deep.equal(codes('powerOn'));
    expect(conditionOf(execute(unit, read(0, 1)))).to.equal('medium');
  });

  it('REQUEST SENSE reports and clears a unit attention, then says that there is none', () => {
    const unit = server();
    unit.attend('capacityChanged');
    const ask: CdbCommand = { op: 'requestSense', allocationBytes: 252 };
    expect(dataOf(execute(unit, ask))).to.deep.equal(encodeSense(senseOf('capacityChanged')));
    expect(dataOf(execute(unit, ask))).to.deep.equal(encodeSense(senseOf('noSense')));
    expect(conditionOf(execute(unit, ready))).to.equal('good');
  });

  it('reports a unit attention before anything that is wrong with the command; a reset replaces those that wait', () => {
    const unit = server();
    unit.attend('capacityChanged');
    unit.attend('unitReset');
    expect(conditionOf(unit.execute(Buffer.from([0x02, 0, 0, 0, 0, 0]), empty))).to.deep.equal(codes('unitReset'));
    expect(conditionOf(unit.execute(Buffer.from([0x02, 0, 0, 0, 0, 0]), empty))).to.deep.equal(codes('invalidOpcode'));
  });

  it('reports all that waits, and a power on replaces what does', () => {
    const unit = server();
    unit.attend('capacityChanged');
    unit.powerOn();
    unit.attend('commandsCleared');
    const reported = [1, 2, 3].map(() => conditionOf(execute(unit, ready)));
    expect(reported).to.deep.equal([codes('powerOn'), codes('commandsCleared'), 'good']);
  });

  it('lists itself, or the units that it was told of, and nothing where well known ones are asked for', () => {
    const luns = (unit: DeviceServer, select: 0 | 1 | 2) =>
      dataOf(execute(unit, { op: 'reportLuns', select, allocationBytes: 64 }))?.toString('hex');
    expect(luns(server(), 0)).to.equal('00000008000000000000000000000000');
    expect(luns(server(), 1)).to.equal('0000000000000000');
    const two = new DeviceServer({ identity, capacitySectors: 2000, writeCacheEnabled: true, luns: [0, 3] });
    expect(luns(two, 0)).to.equal('000000100000000000000000000000000003000000000000');
  });

  it('refuses a parameter list that is cut short', () => {
    const unmap = encodeCdb({ op: 'unmap', parameterBytes: 7 });
    expect(conditionOf(server().execute(unmap, Buffer.alloc(7)))).to.deep.equal(codes('parameterListLength'));
  });

  it('once stopped, having flushed, refuses the medium until started', () => {
    const unit = server();
    expect(execute(unit, { op: 'startStopUnit', start: false, flush: true })).to.deep.equal({
      kind: 'medium',
      command: { op: 'synchronizeCache', lba: 0, sectors: 0 },
    });
    expect(conditionOf(execute(unit, ready))).to.deep.equal(codes('stopped'));
    expect(conditionOf(execute(unit, read(0, 1)))).to.deep.equal(codes('stopped'));
    expect(conditionOf(execute(unit, { op: 'startStopUnit', start: false, flush: true }))).to.equal('good');
    expect(conditionOf(execute(unit, { op: 'startStopUnit', start: true, flush: true }))).to.equal('good');
    expect(conditionOf(execute(unit, { op: 'startStopUnit', start: false, flush: false }))).to.equal('good');
    expect(conditionOf(execute(unit, { op: 'startStopUnit', start: true, flush: true }))).to.equal('good');
    expect(conditionOf(execute(unit, read(0, 1)))).to.equal('medium');
  });

  it('refuses the medium while it is not ready, with the reason that it was given', () => {
    const unit = server();
    unit.notReady = senseOf('standby');
    expect(conditionOf(execute(unit, ready))).to.deep.equal(codes('standby'));
    expect(conditionOf(execute(unit, write(0, 1)))).to.deep.equal(codes('standby'));
    expect(conditionOf(execute(unit, { op: 'inquiry', page: 0x80, allocationBytes: 36 }))).to.equal('good');
  });

  it('has WCE = 0 in its mode data when GOOD means durable', () => {
    const unit = new DeviceServer({ identity, capacitySectors: 2000, writeCacheEnabled: false });
    const data = dataOf(execute(unit, { ...modeOf('current'), page: 8 }));
    expect(data?.readUInt8(4 + 8 + 2)).to.equal(0);
  });

  it('says of a service action that an operation has not, when asked for either, that it is not supported', () => {
    const ask = (serviceAction: number): CdbCommand => {
      const which = { kind: 'oneOfEither', opcode: 0x28, serviceAction } as const;
      return { op: 'reportOperationCodes', which, allocationBytes: 255 };
    };
    expect(dataOf(execute(server(), ask(1)))?.readUInt8(1)).to.equal(1);
    expect(dataOf(execute(server(), ask(0)))?.readUInt8(1)).to.equal(3);
  });

  it('refuses whatever changes the medium while it is write protected, and says so in its mode data', () => {
    const unit = server();
    unit.writeProtected = true;
    expect(conditionOf(execute(unit, write(0, 1)))).to.deep.equal(codes('writeProtected'));
    const unmap = { op: 'unmap', parameterBytes: 0 } as const;
    expect(conditionOf(execute(unit, unmap))).to.deep.equal(codes('writeProtected'));
    const same = { op: 'writeSame', lba: 0, sectors: 1, unmap: true, noDataOut: true } as const;
    expect(conditionOf(execute(unit, same))).to.deep.equal(codes('writeProtected'));
    const compared = { op: 'compareAndWrite', lba: 0, sectors: 1 } as const;
    expect(conditionOf(execute(unit, compared))).to.deep.equal(codes('writeProtected'));
    expect(conditionOf(execute(unit, read(0, 1)))).to.equal('medium');
    const control = { control: 'current', page: 8, subpage: 0, blockDescriptor: false } as const;
    const data = dataOf(execute(unit, { op: 'modeSense', form: 6, ...control, allocationBytes: 255 }));
    expect(data?.readUInt8(2)).to.equal(0x90);
  });

  const refusals: readonly (readonly [string, CdbCommand, ConditionName])[] = [
    ['a read past the end', read(1999, 2), 'lbaOutOfRange'],
    ['a read after the end', read(2001, 0), 'lbaOutOfRange'],
    ['a write past the end', write(1993, 8), 'lbaOutOfRange'],
    ['a flush past the end', { op: 'synchronizeCache', lba: 1, sectors: 2000 }, 'lbaOutOfRange'],
    ['GET LBA STATUS at the end', { op: 'getLbaStatus', lba: 2000, allocationBytes: 24 }, 'lbaOutOfRange'],
    ['a verify past the end', { op: 'verify', lba: 0, sectors: 2001, compare: false }, 'lbaOutOfRange'],
    [
      'WRITE SAME past the end',
      { op: 'writeSame', lba: 1, sectors: 2000, unmap: true, noDataOut: true },
      'lbaOutOfRange',
    ],
    ['saved mode pages', { ...modeOf('saved'), page: 8 }, 'savingNotSupported'],
    ['a mode page that is not there', { ...modeOf('current'), page: 0x1c }, 'invalidFieldInCdb'],
    ['a subpage that is not there', { ...modeOf('current'), page: 8, subpage: 1 }, 'invalidFieldInCdb'],
    ['a page of vital data that is not there', { op: 'inquiry', page: 0xb1, allocationBytes: 64 }, 'invalidFieldInCdb'],
    ['a service action of READ (10)', oneOperation(0x28, 1), 'invalidFieldInCdb'],
    ['an operation of several actions without one', oneOperation(0x9e, undefined), 'invalidFieldInCdb'],
  ];
  for (const [name, command, condition] of refusals) {
    it(`refuses ${name}`, () => {
      expect(conditionOf(execute(server(), command))).to.deep.equal(codes(condition));
    });
  }

  it('refuses transfers past its limit, but not a fill of zeros or a verify without data', () => {
    const unit = server(2 ** 31);
    const longest = defaultLimits.transferSectorsMax;
    expect(conditionOf(execute(unit, read(0, longest)))).to.equal('medium');
    expect(conditionOf(execute(unit, read(0, longest + 1)))).to.deep.equal(codes('invalidFieldInCdb'));
    expect(conditionOf(execute(unit, write(0, longest + 1)))).to.deep.equal(codes('invalidFieldInCdb'));
    const fill = { op: 'writeSame', lba: 0, sectors: 2 ** 31, unmap: true, noDataOut: true } as const;
    expect(conditionOf(execute(unit, fill))).to.equal('medium');
    const ones = unit.execute(encodeCdb({ ...fill, unmap: false, noDataOut: false }), Buffer.alloc(512, 1));
    expect(conditionOf(ones)).to.deep.equal(codes('invalidFieldInCdb'));
    const verify = { op: 'verify', lba: 0, sectors: 2 ** 31 } as const;
    expect(conditionOf(execute(unit, { ...verify, compare: false }))).to.equal('medium');
  });

  it('refuses data out of another length than the block calls for', () => {
    expect(conditionOf(server().execute(encodeCdb(write(0, 2)), Buffer.alloc(512)))).to.deep.equal(
      codes('invalidInformationUnit'),
    );
  });

  it('hands a command of the medium on with its data by reference', () => {
    const data = Buffer.alloc(1024, 7);
    const outcome = server().execute(encodeCdb(write(5, 2)), data);
    expect(outcome).to.deep.equal({ kind: 'medium', command: { op: 'write', lba: 5, data, fua: false, dpo: false } });
    if (outcome.kind === 'medium' && outcome.command.op === 'write') expect(outcome.command.data).to.equal(data);
  });
});

function modeOf(control: 'current' | 'saved') {
  return {
    op: 'modeSense',
    form: 6,
    control,
    page: 0,
    subpage: 0,
    blockDescriptor: true,
    allocationBytes: 255,
  } as const;
}

function oneOperation(opcode: number, serviceAction: number | undefined): CdbCommand {
  return { op: 'reportOperationCodes', which: { kind: 'one', opcode, serviceAction }, allocationBytes: 255 };
}

describe('a logical unit number without a unit', () => {
  const answer = (command: CdbCommand) => answerAbsentUnit(encodeCdb(command), identity, [0, 3]);

  it('answers INQUIRY with no device there, and REPORT LUNS with those that are', () => {
    const inquiry = answer({ op: 'inquiry', page: undefined, allocationBytes: 36 });
    expect(inquiry).to.have.property('status', 'good');
    if (inquiry.status === 'good') expect(inquiry.data[0]).to.equal(0x7f);
    const luns = answer({ op: 'reportLuns', select: 0, allocationBytes: 64 });
    if (luns.status !== 'good') throw new Error('REPORT LUNS was refused');
    expect(Buffer.from(luns.data).toString('hex')).to.equal('000000100000000000000000000000000003000000000000');
    const wellKnown = answer({ op: 'reportLuns', select: 1, allocationBytes: 64 });
    if (wellKnown.status !== 'good') throw new Error('REPORT LUNS was refused');
    expect(Buffer.from(wellKnown.data).toString('hex')).to.equal('0000000000000000');
  });

  it('refuses a block that is no command as such', () => {
    const outcome = answerAbsentUnit(Buffer.from([0x02, 0, 0, 0, 0, 0]), identity, [0]);
    expect(outcome).to.have.property('status', 'checkCondition');
    expect(conditionOf({ kind: 'answer', completion: outcome })).to.deep.equal(codes('invalidOpcode'));
  });

  it('refuses everything else', () => {
    const sense = senseOf('unsupportedLun');
    expect(answer(ready)).to.deep.equal({ status: 'checkCondition', sense });
    expect(answer({ op: 'inquiry', page: 0x80, allocationBytes: 36 })).to.deep.equal({
      status: 'checkCondition',
      sense,
    });
  });
});

describe('the identity of a unit', () => {
  it('is the same for the same serial, and its NAA identifier is a locally assigned one of 16 digits', () => {
    const first = coldframeIdentity({ product: 'EMULATED DISK', serial: 'primary0' });
    expect(first).to.deep.equal(coldframeIdentity({ product: 'EMULATED DISK', serial: 'primary0' }));
    expect(first.naa).to.match(/^3[0-9a-f]{15}$/);
    expect(first.naa).not.to.equal(coldframeIdentity({ product: 'EMULATED DISK', serial: 'primary1' }).naa);
  });
});
