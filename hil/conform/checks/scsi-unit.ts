/** What a logical unit says of itself, and how it refuses: SPC-4 and SBC-3. */
import { sectorBytes } from '../../../protocol/ids.js';
import { decodeCapacity16 } from '../../../protocol/scsi/capacity-data.js';
import { encodeCdb } from '../../../protocol/scsi/cdb-encode.js';
import type { Bench } from '../bench.js';
import { checked, promised, type Requirement } from '../check.js';
import { inquiryCdb, modeSenseCdb, reportLunsCdb } from '../exercise.js';
import { demand } from '../finding.js';
import { capacityOf, good } from '../medium.js';
import { endWords, type ProbeUnit } from '../probe-unit.js';
import { readable } from './scsi-transport.js';

const spc = 'SPC-4 has the bytes; the transcript shows what came.';
const refusing = 'Look at how command descriptor blocks are checked before they are carried out.';

export const unitRequirements: readonly Requirement[] = [
  checked('D-7', 'The logical unit number is the number of the volume; units have numbers from 0 on.', {
    remedy: 'REPORT LUNS lists one unit for each volume, peripheral device addressing (SAM-5, clause 4.7.7.2).',
    run: unitNumbers,
  }),
  checked('D-8', 'At the port of a controller WCE is 0.', {
    roles: ['main', 'sub'],
    remedy: 'MODE SENSE, caching page 08h, byte 2 bit 2.',
    run: writeCacheOff,
  }),
  promised('D-12', 'SPC-4 6.47', 'TEST UNIT READY ends with GOOD when the medium can be read and written.', {
    roles: readable,
    remedy: spc,
    run: async (bench) => {
      await (await bench.unit()).good(Buffer.alloc(6), 'TEST UNIT READY');
    },
  }),
  promised(
    'D-13',
    'SPC-4 6.6.2',
    'INQUIRY gives standard data of a direct access block device, with vendor and product.',
    {
      remedy: spc,
      run: standardInquiry,
    },
  ),
  promised('D-14', 'SPC-4 7.8.13', 'VPD page 00h lists pages in ascending order, each of which there is.', {
    remedy: spc,
    run: pageList,
  }),
  promised(
    'D-15',
    'SPC-4 7.8.5',
    'VPD pages 80h and 83h name the unit: a serial number, and an NAA or other designator.',
    {
      remedy: spc,
      run: names,
    },
  ),
  promised('D-16', 'SBC-3 6.5.3', 'VPD page B0h tells the limits: longest transfer, UNMAP and COMPARE AND WRITE.', {
    remedy: spc,
    run: limits,
  }),
  promised('D-17', 'SBC-3 6.5.4', 'VPD page B2h tells of UNMAP, and of zeros where nothing is mapped.', {
    remedy: spc,
    run: provisioning,
  }),
  promised('D-18', 'SPC-4 6.6.1', 'A VPD page that there is not is refused with 24h/00h, as is a page without EVPD.', {
    remedy: refusing,
    run: unknownPages,
  }),
  promised('D-19', 'SPC-4 4.2.5.6', 'Data is cut to the allocation length, without an error.', {
    remedy: spc,
    run: cutToAllocation,
  }),
  promised('D-20', 'SBC-3 5.16', 'READ CAPACITY (10) and (16) agree; blocks have 512 bytes.', {
    remedy: spc,
    run: capacities,
  }),
  promised('D-21', 'SPC-4 6.11', 'MODE SENSE gives caching and control page, with DPOFUA; (6) and (10) agree.', {
    remedy: spc,
    run: modes,
  }),
  promised('D-22', 'SPC-4 6.33', 'REPORT LUNS takes 16 bytes or more.', {
    remedy: spc,
    run: async (bench) => {
      const unit = await bench.unit();
      const short = Buffer.from(reportLunsCdb);
      short.writeUInt32BE(15, 6);
      await unit.refused(short, 'REPORT LUNS for 15 bytes', 'invalidFieldInCdb', { dataInBytesMax: 15 });
    },
  }),
  promised('D-23', 'SPC-4 6.35', 'REPORT SUPPORTED OPERATION CODES lists the commands, and tells the same of each.', {
    remedy: spc,
    run: operationCodes,
  }),
  promised('D-24', 'SPC-4 4.2.2', 'An operation code that there is not is refused with 20h/00h.', {
    remedy: refusing,
    run: async (bench) => {
      const unit = await bench.unit();
      for (const opcode of [0xff, 0xc1, 0x02]) {
        await unit.refused(
          Buffer.from([opcode, 0, 0, 0, 0, 0]),
          `operation code ${opcode.toString(16)}h`,
          'invalidOpcode',
        );
      }
    },
  }),
  promised('D-25', 'SPC-4 4.2.3', 'A reserved bit of a CDB is refused with 24h/00h and a pointer to it.', {
    remedy: refusing,
    run: reservedBit,
  }),
  promised('D-26', 'SBC-3 4.7', 'A block address past the end is refused with 21h/00h.', {
    roles: readable,
    remedy: refusing,
    run: pastEnd,
  }),
  promised('D-27', 'SPC-4 6.6.2', 'A unit that there is not answers INQUIRY with 7Fh, and all else with 25h/00h.', {
    remedy: refusing,
    run: absentUnit,
  }),
];

