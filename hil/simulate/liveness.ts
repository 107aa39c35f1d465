/**
 * The end of a run: everything is healthy again, and within a stated virtual time both sides have to come to rest with
 * the newest data structured at the sub, byte for byte in the raw areas, and no slot lost.
 */
import type { DiskName } from '../../protocol/device.js';
import { sectorBytes } from '../../protocol/ids.js';
import type { Plan, Site } from './plan.js';
import type { PlanRun } from './run-plan.js';
import { faultOfSector, type Truth } from './truth.js';

/** Virtual time from the healing of everything until the newest generation has to be structured. */
export const liveWithinUs = 240_000_000;
const lookEveryUs = 20_000;
const patienceUs = 200_000;
/** Virtual time from the end of all work until nobody holds on to anything: a snapshot on a slow disk takes seconds. */
const restWithinUs = 30_000_000;

type Step = 'done' | 'go on';

export class Liveness {
  readonly #run: PlanRun;
  #instructed = false;
  #rewritten = false;
  #generation: number | undefined;
  #what = 'nothing';

  constructor(run: PlanRun) {
    this.#run = run;
  }

  run(): void {
    const { owed, bench } = this.#run;
    if (!owed.alive) return;
    const untilUs = bench.kernel.nowUs + liveWithinUs;
    while (this.#step() !== 'done') {
      if (bench.kernel.nowUs > untilUs) {
        this.#run.oracle.fail('alive', `${liveWithinUs / 1e6} s after everything was healed: waits for ${this.#what}`);
        return;
      }
      this.#run.advance(bench.kernel.nowUs + lookEveryUs);
    }
    this.#final();
  }

  #step(): Step {
    const { bench, hosts } = this.#run;
    const { state: main } = bench.main;
    const { state: sub, replica } = bench.sub;
    if (!this.#run.isRunning('main') || !this.#run.isRunning('sub')) return this.#waitFor('both to run');
    if (this.#instructed) return this.#waitFor(this.#what);
    if (sub.takenOver || main.takenOver || main.failingBack) return this.#giveBack();
    if (main.pairState === 'PSUE' || main.pairState === 'PSUS') return this.#instruct('resync');
    if (main.transfer !== undefined) return this.#waitFor(`the transfer of generation ${main.transfer.generation}`);
    if (!hosts.quiet) return this.#waitFor('the hosts’ commands to end');
    if (this.#generation === undefined) return this.#freeze();
    if (main.failures.has(this.#generation)) return this.#freezeAgain();
    // An image that the sub could not structure is mended by the next one, which is a full copy.
    if (main.fullNeeded && main.committed >= this.#generation) return this.#freezeAgain();
    if (replica.structured < this.#generation || main.structured < this.#generation) {
      return this.#waitFor(`generation ${this.#generation} to be structured`);
    }
    const left = main.volumes.some(({ deferred, before }) => deferred.size + before.size > 0);
    return left ? this.#waitFor('deferred writes to drain') : 'done';
  }

  #giveBack(): Step {
    const { bench, hosts, owed } = this.#run;
    const { state } = bench.sub;
    if (state.failback !== undefined) return this.#waitFor('the failback to end');
    if (!state.takenOver) return this.#waitFor('main to hear of the end of the failback');
    if (owed.rewrites && !hosts.quiet) return this.#waitFor('the hosts’ commands to end');
    if (owed.rewrites && !this.#rewritten) {
      this.#rewritten = true;
      hosts.rewrite();
      return this.#waitFor('all to be written again');
    }
    return this.#instruct('failback');
  }

  #instruct(kind: 'resync' | 'failback'): Step {
    this.#instructed = true;
    this.#what = `the answer to ${kind}`;
    const { kernel } = this.#run.bench;
    // What is refused is not asked for again at once.
    const then = () => kernel.at(kernel.nowUs + patienceUs, () => (this.#instructed = false));
    if (kind === 'resync') this.#run.hosts.instruct('main', { kind }, then);
    else this.#run.hosts.instruct('sub', { kind, discard: true }, then);
    return 'go on';
  }

  #freeze(): Step {
    this.#instructed = true;
    this.#what = 'the answer to freeze';
    this.#run.hosts.freeze((generation) => {
      this.#instructed = false;
      this.#generation = generation;
    });
    return 'go on';
  }

  #freezeAgain(): Step {
    this.#generation = undefined;
    return 'go on';
  }

  #waitFor(what: string): Step {
    this.#what = what;
    return 'go on';
  }

