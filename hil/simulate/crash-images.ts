/**
 * What would be if the power went now: the disks of a site with some of their unflushed sectors, and a controller that
 * comes back on them, alone. It is held against the oracle when it runs, and again when it has done what it can.
 */
import type { DiskName } from '../../protocol/device.js';
import type { FaultyDisk } from './faulty-disk.js';
import type { Oracle } from './oracle.js';
import type { Owed } from './owed.js';
import type { Crash, Site } from './plan.js';
import { type DiskSet, newMain, newSub, type PlanBench } from './plan-bench.js';
import { recoverAlone } from './recover-alone.js';
import { NewestRecords, spoil } from './rot.js';

export interface CrashImagesOptions {
  readonly bench: PlanBench;
  readonly oracle: Oracle;
  readonly owed: Owed;
}

/** What happens besides the power cut. */
export interface MoreTrouble {
  readonly again?: Crash['again'] | undefined;
  /** The disk of which a byte has changed. */
  readonly spoilt?: DiskName | undefined;
}

export class CrashImages {
  readonly #options: CrashImagesOptions;
  /** Fingerprints of disks that have been looked at, with what was owed of them. */
  readonly #seen = new Set<string>();
  /** Where the newest records lie: whoever runs the plan tells. */
  readonly records = new NewestRecords();
  /** Crash images looked at, and those that had been seen before. */
  checked = 0;
  repeated = 0;

  constructor(options: CrashImagesOptions) {
    this.#options = options;
  }

  /** The power of a site goes now, with these survivors, and may go once more while it comes back. */
  look({ site, survival, again, rot }: Crash): void {
    const { bench } = this.#options;
    let { seed } = survival;
    const disks = new Map<DiskName, FaultyDisk>();
    for (const [name, disk] of bench.disks(site)) {
      disks.set(name, disk.afterPowerCut({ ...survival, seed }));
      seed += 1;
    }
    const spoilt = rot === undefined ? undefined : spoil(site, this.#checked(disks), this.records, rot.seed);
    if (rot === undefined || spoilt !== undefined) this.lookAt(site, disks, { again, spoilt });
  }

  /** A site comes back on these disks, which are used up by it. */
  lookAt(site: Site, disks: DiskSet, more: MoreTrouble = {}): void {
    const { bench, oracle } = this.#options;
    const { configuration } = bench.plan;
    if (site === 'main') {
      const { state: live } = bench.main;
      const main = newMain(configuration);
      this.#recover(site, disks, main, () => oracle.checkRecoveredMain(main, disks, live, more.spoilt), more);
    } else {
      const { state, replica } = bench.sub;
      const sub = newSub(configuration);
      this.#recover(
        site,
        disks,
        sub,
        () => oracle.checkRecoveredSub(sub, disks, { state, replica }, more.spoilt),
        more,
      );
    }
  }

  /** The disks whose content has a check: after a takeover the secondary area is what a host makes of it. */
  #checked(disks: DiskSet): DiskSet {
    const takesOver = this.#options.bench.plan.operations.some(({ kind }) => kind === 'takeover');
    return new Map(
      [...disks].filter(([name]) => !name.startsWith('primary') && !(takesOver && name.startsWith('second'))),
    );
  }

  #recover(
    site: Site,
    disks: DiskSet,
    controller: ReturnType<typeof newMain> | ReturnType<typeof newSub>,
    check: () => void,
    { again, spoilt }: MoreTrouble,
  ): void {
    const { oracle, owed } = this.#options;
    this.checked += 1;
    let commands = 0;
    const halted = recoverAlone(controller, disks, {
      running: check,
      commandEnded: () => {
        commands += 1;
        if (again === undefined || commands !== again.afterCommands) return;
        let { seed } = again.survival;
        const cut = new Map<DiskName, FaultyDisk>();
        for (const [name, disk] of disks) {
          cut.set(name, disk.afterPowerCut({ ...again.survival, seed }));
          seed += 1;
        }
        this.lookAt(site, cut);
      },
    });
    if (halted === undefined) check();
    else if (!owed.mayHalt(site) && spoilt !== 'meta')
      oracle.fail('crash halted', `${site}: ${halted.code}: ${halted.detail}`);
  }

  /** Whether these disks, under this key, have not been looked at; remembers them. */
  isNew(key: string): boolean {
    if (this.#seen.has(key)) {
      this.repeated += 1;
      return false;
    }
    this.#seen.add(key);
    return true;
  }
}