async function lunsOf(unit: ProbeUnit): Promise<readonly number[]> {
  const cdb = Buffer.from(reportLunsCdb);
  cdb.writeUInt32BE(2056, 6);
  const data = await unit.good(cdb, 'REPORT LUNS', { dataInBytesMax: 2056 });
  const bytes = data.length < 8 ? -1 : data.readUInt32BE(0);
  demand(bytes === data.length - 8 && bytes % 8 === 0, 'a list with its length in front', () => data.toString('hex'));
  return Array.from({ length: bytes / 8 }, (_, index) => data.readUInt16BE(8 + 8 * index));
}

async function unitNumbers(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const luns = await lunsOf(unit);
  demand(luns.length >= 1 && luns.every((lun, index) => lun === index), 'units 0, 1, 2, …', () => luns.join(' '));
  if (bench.role === 'disk') return;
  await unit.session.send({ kind: 'getStatus', request: 400 });
  const { volumes } = await unit.session.next('status', ({ request }) => request === 400);
  demand(volumes.length === luns.length, `${volumes.length} units, as many as volumes in status`, () =>
    String(luns.length),
  );
  for (const lun of luns) {
    await unit.clearAttentions(lun);
    const cdb = encodeCdb({ op: 'readCapacity', form: 16, allocationBytes: 32 });
    const sectors = decodeCapacity16(await unit.good(cdb, 'READ CAPACITY (16)', { lun, dataInBytesMax: 32 }));
    demand(
      sectors === (volumes[lun] ?? 0) / sectorBytes,
      `${volumes[lun]} bytes in unit ${lun}, as status says`,
      () => `${sectors} blocks`,
    );
  }
}

/** The page of MODE SENSE (6) data for one page, with a block descriptor or without. */
function modePage(data: Buffer): Buffer {
  return data.subarray(4 + (data[3] ?? 0));
}

async function writeCacheOff(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const page = modePage(
    await unit.good(Buffer.from([0x1a, 8, 8, 0, 255, 0]), 'MODE SENSE (6)', { dataInBytesMax: 255 }),
  );
  demand(page[0] === 8 && ((page[2] ?? 0) & 4) === 0, 'the caching page with WCE 0', () => page.toString('hex'));
}

async function standardInquiry(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const data = await unit.good(inquiryCdb(), 'INQUIRY', { dataInBytesMax: 36 });
  const came = () => data.toString('hex');
  demand(data.length === 36, '36 bytes', came);
  demand(data[0] === 0, 'device type 00h', came);
  demand((data[2] ?? 0) >= 6, 'version 06h (SPC-4) or later', came);
  demand(((data[3] ?? 0) & 0x0f) === 2, 'response data format 2', came);
  demand((data[4] ?? 0) >= 31, 'an additional length of 31 or more', came);
  const printable = data.subarray(8, 36).every((byte) => byte >= 0x20 && byte < 0x7f);
  demand(printable && data[8] !== 0x20, 'vendor, product and revision in ASCII, padded with spaces', came);
}

async function page(unit: ProbeUnit, number: number): Promise<Buffer> {
  const cdb = encodeCdb({ op: 'inquiry', page: number, allocationBytes: 1024 });
  const data = await unit.good(cdb, `VPD page ${number.toString(16)}h`, { dataInBytesMax: 1024 });
  const isWhole = data.length >= 4 && data[1] === number && data.readUInt16BE(2) === data.length - 4;
  demand(isWhole, `page ${number.toString(16)}h with its number and length`, () => data.toString('hex'));
  return data;
}

