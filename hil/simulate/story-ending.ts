/** The end of a story: which check failed, what the sectors in question hold, and how that came there. */
import type { DiskName } from '../../protocol/device.js';
import { mainStateOf, subStateOf } from './coverage.js';
import { survivalText } from './fault-text.js';
import type { FaultyDisk } from './faulty-disk.js';
import { type Crash, sites } from './plan.js';
import type { FoundViolation, PlanRun } from './run-plan.js';
import { heldIn } from './story-contents.js';
import type { StoryRecorder } from './story-recorder.js';
import { timeText } from './time-text.js';

/** Places of one write that are told. */
const placesMax = 8;

interface Sector {
  readonly volume: number;
  readonly lba: number;
}

/** Lines without colour or indentation; the first one is the headline. */
export function endingOf(violation: FoundViolation, run: PlanRun, recorder: StoryRecorder): readonly string[] {
  const { crash, detail, atUs, check } = violation;
  const headline = `VIOLATION at ${timeText(atUs)}: ${check}`;
  const lines = [headline, ...(crash === undefined ? [] : [crashText(crash, check)]), detail.replace(`${check}: `, '')];
  const sector = sectorOf(detail);
  if (sector === undefined) return [...lines, ...statesOf(run)];
  const numbers = [...detail.matchAll(/write (\d+)/g)].map(([, number]) => Number(number));
  return [...lines, ...numbers.map((number) => wayOf(number, sector, recorder)), ...heldNow(sector, run, crash)];
}

function crashText({ site, afterEffects, survival, again }: Crash, check: string): string {
  if (!check.startsWith('crash ')) return `seen when looking at ${site} after its effect ${afterEffects}`;
  const more =
    again === undefined
      ? ''
      : `, and once more after ${again.afterCommands} disk commands of coming back, ${survivalText(again.survival)}`;
  return `if the power of ${site} goes now, after its effect ${afterEffects}, ${survivalText(survival)}${more}, it comes back with:`;
}

function sectorOf(detail: string): Sector | undefined {
  const found = /volume (\d+),.* sector (\d+) /.exec(detail) ?? /volume (\d+), sector (\d+)/.exec(detail);
  if (found !== null) return { volume: Number(found[1]), lba: Number(found[2]) };
  const raw = /(?:primary|secondary)(\d+), sector (\d+)/.exec(detail);
  return raw === null ? undefined : { volume: Number(raw[1]), lba: Number(raw[2]) };
}

/** When a write was given and ended, and which disks its content of this sector came to. */
function wayOf(number: number, { volume, lba }: Sector, { writes, passages }: StoryRecorder): string {
  const story = writes.find(({ write }) => write.number === number);
  if (story === undefined) return `write ${number} was never given`;
  const { givenUs, endedUs, write } = story;
  const ended =
    endedUs === undefined ? 'not ended' : `${write.ended === 'good' ? 'GOOD' : 'failed'} ${timeText(endedUs)}`;
  const way = passages
    .filter((each) => each.number === number && each.volume === volume && each.lba === lba)
    .map(({ site, disk, sector, atUs }) => `${site} ${disk} sector ${sector} at ${timeText(atUs)}`);
  const where = way.length === 0 ? 'came to no disk' : `to ${[...new Set(way)].slice(0, placesMax).join(', ')}`;
  return `write ${number}: given ${timeText(givenUs)}, ${ended}; ${where}`;
}

/** All places of all disks that hold content of this sector, in the cache or on the medium. */
function heldNow({ volume, lba }: Sector, { bench }: PlanRun, crash: Crash | undefined): readonly string[] {
  return sites.flatMap((site) => {
    let seed = crash?.survival.seed ?? 0;
    return [...bench.disks(site)].flatMap(([name, disk]) => {
      const survival =
        crash?.site === site ? { ...crash.survival, seed } : { sectors: 'none' as const, torn: 'no' as const, seed: 0 };
      seed += 1;
      if (name === 'meta') return [];
      const after = disk.afterPowerCut(survival);
      return placesOf(name, { disk, after, lba, volume }).map((text) => `${site} ${name} ${text}`);
    });
  });
}

function placesOf(
  name: DiskName,
  { disk, after, lba, volume }: Sector & { readonly disk: FaultyDisk; readonly after: FaultyDisk },
): readonly string[] {
  const isHome = name === `primary${volume}` || name === `secondary${volume}`;
  const cached = new Map(heldIn(disk.peek(0, disk.sectors), 0).map((each) => [each.sector, each]));
  const durable = new Map(heldIn(after.peek(0, disk.sectors), 0).map((each) => [each.sector, each]));
  const texts: string[] = [];
  for (let sector = 0; sector < disk.sectors; sector += 1) {
    const isOurs = [cached.get(sector), durable.get(sector)].some(
      (each) => each !== undefined && each.number !== 0 && each.volume === volume && each.lba === lba,
    );
    if (!isOurs && !(isHome && sector === lba)) continue;
    const now = nameOf(cached.get(sector)?.number);
    const left = nameOf(durable.get(sector)?.number);
    texts.push(
      `sector ${sector}: ${now}${now === left ? ', durable' : `, not flushed; the medium would be left with ${left}`}`,
    );
  }
  return texts;
}

function nameOf(number: number | undefined): string {
  if (number === undefined) return 'other bytes';
  return number === 0 ? 'zeros' : `write ${number}`;
}

function statesOf(run: PlanRun): readonly string[] {
  const { main, sub } = run.bench;
  const { pairState, lastFrozen, committed, structured, transfer } = main.state;
  const sending = transfer === undefined ? '' : `, sending generation ${transfer.generation}`;
  return [
    `main: ${mainStateOf(main, run.isRunning('main'))}, ${pairState}; frozen ${lastFrozen}, committed ${committed}, structured ${structured}${sending}`,
    `sub: ${subStateOf(sub, run.isRunning('sub'))}; committed ${sub.replica.committed}, structured ${sub.replica.structured}`,
    ...sites.flatMap((site) => {
      const held = run.bench[site].inHand();
      return held.length === 0 ? [] : [`${site} has in hand: ${held.join(', ')}`];
    }),
  ];
}
