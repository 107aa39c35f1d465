import { crc32 } from 'node:zlib';
import { expect } from 'chai';
import { type HostCommand, HostPort } from '../../../firmware-sim/controller/host-port.js';
import type { Message, MessageNamed } from '../../../protocol/message/messages.js';
import type { CdbCommand } from '../../../protocol/scsi/cdb.js';
import { encodeCdb } from '../../../protocol/scsi/cdb-encode.js';
import { type ConditionName, senseOf } from '../../../protocol/scsi/conditions.js';
import { encodeSense } from '../../../protocol/scsi/sense.js';

class Bench {
  readonly sent: Message[] = [];
  readonly logged: string[] = [];
  readonly commands: HostCommand[] = [];
  readonly port: HostPort;

  constructor(volumes: readonly number[] = [2 ** 20, 2 ** 21]) {
    this.port = new HostPort({
      board: {
        send: (port, message) => {
          expect(port).to.equal('host');
          this.sent.push(message);
        },
        log: (level, text) => this.logged.push(`${level}: ${text}`),
      },
      product: 'MAIN VOLUME',
      serial: 'A1B2',
      volumes,
      onCommand: (command) => this.commands.push(command),
    });
  }

  command(tag: number, of: CdbCommand, { lun = 0, dataOut = new Uint8Array(0), dataInBytesMax = 512 } = {}): void {
    const data = { dataOutBytes: dataOut.length, dataCheck: dataOut.length === 0 ? 0 : crc32(dataOut), dataInBytesMax };
    this.port.receive({ kind: 'command', tag, lun, attribute: 'simple', cdb: encodeCdb(of), ...data });
    if (dataOut.length > 0) this.port.receive({ kind: 'dataOut', tag, offset: 0, data: dataOut });
  }

  /** Reports the unit attentions that wait. */
  attended(): void {
    for (const lun of [0, 1]) this.command(900 + lun, { op: 'testUnitReady' }, { lun });
    this.sent.length = 0;
  }

  responses(): string[] {
    return this.sent
      .splice(0)
      .flatMap((message) => (message.kind === 'response' ? [message] : []))
      .map(({ tag, status, sense }) => `${tag}: ${status} ${Buffer.from(sense).toString('hex')}`);
  }

  dataIn(): Buffer {
    const parts = this.sent.splice(0).filter((each): each is MessageNamed<'dataIn'> => each.kind === 'dataIn');
    return Buffer.concat(parts.map(({ data }) => data));
  }
}

const refused = (tag: number, condition: ConditionName) =>
  `${tag}: 2 ${Buffer.from(encodeSense(senseOf(condition))).toString('hex')}`;
const ready: CdbCommand = { op: 'testUnitReady' };
const read: CdbCommand = { op: 'read', lba: 5, sectors: 1 };
const write: CdbCommand = { op: 'write', lba: 5, sectors: 1 };
const sector = Buffer.alloc(512, 7);

