/**
 * Runs a plan in virtual time and holds the controllers against the oracle at every step. Synchronous; the same plan
 * gives the same result, trace hash included.
 */
import type { DeviceEvent, DiskName, PortName } from '../../protocol/device.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { Random } from '../random.js';
import { blocksChanged } from './blocks-changed.js';
import { type Coverage, faultClassOf, mainStateOf, placeOf, siteOf, subStateOf } from './coverage.js';
import { CrashImages } from './crash-images.js';
import { survivalOf } from './expand-disks.js';
import type { DeviceNote } from './kernel.js';
import { Liveness } from './liveness.js';
import { Oracle } from './oracle.js';
import { type Owed, owedTo } from './owed.js';
import type { Crash, Fault, Plan, Site } from './plan.js';
import { type DiskSet, PlanBench } from './plan-bench.js';
import { PlanHosts } from './plan-hosts.js';
import type { PlanHostsListener } from './plan-hosts-listener.js';
import { Trace } from './trace.js';
import { type BlockPlace, newestBlock, shownBlock } from './views.js';
import { type CheckName, Violation } from './violation.js';

export interface PlanRunOptions {
  /**
   * One in so many disk commands is followed by a look at what a power cut there would leave; 0: none. Else about 8. A
   * plan that names the one to look at is not asked.
   */
  readonly crashEvery?: number;
  /** Whether a check is on; all, unless told otherwise. */
  readonly checks?: (check: CheckName) => boolean;
  /** Nobody looks at disks and states, and no crash images are made: to measure what runs alone. */
  readonly unchecked?: boolean;
  /** Hash everything that happens. */
  readonly trace?: boolean;
  /** Events after which somebody runs in circles (check `bounded`); 3 million, unless told otherwise. */
  readonly stepsMax?: number;
  /** Is shown everything that happens, for a story. */
  readonly witness?: PlanWitness;
}

/** Sees a run as it happens. */
export interface PlanWitness {
  readonly hosts?: PlanHostsListener;
  began?(run: PlanRun): void;
  stepped?(atUs: number, device: string, event: DeviceEvent): void;
  commanded?(atUs: number, site: Site, disk: DiskName, command: MediumCommand): void;
  sent?(atUs: number, device: string, port: PortName, frame: Uint8Array): void;
  applied?(atUs: number, fault: Fault): void;
  noted?(note: DeviceNote): void;
  lostPower?(atUs: number, site: Site): void;
  powerOn?(atUs: number, site: Site): void;
}

export interface FoundViolation {
  readonly check: CheckName;
  readonly detail: string;
  readonly atUs: number;
  /** The look at a power cut that found it; the plan with this in it finds it again. */
  readonly crash?: Crash;
}

export interface PlanResult {
  readonly violation: FoundViolation | undefined;
  /** SHA-256 over everything that happened, in hex; empty when not asked for. */
  readonly traceHash: string;
  /** State of the generator at the end, in hex. */
  readonly generatorState: string;
  /** Events that the firmware and the hosts took. */
  readonly events: number;
  readonly virtualUs: number;
  readonly crashImages: number;
  readonly applied: number;
  readonly coverage: Coverage;
}

/** No plan of ours needs nearly as many: past it somebody runs in circles. */
const stepsDefaultMax = 3_000_000;
/** Events of one instant: past it time stands still. */
const stepsAtOnceMax = 20_000;
/** Checks that take no look. */
const withoutLooks: ReadonlySet<CheckName> = new Set(['alive', 'halted', 'bounded', 'broken']);
/** From the last operation to the healing of everything. */
const tailUs = 3_000_000;
const nothingSurvives = { sectors: 'none', torn: 'no', seed: 0 } as const;

export function runPlan(plan: Plan, options: PlanRunOptions = {}): PlanResult {
  return new PlanRun(plan, options).run();
}

export class PlanRun {
  readonly plan: Plan;
  readonly bench: PlanBench;
  readonly oracle: Oracle;
  readonly crashes: CrashImages;
  readonly hosts: PlanHosts;
  readonly coverage: Coverage = new Map();
  readonly owed: Owed;
  readonly #options: PlanRunOptions;
  readonly #random: Random;
  readonly #trace: Trace | undefined;
  readonly #running: Record<Site, boolean> = { main: false, sub: false };
  readonly #crashEvery: number;
  #applied = 0;
  /** A sector of one of main's disks has gone bad: what is written there is tried again and again. */
  #isBadAtMain = false;
  /** The look at a power cut that is being taken. */
  #crash: Crash | undefined;