  #final(): void {
    const { bench, oracle } = this.#run;
    // What the host does not do any more cannot change anything: some time for slots to come free.
    this.#run.advance(bench.kernel.nowUs + 1_000_000 + slowestUs(this.#run.plan));
    const untilUs = bench.kernel.nowUs + restWithinUs;
    const isAtRest = () => bench.main.inHand().length === 0 && bench.sub.inHand().length === 0;
    while (!isAtRest() && bench.kernel.nowUs < untilUs) this.#run.advance(bench.kernel.nowUs + lookEveryUs);
    for (const site of ['main', 'sub'] as const) {
      const held = bench[site].inHand();
      if (held.length > 0) oracle.fail('final', `${site} is at rest and holds on to ${held.join(', ')}`);
    }
    const [unanswered] = this.#run.hosts.unansweredUpTo(bench.sub.replica.structured);
    if (unanswered !== undefined) oracle.fail('final', `${unanswered} has no answer`);
    const { volumeSectors } = this.#run.plan.configuration;
    const image = oracle.shownTruth;
    for (const volume of volumeSectors.keys()) {
      this.#holdRaw(`primary${volume}`, volume, oracle.mainTruth);
      if (image !== undefined) this.#holdRaw(`secondary${volume}`, volume, image);
      this.#holdSame(volume);
    }
    for (const site of ['main', 'sub'] as const) {
      this.#run.hosts.instruct(site, { kind: 'getStatus' }, (answer) => {
        if (answer?.kind !== 'status' || answer.shadowSlots === answer.shadowSlotsFree) return;
        const lost = answer.shadowSlots - answer.shadowSlotsFree;
        oracle.fail('final', `${site} has lost ${lost} of ${answer.shadowSlots} slots`);
      });
    }
    this.#run.advance(bench.kernel.nowUs + 10_000_000);
  }

  /** Nothing was written since the last freeze: what the truth leaves open is the same on both sides. */
  #holdSame(volume: number): void {
    const { oracle, owed } = this.#run;
    const [primary, secondary] = [`primary${volume}`, `secondary${volume}`] as const;
    if (owed.mayBeCorrupt('main', primary) || owed.mayBeCorrupt('sub', secondary)) return;
    const [held, shown] = [this.#raw('main', primary, volume), this.#raw('sub', secondary, volume)];
    for (let at = 0; at < held.length; at += sectorBytes) {
      if (held.compare(shown, at, at + sectorBytes, at, at + sectorBytes) === 0) continue;
      oracle.fail(
        'final',
        `sector ${at / sectorBytes} of volume ${volume} is one thing at main and another at the sub`,
      );
    }
  }

  /** What is on the medium of the part of a volume that is touched. */
  #raw(site: Site, name: DiskName, volume: number): Buffer {
    const disk = this.#run.bench.disk(site, name).afterPowerCut({ sectors: 'none', torn: 'no', seed: 0 });
    const seen = disk.peek(0, this.#run.plan.configuration.volumeSectors[volume] ?? 0);
    return Buffer.from(seen.buffer, seen.byteOffset, seen.byteLength);
  }

  /** The raw area on its medium, as a file would be. */
  #holdRaw(name: `primary${number}` | `secondary${number}`, volume: number, truth: Truth): void {
    const { oracle, owed } = this.#run;
    const site = name.startsWith('primary') ? 'main' : 'sub';
    if (owed.mayBeCorrupt(site, name)) return;
    const bytes = this.#raw(site, name, volume);
    for (let lba = 0; lba < bytes.length / sectorBytes; lba += 1) {
      const fault = faultOfSector(truth, bytes, lba * sectorBytes, { volume, lba });
      if (fault !== undefined) oracle.fail('final', `${name}, sector ${lba} ${fault}`);
    }
  }
}

/** The longest that a command was held up: it may have begun just before everything was healed. */
function slowestUs({ faults }: Plan): number {
  return faults.reduce(
    (most, each) => (each.kind === 'disk' && each.effect.kind === 'slow' ? Math.max(most, each.effect.us) : most),
    0,
  );
}
