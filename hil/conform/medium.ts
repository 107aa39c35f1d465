/** Reads and writes of logical unit 0, as checks of SCSI use them. */
import { sectorBytes } from '../../protocol/ids.js';
import { decodeCapacity16 } from '../../protocol/scsi/capacity-data.js';
import type { CdbCommand } from '../../protocol/scsi/cdb.js';
import { encodeCdb } from '../../protocol/scsi/cdb-encode.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { requestOf } from '../../protocol/scsi/initiator-commands.js';
import { layouts } from '../../protocol/scsi/operation-codes.js';
import { demand } from './finding.js';
import type { CommandOptions, ProbeUnit } from './probe-unit.js';
import { bitsPerByte } from './wire.js';

/** Gives a command that has to end with GOOD; its data. */
export function good(unit: ProbeUnit, command: CdbCommand, options: CommandOptions = {}): Promise<Buffer> {
  return unit.good(encodeCdb(command), command.op, options);
}

/** The same with the data out that the command has. */
export function mediumGood(unit: ProbeUnit, command: MediumCommand): Promise<Buffer> {
  return unit.good(...requestTo(command));
}

/** A command as CDB, its name, and what goes with it. */
export function requestTo(command: MediumCommand): [Buffer, string, CommandOptions] {
  const { cdb, dataOut, dataInBytesMax } = requestOf(command, 0);
  return [Buffer.from(cdb), command.op, { dataInBytesMax, ...(dataOut === undefined ? {} : { dataOut }) }];
}

interface Block {
  readonly lba: number;
  readonly sectors: number;
  /** Byte 1, where the form has no block address. */
  readonly flags?: number;
}

/** A CDB with a block address and a length, in the form of so many bytes. */
export function commandBlock(opcode: number, bytes: 6 | 10 | 12 | 16, { lba, sectors, flags = 0 }: Block): Buffer {
  const into = Buffer.alloc(bytes);
  const layout = layouts[bytes];
  into.writeUInt8(opcode, 0);
  if (bytes !== 6) into.writeUInt8(flags, 1);
  if (bytes === 16) into.writeBigUInt64BE(BigInt(lba), layout.lba.at);
  else into.writeUIntBE(lba, layout.lba.at, layout.lba.bytes);
  into.writeUIntBE(sectors, layout.length.at, layout.length.bytes);
  return into;
}

export function read(
  unit: ProbeUnit,
  lba: number,
  sectors: number,
  options: Pick<CommandOptions, 'limitUs'> = {},
): Promise<Buffer> {
  return good(unit, { op: 'read', lba, sectors }, { dataInBytesMax: sectors * sectorBytes, ...options });
}

export async function write(unit: ProbeUnit, lba: number, data: Uint8Array, { fua = false } = {}): Promise<void> {
  await good(unit, { op: 'write', lba, sectors: data.length / sectorBytes, fua }, { dataOut: data });
}

/** Sectors that say which check wrote them, and where. */
export function pattern(name: string, sectors: number): Buffer {
  const parts = Array.from({ length: sectors }, (_, index) => Buffer.alloc(sectorBytes, `${name}, sector ${index}. `));
  return Buffer.concat(parts);
}

/** How many sectors the unit has, as READ CAPACITY (16) says. */
export async function capacityOf(unit: ProbeUnit): Promise<number> {
  const data = await good(unit, { op: 'readCapacity', form: 16, allocationBytes: 32 }, { dataInBytesMax: 32 });
  const sectors = decodeCapacity16(data);
  demand(sectors !== undefined && sectors > 0, 'READ CAPACITY (16) data with blocks of 512 bytes', () =>
    data.toString('hex'),
  );
  return sectors;
}

/** How long a read may wait for an image that is on its way to its place, in microseconds. */
const busyUs = 60_000_000;
/** What every unit takes in one command, in sectors. */
const partSectors = 128;

/** How long data may be on its way that a check can do without, in seconds. */
const dataSecondsMax = 20;

/** Whether the line carries so many bytes in a time that a check has: on a slow one it does with less. */
export function carriesSoon({ session }: ProbeUnit, bytes: number): boolean {
  const { baud } = session.link.probe.wire;
  return baud === undefined || (bytes * bitsPerByte) / baud <= dataSecondsMax;
}

/** Reads so many sectors, in commands that any unit takes. */
async function readParts(unit: ProbeUnit, lba: number, sectors: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let at = 0; at < sectors; at += partSectors) {
    parts.push(await read(unit, lba + at, Math.min(partSectors, sectors - at), { limitUs: busyUs }));
  }
  return Buffer.concat(parts);
}

/** Sectors that have to be these. */
export async function demandContent(unit: ProbeUnit, lba: number, expected: Uint8Array, what: string): Promise<void> {
  const found = await readParts(unit, lba, expected.length / sectorBytes);
  const at = found.findIndex((byte, index) => byte !== expected[index]);
  demand(
    at === -1 && found.length === expected.length,
    what,
    () => `${found.length} bytes, the first that differs at ${at}`,
  );
}
