/**
 * The bench of a plan: controllers, disks, lines and hosts in virtual time, with the plan's faults in their places.
 * Checks nothing; `PlanRun` does.
 */
import { createHash } from 'node:crypto';
import { encodeStamp } from '../../firmware-sim/controller/area-stamp.js';
import { metaBytesMin } from '../../firmware-sim/controller/controller.js';
import { MainController } from '../../firmware-sim/main/main-controller.js';
import { SubController } from '../../firmware-sim/sub/sub-controller.js';
import type { DiskName } from '../../protocol/device.js';
import { sectorBytes } from '../../protocol/ids.js';
import type { Refusal } from '../../protocol/refusals.js';
import { Random } from '../random.js';
import { FaultyDisk, type FaultyDiskTimes } from './faulty-disk.js';
import { FaultyWire } from './faulty-wire.js';
import { Kernel, type SimulatedLine } from './kernel.js';
import {
  type Configuration,
  counterOf,
  type DiskFaultPlan,
  type Fault,
  type FaultByEffect,
  type HostFault,
  type HostName,
  hosts,
  type LineName,
  type Plan,
  type PowerFault,
  type Site,
  type Survival,
} from './plan.js';
import { SimulatedHost } from './simulated-host.js';

export interface PlanBenchListener {
  /** A fault has found its place and did something there. */
  applied(fault: Fault): void;
  /** A site has lost its power, just now. */
  lostPower(site: Site): void;
  /** A site is about to come back; `older`: with disks of before. */
  poweringOn(site: Site, older: boolean): void;
  hostRefused(host: HostName, refusal: Refusal): void;
  /** A host was told what nobody may be told. */
  toldStrange(host: HostName, what: string): void;
}

/** With which disks a site comes back. */
type Before = Pick<PowerFault, 'olderDisks' | 'olderEffects' | 'foreignArea'>;

export type DiskSet = ReadonlyMap<DiskName, FaultyDisk>;

/** Until somebody gives a controller its own area back that has refused another pair's. */
const exchangeUs = 300_000;
const noSurvivors: Survival = { sectors: 'none', torn: 'no', seed: 0 };
/** How many sets of disks are kept for coming back with older ones. */
const snapshotsMax = 8;
/** One moment in so many effects is kept, and so many of them. */
const momentEffects = 4;
const momentsMax = 32;

export class PlanBench {
  readonly kernel = new Kernel();
  readonly plan: Plan;
  readonly main: MainController;
  readonly sub: SubController;
  readonly host: SimulatedHost;
  readonly subHost: SimulatedHost;
  readonly lines: Readonly<Record<LineName, SimulatedLine>>;
  /** Effects so far: disk commands that have begun and frames that were put on a line. */
  readonly effects: Record<Site, number> = { main: 0, sub: 0 };
  readonly #listener: PlanBenchListener;
  readonly #disks: Record<Site, Map<DiskName, FaultyDisk>> = { main: new Map(), sub: new Map() };
  readonly #byEffect: Record<Site, Map<number, FaultByEffect[]>> = { main: new Map(), sub: new Map() };
  /** The disks of each site as they were at each power on. */
  readonly #snapshots: Record<Site, DiskSet[]> = { main: [], sub: [] };
  /** The disks of each site as they were at some moments of its work. */
  readonly #moments: Record<Site, { readonly effects: number; readonly disks: DiskSet }[]> = { main: [], sub: [] };
  readonly #keepsMoments: boolean;
  /** Controllers that have stopped for good: they need somebody to switch them off and on. */
  readonly #halted = new Set<Site>();
  /** Areas of this pair that others lie in the place of. */
  readonly #exchanged: Record<Site, Map<DiskName, FaultyDisk>> = { main: new Map(), sub: new Map() };
  #powerOns = 0;
  #healed = false;

