/** What becomes of data: SBC-3, and what is durable when. */
import { sectorBytes } from '../../../protocol/ids.js';
import { decodeLbaStatus } from '../../../protocol/scsi/capacity-data.js';
import { encodeCdb } from '../../../protocol/scsi/cdb-encode.js';
import { requestOf } from '../../../protocol/scsi/initiator-commands.js';
import type { Bench } from '../bench.js';
import { type Check, checked, promised, type Requirement } from '../check.js';
import { demand } from '../finding.js';
import {
  capacityOf,
  carriesSoon,
  commandBlock,
  demandContent,
  good,
  pattern,
  read,
  requestTo,
  write,
} from '../medium.js';
import { conditionWords, endWords, isEnd, type ProbeUnit } from '../probe-unit.js';
import { survivesFlush, survivesForced, survivesWrite } from './scsi-durable.js';
import { readable } from './scsi-transport.js';

const medium = 'SBC-3 has the command; the transcript shows what came.';
const durable = 'Answer only when the data is where a power cut leaves it.';
/** Checks that write; they use the first sectors of logical unit 0. */
const writing = { roles: readable, losesData: true } as const satisfies Partial<Check>;

export const mediumRequirements: readonly Requirement[] = [
  checked('D-9', 'At the port of a controller GOOD means durable.', {
    roles: ['main'],
    losesData: true,
    cutsPower: true,
    remedy: durable,
    run: survivesWrite,
  }),
  promised('D-36', 'SBC-3 5', 'What was written is read, with every form of READ and WRITE.', {
    ...writing,
    remedy: medium,
    run: everyForm,
  }),
  promised(
    'D-37',
    'SBC-3 5.8',
    'A READ of no blocks ends with GOOD; one past the longest transfer is refused with 24h/00h.',
    {
      roles: readable,
      remedy: medium,
      run: lengths,
    },
  ),
  promised(
    'D-38',
    'SBC-3 5.31',
    'VERIFY compares: the same data ends with GOOD, other with MISCOMPARE and the offset.',
    {
      roles: readable,
      remedy: medium,
      run: compares,
    },
  ),
  promised('D-39', 'SBC-3 5.44', 'WRITE SAME fills blocks with one; with NDOB with zeros; no blocks are refused.', {
    ...writing,
    remedy: medium,
    run: writesSame,
  }),
  promised('D-40', 'SBC-3 5.28', 'UNMAP leaves zeros in its ranges, and nothing else is changed.', {
    ...writing,
    remedy: medium,
    run: unmaps,
  }),
  promised(
    'D-41',
    'SBC-3 5.2',
    'COMPARE AND WRITE writes when all is the same; else MISCOMPARE, and nothing is changed.',
    {
      ...writing,
      remedy: medium,
      run: comparesAndWrites,
    },
  ),
  promised('D-42', 'SBC-3 5.6', 'GET LBA STATUS tells mapped blocks from deallocated ones.', {
    ...writing,
    bytes: 133_000,
    remedy: medium,
    run: lbaStatus,
  }),
  promised('D-43', 'SBC-3 5.18', 'What SYNCHRONIZE CACHE has ended with GOOD for is durable; IMMED is refused.', {
    roles: ['disk'],
    losesData: true,
    cutsPower: true,
    remedy: durable,
    run: survivesFlush,
  }),
  promised('D-44', 'SBC-3 4.15', 'What was written with FUA is durable once it has ended with GOOD.', {
    roles: ['disk'],
    losesData: true,
    cutsPower: true,
    remedy: durable,
    run: survivesForced,
  }),
  promised('D-45', 'SBC-3 4.7', 'A write that is refused changes nothing.', {
    ...writing,
    remedy: medium,
    run: refusedWrite,
  }),
  promised(
    'D-46',
    'SBC-3 5.25',
    'START STOP UNIT stops: NOT READY, 04h/02h, until it starts; what was written is there.',
    {
      roles: ['disk'],
      losesData: true,
      remedy: medium,
      run: stops,
    },
  ),
];

const forms = [6, 10, 12, 16] as const;

