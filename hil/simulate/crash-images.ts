/**
 * What would be if the power went now: the disks of a site with some of their unflushed sectors, and a controller that
 * comes back on them, alone. It is held against the oracle when it runs, and again when it has done what it can.
 */
import type { DiskName } from '../../protocol/device.js';
import type { FaultyDisk } from './faulty-disk.js';
import type { Oracle } from './oracle.js';
import type { Owed } from './owed.js';
import type { Site, Survival } from './plan.js';
import { type DiskSet, newMain, newSub, type PlanBench } from './plan-bench.js';
import { recoverAlone } from './recover-alone.js';

export interface CrashImagesOptions {
  readonly bench: PlanBench;
  readonly oracle: Oracle;
  readonly owed: Owed;
}

export class CrashImages {
  readonly #options: CrashImagesOptions;
  /** Fingerprints of disks that have been looked at, with what was owed of them. */
  readonly #seen = new Set<string>();
  /** Crash images looked at, and those that had been seen before. */
  checked = 0;
  repeated = 0;

  constructor(options: CrashImagesOptions) {
    this.#options = options;
  }

  /** The power of this site goes now, with these survivors. `again`: and once more while it comes back. */
  look(site: Site, survival: Survival, again?: { readonly afterCommands: number; readonly survival: Survival }): void {
    const { bench } = this.#options;
    let { seed } = survival;
    const disks = new Map<DiskName, FaultyDisk>();
    for (const [name, disk] of bench.disks(site)) {
      disks.set(name, disk.afterPowerCut({ ...survival, seed }));
      seed += 1;
    }
    this.lookAt(site, disks, again);
  }

  /** A site comes back on these disks, which are used up by it. */
  lookAt(site: Site, disks: DiskSet, again?: { readonly afterCommands: number; readonly survival: Survival }): void {
    const { bench, oracle } = this.#options;
    const { configuration } = bench.plan;
    if (site === 'main') {
      const { state: live } = bench.main;
      const main = newMain(configuration);
      this.#recover(site, disks, main, () => oracle.checkRecoveredMain(main, disks, live), again);
    } else {
      const { state, replica } = bench.sub;
      const sub = newSub(configuration);
      this.#recover(site, disks, sub, () => oracle.checkRecoveredSub(sub, disks, { state, replica }), again);
    }
  }

  #recover(
    site: Site,
    disks: DiskSet,
    controller: ReturnType<typeof newMain> | ReturnType<typeof newSub>,
    check: () => void,
    again?: { readonly afterCommands: number; readonly survival: Survival },
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
    else if (!owed.mayHalt(site)) oracle.fail('crash halted', `${site}: ${halted.code}: ${halted.detail}`);
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