  constructor(plan: Plan, listener: PlanBenchListener) {
    this.plan = plan;
    this.#listener = listener;
    this.#keepsMoments = plan.faults.some((each) => 'olderEffects' in each);
    const { configuration } = plan;
    this.main = newMain(configuration);
    this.sub = newSub(configuration);
    this.#makeDisks();
    this.#indexFaults();
    this.host = this.#client('host');
    this.subHost = this.#client('subHost');
    this.kernel.add('main', this.main, this.#disks.main);
    this.kernel.add('sub', this.sub, this.#disks.sub);
    this.kernel.add('host', this.host);
    this.kernel.add('subHost', this.subHost);
    const { hostLine, remoteLine } = configuration;
    this.lines = {
      host: this.#connect('host', ['host', 'target'], ['main', 'host'], hostLine),
      remote: this.#connect('remote', ['main', 'remote'], ['sub', 'remote'], remoteLine),
      subHost: this.#connect('subHost', ['subHost', 'target'], ['sub', 'host'], hostLine),
    };
  }

  /** Powers everything on. Whoever watches has to have taken its place in the kernel before. */
  start(): void {
    for (const site of ['main', 'sub'] as const) this.#powerOn(site);
    for (const name of hosts) this.kernel.powerOn(name, this.#entropy(name));
    for (const fault of this.plan.faults)
      if (fault.kind === 'host') this.kernel.at(fault.atUs, () => this.#endHost(fault));
  }

  disks(site: Site): DiskSet {
    return this.#disks[site];
  }

  disk(site: Site, name: DiskName): FaultyDisk {
    const disk = this.#disks[site].get(name);
    if (disk === undefined) throw new RangeError(`${site} has no disk ${name}`);
    return disk;
  }

  controller(site: Site): MainController | SubController {
    return site === 'main' ? this.main : this.sub;
  }

  /** To be called after each effect of a site: cuts power and pauses where the plan says so. */
  countEffect(site: Site): void {
    this.effects[site] += 1;
    this.#keepMoment(site);
    const faults = this.#healed ? undefined : this.#byEffect[site].get(this.effects[site]);
    if (faults === undefined) return;
    for (const fault of faults) {
      if (fault.kind === 'power') this.#cutPower(fault);
      else this.#pause(fault);
    }
  }

  halted(site: Site): void {
    this.#halted.add(site);
    // Somebody sees what it says, and puts its own area back.
    if (this.#exchanged[site].size > 0) {
      this.kernel.at(this.kernel.nowUs + exchangeUs, () => {
        if (this.#halted.has(site)) this.#switchOffAndOn(site);
      });
    }
  }

  /** No more faults: everything on, up, and healthy. */
  heal(): void {
    this.#healed = true;
    for (const line of Object.values(this.lines)) this.kernel.restore(line);
    for (const name of hosts) if (!this.kernel.isOn(name)) this.kernel.powerOn(name, this.#entropy(name));
    for (const site of ['main', 'sub'] as const) {
      for (const disks of [this.#disks[site], this.#exchanged[site]]) for (const disk of disks.values()) disk.heal();
      if (this.#halted.has(site) || this.#exchanged[site].size > 0) this.cutPower(site, noSurvivors);
      if (!this.kernel.isOn(site)) this.#powerOn(site);
    }
  }

  #switchOffAndOn(site: Site): void {
    this.cutPower(site, noSurvivors);
    this.#powerOn(site);
  }

  #cutPower(fault: PowerFault): void {
    const who = fault.who === 'both' ? (['main', 'sub'] as const) : [fault.who];
    const cut = who.filter((site) => this.kernel.isOn(site));
    if (cut.length === 0) return;
    for (const site of cut) {
      if (fault.disksStayOn) this.#restart(site);
      else this.cutPower(site, fault.survival);
    }
    this.#listener.applied(fault);
    this.kernel.at(this.kernel.nowUs + fault.offUs, () => {
      for (const site of cut) if (!this.kernel.isOn(site)) this.#powerOn(site, fault);
    });
  }

  /** The power of a site goes now. */
  cutPower(site: Site, survival: Survival): void {
    // With their survivors; the kernel's own cut then finds nothing left to lose.
    let seed = survival.seed;
    for (const disk of this.#disks[site].values()) {
      disk.powerCut({ ...survival, seed });
      seed += 1;
    }
    this.kernel.powerCut(site);
    this.#halted.delete(site);
    this.#listener.lostPower(site);
  }

  /** The controller alone goes; its disks stay as they are. */
  #restart(site: Site): void {
    for (const disk of this.#disks[site].values()) disk.forgetCommands();
    this.kernel.switchOff(site);
    this.#halted.delete(site);
    this.#listener.lostPower(site);
  }

  /** The disks of a site at a moment, while they work: somebody may come back with them. */
  #keepMoment(site: Site): void {
    if (this.effects[site] % momentEffects !== 0 || !this.#keepsMoments) return;
    const moments = this.#moments[site];
    moments.push({ effects: this.effects[site], disks: this.#cloneDisks(site) });
    if (moments.length > momentsMax) moments.shift();
  }

  #diskSetOf(site: Site, { olderDisks, olderEffects }: Before): DiskSet | undefined {
    if (olderDisks !== undefined) return this.#snapshots[site][olderDisks - 1];
    if (olderEffects === undefined) return undefined;
    const found = this.#moments[site].findLast(({ effects }) => effects <= this.effects[site] - olderEffects);
    return found && new Map([...found.disks].map(([name, disk]) => [name, disk.afterPowerCut(noSurvivors)]));
  }

  /** Of the site's own disks: one of another pair does not come back with them. */
  #cloneDisks(site: Site): DiskSet {
    const own = (name: DiskName, disk: FaultyDisk) => this.#exchanged[site].get(name) ?? disk;
    return new Map([...this.#disks[site]].map(([name, disk]) => [name, own(name, disk).clone()]));
  }

  #powerOn(site: Site, fault: Before = {}): void {
    const { foreignArea } = fault;
    const before = this.#diskSetOf(site, fault);
    this.#putBack(site);
    if (before !== undefined) {
      for (const [name, disk] of before) this.#disks[site].set(name, disk.clone());
      this.kernel.replaceDisks(site, this.#disks[site]);
    }
    if (this.#snapshots[site].length < snapshotsMax && this.plan.faults.some((each) => 'olderDisks' in each)) {
      this.#snapshots[site].push(this.#cloneDisks(site));
    }
    if (foreignArea !== undefined) this.#exchange(site, foreignArea as DiskName);
    this.#listener.poweringOn(site, before !== undefined);
    this.kernel.powerOn(site, this.#entropy(site));
  }

  /** What another pair has in this place: as large, and used for another volume's blocks. */
  #exchange(site: Site, name: DiskName): void {
    const own = this.#disks[site].get(name);
    if (own === undefined) return;
    const { blockBytes } = this.plan.configuration;
    const bytes = own.sectors * sectorBytes;
    const other = new FaultyDisk({ bytes, times: this.#timesOf(name), faults: [], applied: () => {} });
    const place = name.startsWith('shadow') ? 'shadow' : 'staging';
    const stamp = encodeStamp({
      pair: this.#entropy(`pair of ${name}`).subarray(0, 16),
      place,
      volume: Number(name.at(-1)),
    });
    const content = Buffer.alloc(bytes - blockBytes, 'another');
    const writes = [
      { offset: 0, data: content },
      { offset: content.length, data: stamp },
    ];
    other.store.apply({ writes, punches: [] });
    this.#exchanged[site].set(name, own);
    this.#disks[site].set(name, other);
    this.kernel.replaceDisks(site, this.#disks[site]);
  }

  #putBack(site: Site): void {
    if (this.#exchanged[site].size === 0) return;
    for (const [name, own] of this.#exchanged[site]) this.#disks[site].set(name, own);
    this.#exchanged[site].clear();
    this.kernel.replaceDisks(site, this.#disks[site]);
  }

  #pause(fault: Extract<Fault, { kind: 'pause' }>): void {
    this.kernel.pause(fault.who, fault.us);
    this.#listener.applied(fault);
  }

  /** At once: nothing of the process that ends is left when the next one comes. */
  #endHost(fault: HostFault): void {
    const { who, offUs, knows = false, heard = false } = fault;
    if (this.#healed || !this.kernel.isOn(who)) return;
    this.kernel.switchOff(who);
    this[who].replace(this.#entropy(who), knows);
    this.#listener.applied(fault);
    if (heard) this.#disconnect(() => this.lines[who], this.kernel.nowUs, offUs);
    this.kernel.at(this.kernel.nowUs + offUs, () => {
      if (!this.kernel.isOn(who)) this.kernel.powerOn(who, this.#entropy(who));
    });
  }

  #makeDisks(): void {
    const { volumeSectors, blockBytes, shadowBlocks, stagingBlocks, untouchedSectors = 0 } = this.plan.configuration;
    this.#addDisk('main', 'meta', metaBytesMin);
    this.#addDisk('sub', 'meta', metaBytesMin);
    for (const [volume, sectors] of volumeSectors.entries()) {
      const volumeBytes = (sectors + untouchedSectors) * sectorBytes;
      this.#addDisk('main', `primary${volume}`, volumeBytes);
      // One slot more: the last one holds the stamp of the area.
      this.#addDisk('main', `shadow${volume}`, (shadowBlocks + 1) * blockBytes);
      this.#addDisk('sub', `staging${volume}`, (stagingBlocks + 1) * blockBytes);
      this.#addDisk('sub', `secondary${volume}`, volumeBytes);
      if (this.plan.configuration.secondaryUsed) this.#use(`secondary${volume}`, sectors * sectorBytes);
    }
  }

  /** What somebody else had on it. */
  #use(name: DiskName, bytes: number): void {
    this.disk('sub', name).store.apply({ writes: [{ offset: 0, data: Buffer.alloc(bytes, 'used') }], punches: [] });
  }

  #addDisk(site: Site, name: DiskName, bytes: number): void {
    const times = this.#timesOf(name);
    const faults = this.plan.faults.filter((each) => each.kind === 'disk' && each.site === site && each.disk === name);
    this.#disks[site].set(
      name,
      new FaultyDisk({
        bytes,
        times,
        faults: faults as Extract<Fault, { kind: 'disk' }>[],
        applied: (fault) => this.#diskFaultApplied(fault),
      }),
    );
  }

  #timesOf(name: DiskName): FaultyDiskTimes {
    const { slow, ...usual } = this.plan.configuration.disks;
    const slowerUs = slow !== undefined && name.startsWith(slow.disk) ? slow.us : 0;
    return { ...usual, accessUs: usual.accessUs + slowerUs, flushUs: usual.flushUs + slowerUs };
  }

  #diskFaultApplied(fault: DiskFaultPlan): void {
    this.#listener.applied(fault);
    const { effect } = fault;
    if (effect.kind !== 'slow') return;
    if (effect.cutsLineUs !== undefined)
      this.#disconnect(() => this.lines.remote, this.kernel.nowUs, effect.cutsLineUs);
    if (effect.restarts === undefined) return;
    const restart = { who: effect.restarts, offUs: 1, survival: noSurvivors, disksStayOn: true } as const;
    this.kernel.at(this.kernel.nowUs, () => this.#cutPower({ kind: 'power', afterEffects: 1, ...restart }));
  }

  #indexFaults(): void {
    for (const fault of this.plan.faults) {
      if (!('afterEffects' in fault)) continue;
      const index = this.#byEffect[counterOf(fault)];
      index.set(fault.afterEffects, [...(index.get(fault.afterEffects) ?? []), fault]);
    }
  }

  #client(name: HostName): SimulatedHost {
    const { sealed, framePayloadMax } = this.plan.configuration;
    return new SimulatedHost({
      entropy: this.#entropy(name),
      framePayloadMax,
      key: sealed ? planKey : undefined,
      soon: (action) => {
        this.kernel.at(this.kernel.nowUs, action);
      },
      poke: () => this.kernel.poke(name),
      onRefused: (refusal) => this.#listener.hostRefused(name, refusal),
      onStrange: (what) => this.#listener.toldStrange(name, what),
    });
  }

  #connect(
    name: LineName,
    a: readonly [HostName | 'main', 'target' | 'remote'],
    b: readonly ['main' | 'sub', 'host' | 'remote'],
    { baud, latencyUs }: Configuration['hostLine'],
  ): SimulatedLine {
    const line: SimulatedLine = this.kernel.connect(a, b, {
      ...(baud === 0 ? {} : { baud }),
      ...{ latencyUs, bitErrorRate: 0, dropRate: 0, random: new Random(`${this.plan.seed}/${name}`) },
      around: (wire, direction) => {
        const faults = this.plan.faults.filter(
          (each) => each.kind === 'line' && each.line === name && each.direction === direction,
        );
        if (faults.length === 0) return wire;
        return new FaultyWire(wire, faults as Extract<Fault, { kind: 'line' }>[], {
          disconnect: (atUs, forUs) => this.#disconnect(() => line, atUs, forUs),
          applied: (fault) => this.#listener.applied(fault),
        });
      },
    });
    return line;
  }

  #disconnect(line: () => SimulatedLine, atUs: number, forUs: number): void {
    if (this.#healed) return;
    this.kernel.at(atUs, () => {
      if (!this.#healed) this.kernel.cut(line());
    });
    this.kernel.at(atUs + forUs, () => this.kernel.restore(line()));
  }

  /** Fresh at each power on, and the same in each run of a plan. */
  #entropy(name: string): Uint8Array {
    this.#powerOns += 1;
    return createHash('sha256').update(`${this.plan.seed}/${name}/${this.#powerOns}`).digest();
  }
}

/** The key of sealed plans: the same everywhere, so that a plan holds no secret. */
export const planKey = createHash('sha256').update('coldframe plan').digest();

export function newMain(configuration: Configuration): MainController {
  const { method, hostStallUs } = configuration;
  return new MainController({ ...shapeOf(configuration, 'main'), method, hostStallUsMax: hostStallUs });
}

export function newSub(configuration: Configuration): SubController {
  return new SubController(shapeOf(configuration, 'sub'));
}

function shapeOf(configuration: Configuration, site: Site) {
  const {
    sealed,
    windows,
    heldRuns = false,
    framePayloadMax,
    journalGrowthBytes,
    journalBatchBytes,
    blockBytes,
    volumeSectors,
  } = configuration;
  const host = { framePayloadMax, ...(sealed ? { key: planKey } : {}) };
  const remote = { ...host, windowBits: windows?.[site] ?? 0, heldRuns };
  const volumeCount = volumeSectors.length;
  return {
    ...{ host, remote, blockBytes, volumeCount, journalGrowthBytesMin: journalGrowthBytes },
    ...(journalBatchBytes === undefined ? {} : { journalBatchBytesMax: journalBatchBytes }),
  };
}