async function everyForm(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const three = { lba: 2, sectors: 3 };
  const writes = [0x0a, 0x2a, 0xaa, 0x8a].map((opcode, index) => commandBlock(opcode, forms[index] ?? 16, three));
  const reads = [0x08, 0x28, 0xa8, 0x88].map((opcode, index) => commandBlock(opcode, forms[index] ?? 16, three));
  await write(unit, 0, pattern('around', 8));
  for (const cdb of writes) {
    const data = pattern(`WRITE ${cdb[0]}`, 3);
    await unit.good(cdb, `WRITE (${cdb.length})`, { dataOut: data });
    for (const each of reads) {
      const found = await unit.good(each, `READ (${each.length})`, { dataInBytesMax: data.length });
      demand(
        Buffer.compare(found, data) === 0,
        `the data of WRITE (${cdb.length}) from READ (${each.length})`,
        'other data',
      );
    }
  }
  const around = await read(unit, 0, 8);
  const kept =
    Buffer.compare(around.subarray(0, 2 * sectorBytes), pattern('around', 8).subarray(0, 2 * sectorBytes)) === 0;
  const behind = Buffer.compare(around.subarray(5 * sectorBytes), pattern('around', 8).subarray(5 * sectorBytes)) === 0;
  demand(kept && behind, 'the blocks before and behind as they were', 'other data');
  await atTheEnd(unit);
  await longestOfSix(unit);
}

/** Writes that end with the last block: it is written, too. */
async function atTheEnd(unit: ProbeUnit): Promise<void> {
  const lba = (await capacityOf(unit)) - 3;
  const short = pattern('up to the last block', 3);
  await write(unit, lba, short);
  await demandContent(unit, lba, short, 'the last three blocks as they were written');
  const long = pattern('up to the last block with WRITE (16)', 3);
  await unit.good(commandBlock(0x8a, 16, { lba, sectors: 3 }), 'WRITE (16) up to the last block', { dataOut: long });
  await demandContent(unit, lba, long, 'the last three blocks as WRITE (16) wrote them');
  await demandContent(unit, lba + 2, long.subarray(2 * sectorBytes), 'the last block alone, as WRITE (16) wrote it');
}

/** In READ (6) and WRITE (6) a length of 0 stands for 256 blocks (SBC-3). */
async function longestOfSix(unit: ProbeUnit): Promise<void> {
  const lba = 2;
  const sectors = 256;
  const max = await transferMax(unit);
  const isTaken = (max === 0 || max >= sectors) && (await capacityOf(unit)) > lba + sectors;
  if (!isTaken || !carriesSoon(unit, 2 * sectors * sectorBytes)) return;
  const around = { before: await read(unit, 0, lba), behind: await read(unit, lba + sectors, 1) };
  const data = pattern('WRITE (6) with length 0', sectors);
  await unit.good(commandBlock(0x0a, 6, { lba, sectors: 0 }), 'WRITE (6) with length 0', { dataOut: data });
  const found = await unit.good(commandBlock(0x08, 6, { lba, sectors: 0 }), 'READ (6) with length 0', {
    dataInBytesMax: data.length,
  });
  demand(found.length === data.length, '256 blocks from READ (6) with length 0', () => `${found.length} bytes`);
  demand(Buffer.compare(found, data) === 0, 'the 256 blocks of WRITE (6) with length 0', 'other data');
  await demandContent(unit, 0, around.before, 'the blocks before those as they were');
  await demandContent(unit, lba + sectors, around.behind, 'the block behind those as it was');
}

/** The longest transfer in blocks, as VPD page B0h says. */
async function transferMax(unit: ProbeUnit): Promise<number> {
  const page = await good(unit, { op: 'inquiry', page: 0xb0, allocationBytes: 64 }, { dataInBytesMax: 64 });
  return page.length < 12 ? 0 : page.readUInt32BE(8);
}

async function lengths(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const none = await read(unit, 0, 0);
  demand(none.length === 0, 'no data', () => `${none.length} bytes`);
  const sectors = (await transferMax(unit)) + 1;
  if (sectors === 1 || sectors > (await capacityOf(unit)) || sectors > 0xffff) return;
  const options = { dataInBytesMax: sectors * sectorBytes };
  await unit.refused(
    encodeCdb({ op: 'read', lba: 0, sectors }),
    `READ of ${sectors} blocks`,
    'invalidFieldInCdb',
    options,
  );
}

async function compares(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const content = await read(unit, 0, 2);
  const cdb = encodeCdb({ op: 'verify', lba: 0, sectors: 2, compare: true });
  await unit.good(cdb, 'VERIFY with what was read', { dataOut: content });
  const other = Buffer.from(content);
  other.writeUInt8((other[700] ?? 0) ^ 1, 700);
  const end = await unit.refused(cdb, 'VERIFY with another byte 700', 'miscompare', { dataOut: other });
  demand(end.sense?.information === 700, 'information 700', () => endWords(end));
  await good(unit, { op: 'verify', lba: 0, sectors: 2, compare: false });
  await comparesOne(unit);
}