  constructor(plan: Plan, options: PlanRunOptions = {}) {
    this.plan = plan;
    this.#options = options;
    this.#random = new Random(`${plan.seed}/run`);
    this.#trace = options.trace === true ? new Trace() : undefined;
    this.#crashEvery = options.crashEvery ?? 8;
    this.owed = owedTo(plan);
    const checks = options.unchecked === true ? (check: CheckName) => withoutLooks.has(check) : options.checks;
    this.oracle = new Oracle(plan.configuration, this.owed, checks);
    this.bench = new PlanBench(plan, {
      applied: (fault) => this.#faultApplied(fault),
      lostPower: (site) => this.#lostPower(site),
      poweringOn: (site, older) => this.#poweringOn(site, older),
      hostRefused: (host, { code, detail }) => {
        if (!plan.configuration.sealed) return;
        if (code === 'wrong-key' || code === 'key-unknown') this.oracle.fail('answer', `${host}: ${code}: ${detail}`);
      },
      toldStrange: (host, what) => this.oracle.fail('answer', `${host}: ${what}`),
    });
    this.hosts = new PlanHosts(this.bench, this.oracle, this.#hostsListener());
    this.crashes = new CrashImages({ bench: this.bench, oracle: this.oracle, owed: this.owed });
    this.#watch();
  }

  run(): PlanResult {
    const violation = this.#violation();
    const { kernel } = this.bench;
    return {
      violation,
      traceHash: this.#trace?.finish() ?? '',
      generatorState: this.#random.state,
      events: kernel.deviceSteps,
      virtualUs: kernel.nowUs,
      crashImages: this.crashes.checked,
      applied: this.#applied,
      coverage: this.coverage,
    };
  }

  /** Lets time pass. */
  advance(untilUs: number): void {
    const { kernel } = this.bench;
    const { stepsMax = stepsDefaultMax } = this.#options;
    let atUs = kernel.nowUs;
    for (let atOnce = 0; kernel.next(untilUs); atOnce += 1) {
      if (kernel.nowUs !== atUs) {
        atUs = kernel.nowUs;
        atOnce = 0;
      }
      if (atOnce > stepsAtOnceMax) this.oracle.fail('bounded', `${atOnce} events at one instant`);
      if (kernel.steps > stepsMax) this.oracle.fail('bounded', `${kernel.steps} events`);
    }
    kernel.advance(untilUs);
  }

  /** What a host is told is held against what is so; a witness has seen it by then. */
  #hostsListener(): PlanHostsListener {
    const { hosts } = this.#options.witness ?? {};
    return {
      ...hosts,
      answered: (site, answer) => {
        hosts?.answered?.(site, answer);
        if ('kind' in answer && answer.kind === 'waited' && answer.reason === 0)
          this.oracle.toldCommitted(answer.generation, this.bench.sub);
      },
    };
  }

  isRunning(site: Site): boolean {
    return this.#running[site];
  }

  #violation(): FoundViolation | undefined {
    try {
      this.#options.witness?.began?.(this);
      this.bench.start();
      this.#carryOutOperations();
      this.hosts.giveUpWaiting();
      this.bench.heal();
      new Liveness(this).run();
      return undefined;
    } catch (error) {
      const where = { atUs: this.bench.kernel.nowUs, ...(this.#crash === undefined ? {} : { crash: this.#crash }) };
      if (error instanceof Violation) return { check: error.check, detail: error.message, ...where };
      if (this.#options.checks?.('broken') === false) return undefined;
      return { check: 'broken', detail: describeError(error), ...where };
    }
  }

  #carryOutOperations(): void {
    const operations = [...this.plan.operations].sort((a, b) => a.atUs - b.atUs);
    for (const operation of operations) {
      this.advance(operation.atUs);
      this.hosts.carryOut(operation);
    }
    this.advance((operations.at(-1)?.atUs ?? 0) + tailUs);
  }

  #watch(): void {
    const { kernel } = this.bench;
    const { witness } = this.#options;
    kernel.watcher = {
      stepped: (device, event) => {
        this.#traced(device, event);
        witness?.stepped?.(kernel.nowUs, device, event);
        if (device === 'main' || device === 'sub') {
          this.#check(device, event);
          this.hosts.looked();
        }
      },
      commanded: (device, disk, command) => {
        const site = device as Site;
        this.#trace?.add(kernel.nowUs, `${site} ${disk} ${command.op}`, 'data' in command ? command.data : undefined);
        witness?.commanded?.(kernel.nowUs, site, disk, command);
        this.#commanded(site, disk, command);
      },
      sent: (device, port, frame) => {
        this.#trace?.add(kernel.nowUs, `${device} ${port}`, frame);
        witness?.sent?.(kernel.nowUs, device, port, frame);
        if (device === 'main' || device === 'sub') this.#countEffect(device);
      },
    };
    kernel.onNote = (note) => {
      this.#trace?.add(note.atUs, `${note.device} ${noteName(note)}`);
      witness?.noted?.(note);
      this.#noted(note);
    };
  }

