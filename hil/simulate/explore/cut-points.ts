/**
 * Everything that can happen to a run at its effects, as faults of its plan: power cuts of either site and of both with
 * what survives, and lines and power lost in the middle of each frame. Of cuts after which everything is the same only
 * the first is kept.
 *
 * A site alone is cut after its own effects only: between two of them it has told nobody anything and has begun nothing,
 * so a cut there leaves what one after the earlier leaves when all that was under way survives. Both are cut after the
 * effects of either.
 */
import { hash } from 'node:crypto';
import type { DiskName, PortName } from '../../../protocol/device.js';
import type { MediumCommand } from '../../../protocol/scsi/commands.js';
import type { Direction, Fault, LineName, Site } from '../plan.js';
import type { PlanRun, PlanWitness } from '../run-plan.js';
import type { ExploredRun } from './exhaustive-job.js';
import { partialFrames } from './partial-frames.js';
import { fingerprintsAfter, imagesPossible, plainSurvivals, survivals } from './survivals.js';

export interface CutPoint {
  readonly kind: 'power' | 'line' | 'frame and power';
  readonly faults: readonly Fault[];
  /** Points of smaller rank are run first. */
  readonly rank: number;
  /** Effects of each site when it happens. */
  readonly effects: Readonly<Record<Site, number>>;
}

export interface CutCounts {
  /** Effects of both sites, and frames and their bytes on all lines, between the first step and rest. */
  effects: number;
  frames: number;
  bytes: number;
  /** Power cuts: who × what survives, and those after which everything is as after another. */
  powerCuts: number;
  powerCutsRepeated: number;
  /** Different images that cuts of single sites may leave, and how many of them the classes of survival are. */
  images: number;
  imagesTaken: number;
}

type Device = Site | 'host' | 'subHost';

const lineOf: Readonly<Record<string, readonly [LineName, Direction]>> = {
  'host target': ['host', 'there'],
  'main host': ['host', 'back'],
  'main remote': ['remote', 'there'],
  'sub remote': ['remote', 'back'],
  'subHost target': ['subHost', 'there'],
  'sub host': ['subHost', 'back'],
};

/** Main as it was at its newest effect. */
interface MainMoment {
  readonly atUs: number;
  readonly effects: number;
  readonly after: readonly string[];
}

export class CutPoints implements PlanWitness {
  readonly points: CutPoint[] = [];
  readonly counts: CutCounts = {
    ...{ effects: 0, frames: 0, bytes: 0, powerCuts: 0, powerCutsRepeated: 0, images: 0, imagesTaken: 0 },
  };
  readonly #explored: ExploredRun;
  readonly #seen = new Set<string>();
  readonly #frameNumbers = new Map<string, number>();
  /** What each has sent, and begun on disks, so far: digests of all before and the last. */
  readonly #sent: Record<Device, string> = { main: '', sub: '', host: '', subHost: '' };
  readonly #begun: Record<Site, string> = { main: '', sub: '' };
  #run: PlanRun | undefined;
  #main: MainMoment | undefined;

  constructor(explored: ExploredRun) {
    this.#explored = explored;
  }

  began(run: PlanRun): void {
    this.#run = run;
  }

  commanded(atUs: number, site: Site, disk: DiskName, command: MediumCommand): void {
    const data = 'data' in command && command.data !== undefined ? hash('sha1', command.data, 'base64') : '';
    const text = JSON.stringify(command, (key, value) => (key === 'data' ? data : value));
    this.#begun[site] = chained(this.#begun[site], `${disk} ${text}`);
    this.#effect(atUs, site);
  }