/** BYTCHK 11b compares one block with every block of the range; a device may do without it. */
async function comparesOne(unit: ProbeUnit): Promise<void> {
  const content = await read(unit, 0, Math.min(32, await capacityOf(unit)));
  const sector = (index: number) => content.subarray(index * sectorBytes, (index + 1) * sectorBytes);
  const starts = Array.from({ length: content.length / sectorBytes }, (_, index) => index);
  const endOf = (start: number) => starts.find((at) => at > start && !sector(at).equals(sector(start)));
  const verifyOne = (lba: number, sectors: number) => commandBlock(0x2f, 10, { lba, sectors, flags: 0x06 });
  // Best is a block that comes more than once before another: the last of the range is the first that differs.
  const lba = starts.find((at) => (endOf(at) ?? 0) > at + 1) ?? 0;
  const dataOut = sector(lba);
  const alone = await unit.command(verifyOne(lba, 1), { dataOut });
  if (isEnd(alone, 'invalidFieldInCdb')) return;
  demand(alone.sense === undefined, 'GOOD from VERIFY with BYTCHK 11b', () => endWords(alone));
  const end = endOf(lba) ?? lba + 1;
  if (end > lba + 1) await unit.good(verifyOne(lba, end - lba), 'VERIFY with BYTCHK 11b of like blocks', { dataOut });
  if (endOf(lba) === undefined) return;
  const what = `VERIFY with BYTCHK 11b of ${end - lba + 1} blocks, the last of which differs`;
  await unit.refused(verifyOne(lba, end - lba + 1), what, 'miscompare', { dataOut });
}

async function writesSame(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const around = pattern('around', 8);
  await write(unit, 0, around);
  const one = pattern('the same', 1);
  const same = { op: 'writeSame', lba: 1, sectors: 4, unmap: false } as const;
  await good(unit, { ...same, noDataOut: false }, { dataOut: one });
  const filled = Buffer.concat([around.subarray(0, 512), one, one, one, one, around.subarray(5 * 512)]);
  await demandContent(unit, 0, filled, 'blocks 1 to 4 filled, the others as they were');
  await good(unit, { ...same, noDataOut: true });
  filled.fill(0, 512, 5 * 512);
  await demandContent(unit, 0, filled, 'blocks 1 to 4 zeros, the others as they were');
  await unit.refused(
    commandBlock(0x41, 10, { lba: 2, sectors: 0 }),
    'WRITE SAME (10) of no blocks',
    'invalidFieldInCdb',
    { dataOut: one },
  );
  await fillsMany(unit);
}

/** All of many blocks are filled, on lines that carry them soon. */
async function fillsMany(unit: ProbeUnit): Promise<void> {
  const lba = 1;
  const limits = await good(unit, { op: 'inquiry', page: 0xb0, allocationBytes: 64 }, { dataInBytesMax: 64 });
  const max = limits.length < 44 ? 0n : limits.readBigUInt64BE(36);
  const sectors = Math.min(64, max === 0n ? 64 : Number(max), (await capacityOf(unit)) - lba - 1);
  if (!carriesSoon(unit, 2 * (sectors + 3) * sectorBytes)) return;
  const before = await read(unit, lba - 1, 1);
  const behind = await read(unit, lba + sectors, 1);
  const one = pattern('the same many times', 1);
  const filled = Buffer.concat([before, ...Array.from({ length: sectors }, () => one), behind]);
  const same = { op: 'writeSame', lba, sectors, unmap: false } as const;
  const around = 'and the blocks around them as they were';
  await good(unit, { ...same, noDataOut: false }, { dataOut: one });
  await demandContent(unit, lba - 1, filled, `${sectors} blocks filled, ${around}`);
  await good(unit, { ...same, noDataOut: true });
  filled.fill(0, sectorBytes, (sectors + 1) * sectorBytes);
  await demandContent(unit, lba - 1, filled, `${sectors} blocks of zeros, ${around}`);
}