  #traced(device: string, event: DeviceEvent): void {
    if (this.#trace === undefined) return;
    const bytes = event.kind === 'frame' ? event.bytes : undefined;
    this.#trace.add(this.bench.kernel.nowUs, `${device} ${event.kind}`, bytes);
  }

  #noted({ device, effect }: DeviceNote): void {
    if (effect.kind === 'halted') {
      this.#running[device as Site] = false;
      this.bench.halted(device as Site);
      if (!this.owed.mayHalt(device as Site)) {
        this.oracle.fail('halted', `${device}: ${effect.refusal.code}: ${effect.refusal.detail}`);
      }
    }
    if (effect.kind !== 'mark') return;
    if (effect.name === 'running') this.#cameUp(device as Site);
    if (effect.name === 'freezeTaken') this.oracle.freezeTaken();
  }

  #cameUp(site: Site): void {
    this.#running[site] = true;
    if (this.#options.unchecked === true) return;
    const disks = this.bench.disks(site);
    const durable = new Map([...disks].map(([name, disk]) => [name, disk.afterPowerCut(nothingSurvives)]));
    const { main, sub } = this.bench;
    const view = (on: DiskSet) => (place: BlockPlace) =>
      site === 'main' ? newestBlock(main.state, on, place) : shownBlock(sub.replica, on, place);
    this.oracle.checkSettled(site, view(disks), view(durable));
  }

  /** Only what disks hold, and what has become durable, can make a difference: other events need no look. */
  #check(site: Site, event: DeviceEvent): void {
    if (!this.#running[site] || event.kind === 'timer' || this.#options.unchecked === true) return;
    if (event.kind === 'frame' && !this.#touched[site]) return;
    this.#touched[site] = false;
    this.#checkNow(site);
  }

  readonly #touched: Record<Site, boolean> = { main: false, sub: false };

  #checkNow(site: Site): void {
    if (!this.#running[site]) return;
    if (site === 'main') this.oracle.checkMain(this.bench.main, this.bench.disks('main'));
    else this.oracle.checkSub(this.bench.sub, this.bench.disks('sub'));
    this.#checkBoth(site);
  }

  #checkBoth(site: Site): void {
    if (!this.#running.main || !this.#running.sub) return;
    const { main, sub } = this.bench;
    if (site === 'main') this.oracle.checkSent(main.state, sub.replica);
    else this.oracle.checkStaged(main.state, sub.replica, this.bench.disks('sub'));
  }

  #commanded(site: Site, disk: DiskName, command: MediumCommand): void {
    if (this.#options.unchecked !== true) this.#look(site, disk, command);
    this.#countEffect(site);
  }

  #look(site: Site, disk: DiskName, command: MediumCommand): void {
    this.#touched[site] = true;
    if (disk === 'meta') this.crashes.records.wrote(site, command, this.bench.disk(site, disk).sectors);
    if (site === 'sub') this.#holdEarly(disk, command);
    else if (disk.startsWith('primary')) this.#noteDrain(disk, command);
    const { crash } = this.plan;
    if (crash === undefined) this.#sampleCrash(site);
    else if (crash.site === site && crash.afterEffects === undefined) this.#lookAtCrash(site, crash);
  }

  #countEffect(site: Site): void {
    const { crash } = this.plan;
    if (crash?.site === site && crash.afterEffects === this.bench.effects[site] + 1) this.#lookAtCrash(site, crash);
    this.bench.countEffect(site);
  }

  #sampleCrash(site: Site): void {
    if (this.#crashEvery === 0 || !this.#running[site] || this.#random.below(this.#crashEvery) > 0) return;
    this.#lookAtCrash(site, drawCrash(site, this.#random));
  }

  #lookAtCrash(site: Site, crash: Crash): void {
    if (!this.#running[site] || this.#options.unchecked === true) return;
    this.#crash = { ...crash, afterEffects: this.bench.effects[site] + 1 };
    this.#checkNow(site);
    this.crashes.look(crash);
    this.#crash = undefined;
  }

  /** Nothing reaches the secondary area before the commit of its image is durable, or a host writes after a takeover. */
  #holdEarly(disk: DiskName, command: MediumCommand): void {
    const { state, replica } = this.bench.sub;
    if (!disk.startsWith('secondary') || state.takenOver) return;
    const volume = Number(disk.slice('secondary'.length));
    for (const { first, count } of blocksChanged(command, this.plan.configuration.blockBytes)) {
      for (let block = first; block < first + count; block += 1) {
        if (!replica.volume(volume).overlay.has(block)) {
          this.oracle.fail('early', `volume ${volume}, block ${block} is written and not committed`);
        }
      }
    }
  }

  #noteDrain(disk: DiskName, command: MediumCommand): void {
    // Where the records of main lie nothing is looked at often enough to say what was disturbed.
    if (!this.owed.hostData) return;
    const volume = Number(disk.slice('primary'.length));
    // What has been retired by now is not what this writes.
    if (this.#running.main) this.oracle.drains.look(this.bench.main.state);
    if (this.#isBadAtMain) this.oracle.drains.disturbed();
    for (const { first, count } of blocksChanged(command, this.plan.configuration.blockBytes)) {
      this.oracle.drains.written(volume, first, count);
    }
  }

  #faultApplied(fault: Fault): void {
    this.#applied += 1;
    const { main, sub, kernel } = this.bench;
    if (fault.kind === 'disk') this.oracle.drains.disturbed();
    if (fault.kind === 'disk' && fault.site === 'main' && fault.effect.kind === 'sticky') this.#isBadAtMain = true;
    const site = siteOf(fault);
    // A power cut is told when the power has gone: what counts is what was going on before.
    const on = kernel.isOn(site) || fault.kind === 'power';
    const state = site === 'main' ? mainStateOf(main, on) : subStateOf(sub, on);
    const key = `${faultClassOf(fault)} × ${site} ${state} × ${placeOf(fault)}`;
    this.coverage.set(key, (this.coverage.get(key) ?? 0) + 1);
    this.#options.witness?.applied?.(kernel.nowUs, fault);
  }

  #lostPower(site: Site): void {
    this.#running[site] = false;
    this.oracle.lostPower(site);
    this.crashes.records.lostPower(site);
    if (site === 'main') this.oracle.drains.disturbed();
    this.#options.witness?.lostPower?.(this.bench.kernel.nowUs, site);
  }

  #poweringOn(site: Site, older: boolean): void {
    if (older) this.oracle.cameBackOlder(site);
    this.#trace?.add(this.bench.kernel.nowUs, `${site} power on`);
    this.#options.witness?.powerOn?.(this.bench.kernel.nowUs, site);
  }
}

function drawCrash(site: Site, random: Random): Crash {
  const seed = random.u32();
  switch (random.below(5)) {
    case 0:
      return { site, survival: { sectors: 'all', torn: 'no', seed }, rot: { seed } };
    case 1: {
      const again = { afterCommands: 1 + random.below(24), survival: survivalOf(random) };
      return { site, survival: survivalOf(random), again };
    }
    default:
      return { site, survival: survivalOf(random) };
  }
}

function noteName({ effect }: DeviceNote): string {
  return effect.kind === 'mark' ? effect.name : effect.kind;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const where = error.stack?.split('\n').find((line) => line.includes('    at ')) ?? '';
  return `${error.message} ${where.trim().replace(/\(?file:.*\/dist\//, '(')}`;
}