async function pageList(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const numbers = [...(await page(unit, 0)).subarray(4)];
  const isRising = numbers.every((number, index) => index === 0 || number > (numbers[index - 1] ?? 0));
  demand(
    isRising && [0x00, 0x80, 0x83, 0xb0, 0xb2].every((number) => numbers.includes(number)),
    'pages 00h, 80h, 83h, B0h and B2h in order',
    () => Buffer.from(numbers).toString('hex'),
  );
  for (const number of numbers) await page(unit, number);
}

async function names(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const serial = (await page(unit, 0x80)).subarray(4).toString('latin1').trim();
  demand(serial.length > 0 && /^[\x20-\x7e]+$/.test(serial), 'a serial number in ASCII', JSON.stringify(serial));
  const designators = (await page(unit, 0x83)).subarray(4);
  const types: number[] = [];
  for (let at = 0; at + 4 <= designators.length; at += 4 + (designators[at + 3] ?? 0))
    types.push((designators[at + 1] ?? 0) & 0x3f);
  demand(
    types.some((type) => [1, 2, 3, 8].includes(type)),
    'a designator of the unit: T10, EUI-64, NAA or SCSI name',
    () => `types ${types.join(' ')}`,
  );
}

async function limits(bench: Bench): Promise<void> {
  const body = await page(await bench.unit(), 0xb0);
  const came = () => body.toString('hex');
  demand(body.length >= 64, '64 bytes', came);
  demand((body[5] ?? 0) >= 1, 'a COMPARE AND WRITE of one block or more', came);
  demand(body.readUInt32BE(8) >= 8, 'transfers of 8 blocks or more', came);
  demand(body.readUInt32BE(20) >= 1 && body.readUInt32BE(24) >= 1, 'UNMAP of one block and one range or more', came);
}

async function provisioning(bench: Bench): Promise<void> {
  const body = await page(await bench.unit(), 0xb2);
  const bits = body[5] ?? 0;
  demand((bits & 0x80) !== 0 && (bits & 0x04) !== 0, 'LBPU and LBPRZ', () => body.toString('hex'));
}

async function unknownPages(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  await unit.refused(Buffer.from([0x12, 1, 0xf7, 1, 0, 0]), 'VPD page F7h', 'invalidFieldInCdb', {
    dataInBytesMax: 256,
  });
  await unit.refused(Buffer.from([0x12, 0, 0x80, 1, 0, 0]), 'page 80h without EVPD', 'invalidFieldInCdb', {
    dataInBytesMax: 256,
  });
}

async function cutToAllocation(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const whole = await unit.good(inquiryCdb(), 'INQUIRY', { dataInBytesMax: 36 });
  for (const bytes of [0, 5, 20]) {
    const data = await unit.good(inquiryCdb(bytes), `INQUIRY for ${bytes} bytes`, { dataInBytesMax: bytes });
    demand(data.length === bytes, `${bytes} bytes`, () => `${data.length} bytes`);
    demand(Buffer.compare(data, whole.subarray(0, bytes)) === 0, 'the beginning of the same data', () =>
      data.toString('hex'),
    );
  }
}

async function capacities(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const sectors = await capacityOf(unit);
  const short = await good(unit, { op: 'readCapacity', form: 10, allocationBytes: 8 }, { dataInBytesMax: 8 });
  const came = () => short.toString('hex');
  demand(short.length === 8 && short.readUInt32BE(4) === sectorBytes, '8 bytes, blocks of 512 bytes', came);
  demand(short.readUInt32BE(0) === Math.min(sectors - 1, 0xffffffff), `last block ${sectors - 1}`, came);
}