async function unmaps(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const expected = pattern('mapped', 32);
  await write(unit, 0, expected);
  const { cdb, dataOut } = requestOf(
    {
      op: 'unmap',
      ranges: [
        { lba: 8, sectors: 8 },
        { lba: 24, sectors: 3 },
      ],
    },
    0,
  );
  await unit.good(cdb, 'UNMAP of two ranges', dataOut === undefined ? {} : { dataOut });
  expected.fill(0, 8 * 512, 16 * 512).fill(0, 24 * 512, 27 * 512);
  await demandContent(unit, 0, expected, 'zeros in both ranges, the others as they were');
  const past = requestOf({ op: 'unmap', ranges: [{ lba: await capacityOf(unit), sectors: 1 }] }, 0);
  await unit.refused(
    past.cdb,
    'UNMAP past the end',
    'lbaOutOfRange',
    past.dataOut === undefined ? {} : { dataOut: past.dataOut },
  );
}

async function comparesAndWrites(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const before = pattern('compared', 2);
  const after = pattern('written', 2);
  await write(unit, 0, before);
  const cdb = encodeCdb({ op: 'compareAndWrite', lba: 0, sectors: 2 });
  const wrong = Buffer.from(before);
  wrong.writeUInt8((wrong[600] ?? 0) ^ 1, 600);
  const end = await unit.refused(cdb, 'COMPARE AND WRITE with another byte 600', 'miscompare', {
    dataOut: Buffer.concat([wrong, after]),
  });
  demand(end.sense?.information === 600, 'information 600', () => endWords(end));
  await demandContent(unit, 0, before, 'what was there before the miscompare');
  await unit.good(cdb, 'COMPARE AND WRITE', { dataOut: Buffer.concat([before, after]) });
  await demandContent(unit, 0, after, 'what COMPARE AND WRITE wrote');
}

async function lbaStatus(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const sectors = 256;
  await write(unit, 0, pattern('mapped', sectors));
  const { cdb, dataOut } = requestOf({ op: 'unmap', ranges: [{ lba: 128, sectors: 128 }] }, 0);
  await unit.good(cdb, 'UNMAP', dataOut === undefined ? {} : { dataOut });
  const [mapped] = decodeLbaStatus(
    await good(unit, { op: 'getLbaStatus', lba: 0, allocationBytes: 24 }, { dataInBytesMax: 24 }),
  );
  demand(mapped?.lba === 0 && mapped.status === 'mapped', 'block 0 mapped', JSON.stringify(mapped));
  const end = await unit.command(encodeCdb({ op: 'getLbaStatus', lba: await capacityOf(unit), allocationBytes: 24 }), {
    dataInBytesMax: 24,
  });
  demand(isEnd(end, 'lbaOutOfRange'), conditionWords('lbaOutOfRange'), () => endWords(end));
}

async function refusedWrite(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const last = (await capacityOf(unit)) - 1;
  const content = pattern('the last block', 1);
  await write(unit, last, content);
  const cdb = encodeCdb({ op: 'write', lba: last, sectors: 2 });
  await unit.refused(cdb, 'WRITE past the end', 'lbaOutOfRange', { dataOut: pattern('never', 2) });
  await demandContent(unit, last, content, 'the last block as it was');
  await refusedUnmap(unit);
}

/** Where one range of UNMAP is refused, those before it are as they were; for units that announce UNMAP. */
async function refusedUnmap(unit: ProbeUnit): Promise<void> {
  const page = await good(unit, { op: 'inquiry', page: 0xb2, allocationBytes: 64 }, { dataInBytesMax: 64 });
  if (((page[5] ?? 0) & 0x80) === 0) return;
  const content = pattern('in a range of UNMAP that is right', 8);
  await write(unit, 0, content);
  const ranges = [
    { lba: 2, sectors: 4 },
    { lba: await capacityOf(unit), sectors: 1 },
  ];
  const [unmap, , options] = requestTo({ op: 'unmap', ranges });
  await unit.refused(unmap, 'UNMAP of a range that is right and one past the end', 'lbaOutOfRange', options);
  await demandContent(unit, 0, content, 'the range that is right as it was');
}

async function stops(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const content = pattern('before it was stopped', 1);
  await write(unit, 0, content);
  await good(unit, { op: 'startStopUnit', start: false, flush: true });
  await unit.refused(Buffer.alloc(6), 'TEST UNIT READY while stopped', 'stopped');
  await good(unit, { op: 'startStopUnit', start: true, flush: true });
  await demandContent(unit, 0, content, 'what was written before');
}
