/**
 * A site that comes back alone on everything that a power cut may leave of its disks, and again on everything that a
 * second one leaves after each disk command of that. What has been seen before is not looked at again.
 */
import { hash } from 'node:crypto';
import type { MainState } from '../../../firmware-sim/main/main-state.js';
import type { Site, Survival } from '../plan.js';
import { type DiskSet, newMain, newSub } from '../plan-bench.js';
import { recoverAlone } from '../recover-alone.js';
import type { PlanRun } from '../run-plan.js';
import { type CheckName, Violation } from '../violation.js';
import { fingerprintOf, siteCuts } from './site-cuts.js';
import { survivalLeaving } from './survivals.js';

/** Where in the space something was found. */
export interface AloneAddress {
  readonly site: Site;
  /** The power goes right after this effect of the site; what of its sectors at risk is there. */
  readonly afterEffects: number;
  readonly sectors: string;
  /** And again, after so many disk commands of its coming back have begun. */
  readonly again?: readonly { readonly afterCommands: number; readonly sectors: string }[];
}

export interface AloneFinding {
  readonly check: CheckName;
  readonly detail: string;
  readonly at: AloneAddress;
  /** What a plan says of this cut, where one of its draws leaves the same; never of second ones. To be asked at once. */
  survival(): Survival | undefined;
}

/** What was looked at by a cut, or by a second one. */
export interface AloneCounts {
  /** Effects, or disk commands of a coming back, after which the power goes. */
  moments: number;
  /** Those after which nothing is on the disks, at risk or owed that was not after an earlier one. */
  momentsRepeated: number;
  /** What may be left at the others: possible, taken of those, seen before, and checked. */
  imagesPossible: number;
  images: number;
  imagesRepeated: number;
  checked: number;
}

const nothingYet = (): AloneCounts => ({
  ...{ moments: 0, momentsRepeated: 0, imagesPossible: 0, images: 0, imagesRepeated: 0, checked: 0 },
});

export interface AloneExplorerOptions {
  readonly run: PlanRun;
  /** Power cuts one after the other: 1 or more. */
  readonly cutsMax: number;
  readonly found: (finding: AloneFinding) => void;
}

export class AloneExplorer {
  /** By cut: the first, the second, … */
  readonly counts: readonly AloneCounts[];
  readonly #options: AloneExplorerOptions;
  /** By how many cuts may follow. */
  readonly #moments: readonly Set<string>[];
  readonly #images: readonly Set<string>[];

  constructor(options: AloneExplorerOptions) {
    this.#options = options;
    const { cutsMax } = options;
    this.counts = Array.from({ length: cutsMax }, nothingYet);
    this.#moments = Array.from({ length: cutsMax }, () => new Set<string>());
    this.#images = Array.from({ length: cutsMax }, () => new Set<string>());
  }

  /** The power of a site goes now, right after this effect. */
  look(site: Site, afterEffects: number): void {
    const { run } = this.#options;
    const { bench, oracle } = run;
    // So that the oracle knows of every freeze and commit that has become durable; one that starts has made none.
    if (run.isRunning(site)) {
      if (site === 'main') oracle.checkMain(bench.main, bench.disks('main'));
      else oracle.checkSub(bench.sub, bench.disks('sub'));
    }
    const owed = `${site} ${this.#live(site)} ${hash('sha1', oracle.key(site), 'base64')} `;
    this.#cut(bench.disks(site), 0, owed, (sectors) => ({ site, afterEffects, sectors }));
  }

  /** What a controller that comes back must know at least. */
  #live(site: Site): string {
    const { main, sub } = this.#options.run.bench;
    const { lastFrozen, committed, takenOver } = main.state;
    return site === 'main' ? `${lastFrozen} ${committed} ${takenOver}` : `${sub.replica.committed}`;
  }

  #cut(disks: DiskSet, cutsBefore: number, owed: string, addressOf: (sectors: string) => AloneAddress): void {
    const counts = this.counts[cutsBefore];
    if (counts === undefined) return;
    counts.moments += 1;
    if (!isNew(this.#moments[cutsBefore], owed + fingerprintOf(disks))) {
      counts.momentsRepeated += 1;
      return;
    }
    const { cuts, possible } = siteCuts(disks);
    counts.imagesPossible += possible;
    for (const cut of cuts) {
      counts.images += 1;
      const image = cut.image();
      if (this.#isSeen(cutsBefore, owed + fingerprintOf(image))) counts.imagesRepeated += 1;
      else {
        counts.checked += 1;
        this.#comeBack(image, cutsBefore, owed, addressOf(cut.name));
      }
    }
  }

  /** An image that as many cuts or more could follow before needs no look; remembers it. */
  #isSeen(cutsBefore: number, key: string): boolean {
    for (let before = 0; before < cutsBefore; before += 1) if (this.#images[before]?.has(key)) return true;
    return !isNew(this.#images[cutsBefore], key);
  }

  #comeBack(disks: DiskSet, cutsBefore: number, owed: string, at: AloneAddress): void {
    const { oracle, owed: owedTo, bench } = this.#options.run;
    const { site } = at;
    const { controller, check } =
      site === 'main' ? this.#newMain(disks, bench.main.state) : this.#newSub(disks, bench.sub);
    const image = fingerprintOf(disks);
    let commands = 0;
    try {
      const halted = recoverAlone(controller, disks, {
        running: check,
        commandBegun: () => {
          commands += 1;
          const afterCommands = commands;
          this.#cut(disks, cutsBefore + 1, owed, (sectors) => ({
            ...at,
            again: [...(at.again ?? []), { afterCommands, sectors }],
          }));
        },
      });
      if (halted === undefined) check();
      else if (!owedTo.mayHalt(site)) oracle.fail('crash halted', `${site}: ${halted.code}: ${halted.detail}`);
    } catch (error) {
      const survival = () => (at.again === undefined ? survivalLeaving(image, bench.disks(site)) : undefined);
      this.#options.found({ ...describe(error), at, survival });
    }
  }

  #newMain(disks: DiskSet, live: MainState) {
    const controller = newMain(this.#options.run.plan.configuration);
    return { controller, check: () => this.#options.run.oracle.checkRecoveredMain(controller, disks, live) };
  }

  #newSub(disks: DiskSet, { state, replica }: PlanRun['bench']['sub']) {
    const controller = newSub(this.#options.run.plan.configuration);
    const live = { state, replica };
    return { controller, check: () => this.#options.run.oracle.checkRecoveredSub(controller, disks, live) };
  }
}

function isNew(seen: Set<string> | undefined, key: string): boolean {
  if (seen === undefined || seen.has(key)) return false;
  seen.add(key);
  return true;
}

function describe(error: unknown): { readonly check: CheckName; readonly detail: string } {
  if (error instanceof Violation) return { check: error.check, detail: error.message };
  return { check: 'broken', detail: error instanceof Error ? error.message : String(error) };
}