  sent(atUs: number, device: string, port: PortName, frame: Uint8Array): void {
    const name = `${device} ${port}`;
    const number = (this.#frameNumbers.get(name) ?? 0) + 1;
    this.#frameNumbers.set(name, number);
    this.#sent[device as Device] = chained(this.#sent[device as Device], hash('sha1', frame, 'base64'));
    if (this.#isCut(atUs)) this.#frame(name, number, frame);
    if (device === 'main' || device === 'sub') this.#effect(atUs, device);
  }

  #isCut(atUs: number): boolean {
    const { firstStepUs, quietUs } = this.#explored;
    return atUs >= firstStepUs && atUs < quietUs;
  }

  #effect(atUs: number, site: Site): void {
    const run = this.#run;
    if (run === undefined) return;
    const { bench } = run;
    const effects = { ...bench.effects, [site]: bench.effects[site] + 1 };
    const after = fingerprintsAfter(bench.disks(site));
    if (site === 'main') this.#main = { atUs, effects: effects.main, after };
    if (!this.#isCut(atUs)) return;
    this.counts.effects += 1;
    this.counts.images += imagesPossible(bench.disks(site));
    this.counts.imagesTaken += new Set(after).size;
    for (const [index, survival] of survivals.entries()) {
      const power = { kind: 'power', afterEffects: effects[site], offUs: this.#offUs, survival } as const;
      const image = after[index] ?? '';
      this.#power(`${site} ${image} ${this.#others(run, site, atUs)}`, index, [{ ...power, who: site }], effects);
      this.#both({ atUs, site, index, image, effects }, run);
    }
  }

  /** Both lose their power: after an effect of the sub, main has lost it after its own last one, and stays away longer. */
  #both(
    cut: {
      readonly atUs: number;
      readonly site: Site;
      readonly index: number;
      readonly image: string;
      readonly effects: Readonly<Record<Site, number>>;
    },
    run: PlanRun,
  ): void {
    const { atUs, site, index, image, effects } = cut;
    const survival = survivals[index];
    if (survival === undefined || this.#main === undefined) return;
    const { bench, oracle } = run;
    const owed = `${oracle.key('main')} ${bench.host.outstanding} ${this.#stepsTaken(atUs)}`;
    const power = { kind: 'power', offUs: this.#offUs, survival } as const;
    if (site === 'main') {
      const other = fingerprintsAfter(bench.disks('sub'))[index];
      const faults = [{ ...power, who: 'both', afterEffects: effects.main } as const];
      this.#power(`both ${image} ${other} ${owed}`, index, faults, effects);
      return;
    }
    const { atUs: mainAtUs, effects: mainEffects, after } = this.#main;
    const offUs = this.#offUs + atUs - mainAtUs;
    this.#power(
      `both ${after[index]} ${image} ${owed}`,
      index,
      [
        { ...power, who: 'main', afterEffects: mainEffects, offUs },
        { ...power, who: 'sub', afterEffects: effects.sub },
      ],
      effects,
    );
  }

  get #offUs(): number {
    return this.#explored.setting.offUs;
  }

  #power(key: string, survival: number, faults: readonly Fault[], effects: CutPoint['effects']): void {
    this.counts.powerCuts += 1;
    if (this.#seen.has(key)) {
      this.counts.powerCutsRepeated += 1;
      return;
    }
    this.#seen.add(key);
    this.points.push({ kind: 'power', faults, rank: survival < plainSurvivals ? 0 : 2, effects });
  }

  /** All that goes on when a site has lost its power: what it has sent, and all that the others did. */
  #others({ oracle }: PlanRun, site: Site, atUs: number): string {
    const begun = this.#begun[site === 'main' ? 'sub' : 'main'];
    return [...Object.values(this.#sent), begun, this.#stepsTaken(atUs), oracle.key('main')].join(' ');
  }

  #stepsTaken(atUs: number): number {
    return this.#explored.plan.operations.filter((each) => each.atUs <= atUs).length;
  }

  #frame(name: string, frame: number, bytes: Uint8Array): void {
    const place = lineOf[name];
    const run = this.#run;
    if (place === undefined || run === undefined) return;
    this.counts.frames += 1;
    this.counts.bytes += bytes.length;
    const [line, direction] = place;
    const effects = { ...run.bench.effects };
    const on = { kind: 'line', line, direction, frame } as const;
    const lost = (at: number) => ({ ...on, effect: { kind: 'disconnect', at, us: this.#offUs } as const });
    // The line is lost somewhere within the frame, or right behind it: a second delimiter makes room for the cut.
    const behind = { ...on, effect: { kind: 'insertBytes', at: bytes.length - 1, hex: '00' } as const };
    this.points.push({ kind: 'line', faults: [lost(Math.floor(bytes.length / 2))], rank: 1, effects });
    this.points.push({ kind: 'line', faults: [behind, lost(bytes.length)], rank: 1, effects });
    const sender = name.split(' ')[0];
    if (sender !== 'main' && sender !== 'sub') return;
    const afterEffects = effects[sender] + 1;
    const survival = survivals[frame % plainSurvivals] ?? { sectors: 'none', torn: 'no', seed: 0 };
    const power = { kind: 'power', who: sender, afterEffects, offUs: this.#offUs, survival } as const;
    for (const at of [0, ...partialFrames(bytes).map(({ bytes: count }) => count)]) {
      const cutOff = { ...on, effect: { kind: 'overrun', at } as const };
      this.points.push({ kind: 'frame and power', faults: [cutOff, power], rank: 1, effects });
    }
  }
}

function chained(before: string, next: string): string {
  return hash('sha1', `${before}\n${next}`, 'base64');
}
