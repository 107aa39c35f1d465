/** What is still there after a power cut: at the port of a controller all, at that of a disk what was flushed or forced. */
import { sectorBytes } from '../../../protocol/ids.js';
import { samStatus } from '../../../protocol/scsi/commands.js';
import type { Bench } from '../bench.js';
import { demand } from '../finding.js';
import { commandBlock, demandContent, good, mediumGood, pattern, write } from '../medium.js';
import { endWords, isEnd, type ProbeUnit } from '../probe-unit.js';

/** What ended with GOOD is there after a power cut, whatever was there before. */
export async function survivesWrite(bench: Bench): Promise<void> {
  const what = 'GOOD of WRITE';
  const data = pattern(`before the power was cut: ${what}`, 8);
  const unit = await bench.unit();
  await write(unit, 0, pattern('before that', 8));
  await write(unit, 0, data);
  await bench.powerCycle();
  await demandContent(await bench.unit(), 0, data, `what had ${what}`);
}

/** So many blocks, none beside another, are written before the cache is flushed. */
const extents = 12;
const extentStep = 3;

export async function survivesFlush(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  await unit.refused(
    Buffer.from([0x35, 2, 0, 0, 0, 0, 0, 0, 0, 0]),
    'SYNCHRONIZE CACHE with IMMED',
    'invalidFieldInCdb',
  );
  const content = pattern('before that', extents * extentStep);
  await write(unit, 0, content);
  await scatter(unit, content, 'SYNCHRONIZE CACHE (10)');
  await good(unit, { op: 'synchronizeCache', lba: 0, sectors: 0 });
  await bench.powerCycle();
  const next = await bench.unit();
  await demandContent(next, 0, content, 'all that was written before GOOD of SYNCHRONIZE CACHE (10)');
  await scatter(next, content, 'SYNCHRONIZE CACHE (16)');
  const end = await next.command(commandBlock(0x91, 16, { lba: 0, sectors: 0 }));
  // A disk may have the short form alone.
  if (isEnd(end, 'invalidOpcode')) return;
  demand(end.response.status === samStatus.good, 'GOOD from SYNCHRONIZE CACHE (16)', () => endWords(end));
  await bench.powerCycle();
  const last = await bench.unit();
  await demandContent(last, 0, content, 'all that was written before GOOD of SYNCHRONIZE CACHE (16)');
}

/** Changes every third block, by all commands that change any in turn; `content` is what there is, and is kept so. */
async function scatter(unit: ProbeUnit, content: Buffer, name: string): Promise<void> {
  for (let index = 0; index < extents; index += 1) {
    const lba = index * extentStep;
    const sector = content.subarray(lba * sectorBytes, (lba + 1) * sectorBytes);
    const data = pattern(`${name}, extent ${index}`, 1);
    const ways = [
      () => mediumGood(unit, { op: 'write', lba, data }),
      () => mediumGood(unit, { op: 'writeSame', lba, sectors: 1, pattern: data, unmap: false }),
      () => mediumGood(unit, { op: 'unmap', ranges: [{ lba, sectors: 1 }] }),
      () => mediumGood(unit, { op: 'compareAndWrite', lba, compare: sector, data }),
    ];
    // The next round has another command for each block.
    const way = (index + (name.endsWith('(16)') ? 1 : 0)) % ways.length;
    await ways[way]?.();
    sector.set(way === 2 ? Buffer.alloc(sectorBytes) : data);
  }
}

/** One check may take a minute: no power cut begins that would not be over by then, in microseconds. */
const cutsUsMax = 45_000_000;

interface Forced {
  readonly name: string;
  readonly lba: number;
  give(unit: ProbeUnit, data: Buffer, before: Buffer): Promise<unknown>;
}

const forcedWrite = (opcode: number, bytes: 10 | 12 | 16, lba: number): Forced => ({
  name: `WRITE (${bytes})`,
  lba,
  give: (unit, data) =>
    unit.good(commandBlock(opcode, bytes, { lba, sectors: 2, flags: 0x08 }), `WRITE (${bytes}) with FUA`, {
      dataOut: data,
    }),
});

const forced: readonly Forced[] = [
  forcedWrite(0xaa, 12, 0),
  forcedWrite(0x8a, 16, 4),
  {
    name: 'COMPARE AND WRITE',
    lba: 8,
    give: (unit, data, before) => mediumGood(unit, { op: 'compareAndWrite', lba: 8, compare: before, data, fua: true }),
  },
  forcedWrite(0x2a, 10, 12),
];

/** A disk that flushes all that it holds shows whether it heeds FUA in the last command alone: each is the last once. */
export async function survivesForced(bench: Bench): Promise<void> {
  const startUs = bench.wire.nowUs();
  let longestUs = 0;
  for (let round = 0; round < forced.length; round += 1) {
    const beginUs = bench.wire.nowUs();
    if (beginUs - startUs + longestUs > cutsUsMax) return;
    await survivesRound(bench, round);
    longestUs = Math.max(longestUs, bench.wire.nowUs() - beginUs);
  }
}

async function survivesRound(bench: Bench, round: number): Promise<void> {
  const unit = await bench.unit();
  const before = pattern(`before that, ${round}`, 2);
  for (const { lba } of forced) await write(unit, lba, before);
  const dataOf = (name: string) => pattern(`${name} with FUA, ${round}`, 2);
  const turned = [...forced.slice(forced.length - round), ...forced.slice(0, forced.length - round)];
  for (const { name, give } of turned) await give(unit, dataOf(name), before);
  await bench.powerCycle();
  const after = await bench.unit();
  for (const { name, lba } of turned)
    await demandContent(after, lba, dataOf(name), `what had GOOD of ${name} with FUA`);
}