describe('a host port', () => {
  it('says of each volume once that power came on', () => {
    const bench = new Bench();
    for (const [tag, lun] of [
      [1, 0],
      [2, 0],
      [3, 1],
      [4, 1],
    ] as const)
      bench.command(tag, ready, { lun });
    expect(bench.responses()).to.deep.equal([refused(1, 'powerOn'), '2: 0 ', refused(3, 'powerOn'), '4: 0 ']);
  });

  it('hands on commands for the medium, and answers when it is told how they ended', () => {
    const bench = new Bench();
    bench.attended();
    bench.command(7, write, { lun: 1, dataOut: sector });
    const [command] = bench.commands;
    expect([command?.tag, command?.volume, command?.command.op]).to.deep.equal([7, 1, 'write']);
    expect([bench.port.receivedTags(), bench.responses()]).to.deep.equal([[7], []]);
    bench.port.answer(command?.id ?? 0, { status: 'good', data: new Uint8Array(0) });
    expect([bench.responses(), bench.port.receivedTags()]).to.deep.equal([['7: 0 '], []]);
  });

  it('has one unit for each volume, of its size, told apart by their serial numbers', () => {
    const bench = new Bench();
    bench.attended();
    const dataOf = (lun: number, of: CdbCommand) => {
      bench.command(1, of, { lun });
      return bench.dataIn();
    };
    const capacity: CdbCommand = { op: 'readCapacity', form: 10, allocationBytes: 8 };
    expect([0, 1].map((lun) => dataOf(lun, capacity).readUInt32BE(0))).to.deep.equal([2047, 4095]);
    const luns: CdbCommand = { op: 'reportLuns', select: 0, allocationBytes: 64 };
    expect(dataOf(0, luns).toString('hex')).to.equal('000000100000000000000000000000000001000000000000');
    const serial: CdbCommand = { op: 'inquiry', page: 0x80, allocationBytes: 64 };
    const serials = [0, 1].map((lun) => dataOf(lun, serial).subarray(4).toString('latin1').trim());
    expect(serials).to.deep.equal(['A1B2-0', 'A1B2-1']);
    const inquiry = dataOf(0, { op: 'inquiry', page: undefined, allocationBytes: 36 });
    expect(inquiry.toString('latin1', 16, 32).trim()).to.equal('MAIN VOLUME');
    // GOOD means durable here: no write cache.
    const caching = {
      op: 'modeSense',
      form: 6,
      control: 'current',
      page: 8,
      subpage: 0,
      blockDescriptor: false,
    } as const;
    expect(dataOf(0, { ...caching, allocationBytes: 255 }).readUInt8(4 + 2) & 4).to.equal(0);
  });

  it('answers for a unit that is not there', () => {
    const bench = new Bench();
    bench.command(1, ready, { lun: 2 });
    expect(bench.responses()).to.deep.equal([refused(1, 'unsupportedLun')]);
    bench.command(2, { op: 'inquiry', page: undefined, allocationBytes: 36 }, { lun: 2 });
    const inquiry = bench.dataIn();
    expect([inquiry[0], inquiry.toString('latin1', 16, 32).trim()]).to.deep.equal([0x7f, 'MAIN VOLUME']);
    bench.command(3, { op: 'reportLuns', select: 0, allocationBytes: 64 }, { lun: 2 });
    expect(bench.dataIn().readUInt32BE(0)).to.equal(16);
  });

  it('refuses the medium of every volume while it is not ready, and writes while they are protected', () => {
    const bench = new Bench();
    bench.attended();
    bench.port.setNotReady(senseOf('standby'));
    for (const lun of [0, 1]) bench.command(1 + lun, read, { lun });
    expect(bench.responses()).to.deep.equal([refused(1, 'standby'), refused(2, 'standby')]);
    bench.port.setNotReady(undefined);
    bench.port.setWriteProtected(true);
    for (const lun of [0, 1]) bench.command(3 + lun, write, { lun, dataOut: sector });
    expect(bench.responses()).to.deep.equal([refused(3, 'writeProtected'), refused(4, 'writeProtected')]);
    bench.command(5, read);
    bench.port.setWriteProtected(false);
    bench.command(6, write, { dataOut: sector });
    expect([bench.responses(), bench.commands.map(({ tag }) => tag)]).to.deep.equal([[], [5, 6]]);
  });

  it('has one unit say that it was reset', () => {
    const bench = new Bench();
    bench.attended();
    bench.port.receive({ kind: 'taskManagement', request: 1, function: 'logicalUnitReset', lun: 1, managedTag: 0 });
    for (const lun of [0, 1]) bench.command(1 + lun, ready, { lun });
    expect(bench.responses()).to.deep.equal(['1: 0 ', refused(2, 'unitReset')]);
  });

  it('logs what fits no command', () => {
    const bench = new Bench();
    bench.port.receive({ kind: 'dataOut', tag: 99, offset: 0, data: sector });
    expect(bench.logged).to.have.length(1);
    expect(bench.logged[0]).to.match(/^warning: host port: [a-z-]+: /);
    expect(bench.sent).to.deep.equal([]);
  });

  it('forgets the commands of a session that ends, and answers none of them', () => {
    const bench = new Bench();
    bench.attended();
    bench.command(1, read);
    bench.port.sessionClosed();
    expect(bench.port.receivedTags()).to.deep.equal([]);
    bench.port.answer(bench.commands[0]?.id ?? 0, { status: 'good', data: sector });
    expect(bench.sent).to.deep.equal([]);
    bench.command(1, ready);
    expect(bench.responses(), 'the tag is free again').to.deep.equal(['1: 0 ']);
  });

  it('takes 128 commands at once and 16 MiB of their data', () => {
    const bench = new Bench();
    bench.attended();
    for (let tag = 1; tag <= 129; tag += 1) bench.command(tag, read);
    expect([bench.responses(), bench.commands.length]).to.deep.equal([['129: 40 '], 128]);
    const other = new Bench([2 ** 26]);
    const long = { op: 'write', lba: 0, sectors: 32768 } as const;
    const cdb = encodeCdb(long);
    const none = { lun: 0, attribute: 'simple', dataInBytesMax: 0, dataCheck: 0 } as const;
    other.port.receive({ kind: 'command', tag: 1, cdb, dataOutBytes: 2 ** 24, ...none });
    expect(other.sent.every(({ kind }) => kind === 'transferReady')).to.equal(true);
    const longer = encodeCdb({ ...long, sectors: 32769 });
    other.sent.length = 0;
    other.port.receive({ kind: 'command', tag: 2, cdb: longer, dataOutBytes: 2 ** 24 + 512, ...none });
    expect(other.responses()).to.deep.equal([refused(2, 'insufficientResources')]);
  });
});