async function modes(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const six = await unit.good(modeSenseCdb, 'MODE SENSE (6)', { dataInBytesMax: 255 });
  const ten = await unit.good(Buffer.from([0x5a, 0, 0x3f, 0, 0, 0, 0, 1, 0, 0]), 'MODE SENSE (10)', {
    dataInBytesMax: 256,
  });
  demand(six.length >= 4 && six[0] === six.length - 1, 'MODE DATA LENGTH in front', () => six.toString('hex'));
  demand(ten.length >= 8 && ten.readUInt16BE(0) === ten.length - 2, 'MODE DATA LENGTH in front', () =>
    ten.toString('hex'),
  );
  demand(((six[2] ?? 0) & 0x10) !== 0, 'DPOFUA', () => six.toString('hex'));
  const pages = modePage(six);
  const same = Buffer.compare(pages, ten.subarray(8 + ten.readUInt16BE(6))) === 0;
  demand(same, 'the same pages from both', () => `${six.toString('hex')} and ${ten.toString('hex')}`);
  const found: number[] = [];
  for (let at = 0; at + 2 <= pages.length; at += 2 + (pages[at + 1] ?? 0)) found.push((pages[at] ?? 0) & 0x3f);
  demand(found.includes(0x08) && found.includes(0x0a), 'pages 08h and 0Ah', () => pages.toString('hex'));
  await unit.refused(Buffer.from([0x1a, 0, 0x3e, 0, 255, 0]), 'MODE SENSE of page 3Eh', 'invalidFieldInCdb', {
    dataInBytesMax: 255,
  });
}

/** Commands that README.md and docs/conformance.md promise, with their service actions. */
const promisedCodes: readonly (readonly [number, number?])[] = [
  ...([0x00, 0x03, 0x12, 0x1a, 0x25, 0x28, 0x2a, 0x2f, 0x35, 0x41, 0x42, 0x88, 0x89, 0x8a, 0x93, 0xa0].map((code) => [
    code,
  ]) as [number][]),
  [0x9e, 0x10],
  [0x9e, 0x12],
];

async function operationCodes(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const all = await good(
    unit,
    { op: 'reportOperationCodes', which: { kind: 'all' }, allocationBytes: 8192 },
    { dataInBytesMax: 8192 },
  );
  const listed = new Set<string>();
  for (let at = 4; at + 8 <= all.length; at += (all[at + 5] ?? 0) & 2 ? 20 : 8) {
    listed.add(((all[at + 5] ?? 0) & 1) === 0 ? `${all[at]}` : `${all[at]}/${all.readUInt16BE(at + 2)}`);
  }
  for (const [opcode, serviceAction] of promisedCodes) {
    const name = serviceAction === undefined ? `${opcode}` : `${opcode}/${serviceAction}`;
    demand(listed.has(name), `operation code ${opcode.toString(16)}h in the list`, () => [...listed].join(' '));
    const which = { kind: 'one', opcode, serviceAction } as const;
    const one = await good(unit, { op: 'reportOperationCodes', which, allocationBytes: 64 }, { dataInBytesMax: 64 });
    demand(((one[1] ?? 0) & 7) === 3, `${opcode.toString(16)}h supported`, () => one.toString('hex'));
    demand(one[4] === opcode, 'a usage map that begins with the operation code', () => one.toString('hex'));
  }
}

async function reservedBit(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const end = await unit.refused(
    Buffer.from([0, 0, 0, 4, 0, 0]),
    'TEST UNIT READY with a bit in byte 3',
    'invalidFieldInCdb',
  );
  const field = end.sense?.field;
  demand(field?.part === 'cdb' && field.byte === 3, 'a pointer to byte 3 of the CDB', () => endWords(end));
  await unit.refused(Buffer.from([0x12, 0, 0, 0, 36, 4]), 'INQUIRY with NACA', 'invalidFieldInCdb', {
    dataInBytesMax: 36,
  });
}

async function pastEnd(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const sectors = await capacityOf(unit);
  for (const [lba, count] of [
    [sectors, 1],
    [sectors - 1, 2],
    [2 ** 40, 1],
  ] as const) {
    const options = { dataInBytesMax: count * sectorBytes };
    await unit.refused(
      encodeCdb({ op: 'read', lba, sectors: count }),
      `READ of ${count} from ${lba} on`,
      'lbaOutOfRange',
      options,
    );
  }
  await unit.refused(
    encodeCdb({ op: 'verify', lba: sectors, sectors: 1, compare: false }),
    'VERIFY past the end',
    'lbaOutOfRange',
  );
  await unit.good(encodeCdb({ op: 'read', lba: sectors - 1, sectors: 1 }), 'READ of the last block', {
    dataInBytesMax: sectorBytes,
  });
}

async function absentUnit(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const lun = 200;
  const data = await unit.good(inquiryCdb(), 'INQUIRY of unit 200', { lun, dataInBytesMax: 36 });
  demand(data[0] === 0x7f, '7Fh: no unit there', () => data.toString('hex'));
  await unit.refused(Buffer.alloc(6), 'TEST UNIT READY of unit 200', 'unsupportedLun', { lun });
}
