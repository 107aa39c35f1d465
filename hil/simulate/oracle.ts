/**
 * Knows what is right at every moment of a run, from what the hosts did and were told, and holds the controllers against
 * it. Throws `Violation` at the first thing that is wrong.
 */
import type { MainController } from '../../firmware-sim/main/main-controller.js';
import type { MainState } from '../../firmware-sim/main/main-state.js';
import type { ReplicaState } from '../../firmware-sim/replica/replica-state.js';
import type { SubController } from '../../firmware-sim/sub/sub-controller.js';
import type { SubState } from '../../firmware-sim/sub/sub-state.js';
import type { RefusalCode } from '../../protocol/refusals.js';
import {
  type CheckContext,
  faultOfDifference,
  faultOfFrozen,
  faultOfNewest,
  faultOfShown,
  faultOfStaged,
  firstFault,
} from './checks.js';
import { Drains } from './drains.js';
import { forgottenByMain, forgottenBySub } from './forgotten.js';
import { OnItsWay } from './on-its-way.js';
import { settleAborted, settleShown } from './open-sectors.js';
import type { Owed } from './owed.js';
import type { Configuration, Site } from './plan.js';
import type { DiskSet } from './plan-bench.js';
import { Truth, type Written } from './truth.js';
import type { BlockPlace, ViewedBlock } from './views.js';
import { type CheckName, Violation } from './violation.js';

/** Main remembers so many freezes (PROTOCOL.md). */
const freezesRemembered = 16;

/** Reasons of a suspended pair that say that a disk failed. */
const diskReasons: ReadonlySet<RefusalCode> = new Set([
  'disk-error',
  'shadow-corrupt',
  'staging-corrupt',
  'image-corrupt',
]);

/** Those that say that content was lost or changed on its way. */
const lossReasons: ReadonlySet<RefusalCode> = new Set(['frozen-content-lost', 'digest-mismatch']);

/** A write of a host, from its submission to its end. */
export interface HostWrite extends Written {
  readonly site: Site;
  tag: number;
  /** It was submitted more than once, or its session was lost: it may have happened in part, at any time. */
  uncertain: boolean;
  ended: 'no' | 'good' | 'failed';
  /** Its host was told that nothing of it happens any more. */
  aborted: boolean;
}

/** What was so when main took a freeze up. */
interface FreezeTaken {
  readonly truth: Truth;
  readonly underWay: readonly HostWrite[];
}

export class Oracle {
  readonly #configuration: Configuration;
  readonly #owed: Owed;
  readonly #on: (check: CheckName) => boolean;
  readonly #images = new Map<number, Truth>();
  /** Those that the sub has shown. */
  readonly #shown = new WeakSet<Truth>();
  readonly #underWay: Record<Site, Set<HostWrite>> = { main: new Set(), sub: new Set() };
  #mainTruth: Truth;
  /** What the sub's volumes hold from a takeover until main has them back. */
  #subTruth: Truth | undefined;
  /** Writes to main that were under way when a failback ended. */
  readonly #outlived = new WeakSet<HostWrite>();
  #taken: FreezeTaken | undefined;
  #lastFrozen = 0;
  #committed = 0;
  #mainTakenOver = false;
  /** What the sub has taken over nobody here knows: nor what a failback gives of it. */
  #tookUnknown = false;
  /** The sub has come back with disks of before, and what its hosts had written there by then nobody has kept. */
  #subForgetful = false;
  #regained = 0;
  /** Main has come back with disks of before: what it freezes from then on, nobody knows. */
  #forgetful = false;
  readonly #unknown = new Set<number>();
  readonly #failed = new Set<number>();
  /** The token of each freeze, in hex. */
  readonly #tokens = new Map<number, string>();
  readonly #onItsWay = new OnItsWay();
  readonly drains = new Drains((detail) => this.fail('drain', detail));

  constructor(configuration: Configuration, owed: Owed, on: (check: CheckName) => boolean = () => true) {
    this.#configuration = configuration;
    this.#owed = owed;
    this.#on = on;
    this.#mainTruth = new Truth(configuration.volumeSectors);
  }

  /** Throws, unless this check is switched off. */
  fail(check: CheckName, detail: string): void {
    if (this.#on(check)) throw new Violation(check, detail);
  }

  /** What main must hold now. */
  get mainTruth(): Truth {
    return this.#mainTruth;
  }

  /** What the sub must hold now; undefined before the first commit. */
  get shownTruth(): Truth | undefined {
    return this.#subTruth ?? this.#images.get(this.#committed);
  }

  /** How often a failback has replaced what main must hold. */
  get regained(): number {
    return this.#regained;
  }

  get newestImage(): number {
    return this.#lastFrozen;
  }

  /** Equal whenever a recovered controller of this site is held against the same, in words. */
  key(site: Site): string {
    const images = [...this.#images].map(([generation, truth]) => `${generation}=${truth.key}`);
    const known = [`${this.#lastFrozen} ${this.#committed} ${this.#subTruth?.key}`, ...images].join('\n');
    if (site === 'sub') return known;
    const states = (writes: Iterable<HostWrite>) =>
      [...writes].map(({ number, tag, uncertain, ended }) => `${number}.${tag}.${uncertain}.${ended}`).join(' ');
    const taken = this.#taken === undefined ? '' : `${this.#taken.truth.key} with ${states(this.#taken.underWay)}`;
    return [known, this.#mainTruth.key, taken].join('\n');
  }

  submitted(write: HostWrite): void {
    this.#underWay[write.site].add(write);
    this.#truthAt(write.site)?.allow(write);
  }

  ended(write: HostWrite, good: boolean): void {
    write.ended = good ? 'good' : 'failed';
    this.#underWay[write.site].delete(write);
    // It may have been carried out before a failback whose image replaced what it wrote: only its answer came later.
    if (good && !this.#outlived.has(write)) this.#truthAt(write.site)?.settle(write, write.number);
  }

  /** An aborted write has ended: of its sectors each holds it or not, from now on. */
  settleAborted(write: HostWrite, state: MainState, disks: DiskSet): void {
    settleAborted(this.#mainTruth, write, this.#configuration, { state, disks });
  }

  /** A controller works: what it shows must not be lost with the caches of its disks. */
  checkSettled(site: Site, now: (place: BlockPlace) => ViewedBlock, durable: (place: BlockPlace) => ViewedBlock): void {
    const { hostData, image, mayBlame } = this.#owed;
    if (mayBlame || !(site === 'main' ? hostData : image)) return;
    const fault = firstFault(this.#configuration, (place) =>
      now(place).bytes.equals(durable(place).bytes) ? undefined : 'is shown, and only a cache holds it',
    );
    if (fault !== undefined) this.fail(site === 'main' ? 'newest' : 'shown', `${site} comes up: ${fault}`);
  }

  /** Main has taken a freeze up; what has arrived in full by now is in the image. */
  freezeTaken(): void {
    this.#taken = { truth: this.#mainTruth.clone(), underWay: [...this.#underWay.main] };
  }

  /** A site has lost its power: its writes under way may have happened or not. */
  lostPower(site: Site): void {
    for (const write of this.#underWay[site]) write.uncertain = true;
    if (site === 'main') this.#onItsWay.lostMain();
  }

  /** A site comes back with disks of before: nothing that it knew since counts. */
  cameBackOlder(site: Site): void {
    if (site === 'sub') {
      this.#committed = 0;
      // What hosts have written since a takeover is nowhere else; before one the images of main are all that there is.
      this.#subForgetful ||= this.#subTruth !== undefined;
      this.#subTruth = undefined;
    } else {
      this.#forgetful = true;
      this.#lastFrozen = 0;
    }
  }

  /** Holds main, as it runs, against what must be so. */
  checkMain(main: MainController, disks: DiskSet): void {
    const { state } = main;
    this.#followTakeover(state);
    if (state.lastFrozen > this.#lastFrozen) this.#frozen(state);
    if (!this.#owed.hostData) return;
    this.#followFailures(state);
    if (state.lastFrozen < this.#lastFrozen) {
      this.fail('older', `main's newest generation is ${state.lastFrozen} after ${this.#lastFrozen}`);
    }
    if (state.takenOver || state.failingBack) return;
    this.#holdMain(state, disks, '');
    this.drains.look(state);
  }

  /** Holds what main counts as sent against what the sub has; both run. */
  checkSent(main: MainState, replica: ReplicaState): void {
    this.#onItsWay.follow(replica);
    if (!this.#owed.sentIsThere) return;
    const missing = this.#onItsWay.sentAndNotThere(main, replica);
    if (missing !== undefined)
      this.fail(
        'sent',
        `volume ${missing.volume}, block ${missing.block} counts as sent, and the sub has not staged it`,
      );
  }

  /** Holds what the sub has staged against the generation that main sends; both run. */
  checkStaged(main: MainState, replica: ReplicaState, disks: DiskSet): void {
    this.#onItsWay.follow(replica);
    if (!this.#owed.stagedIsFrozen) return;
    const context = this.#context('sub');
    for (const { volume, block, isFrozen, isOther } of this.#onItsWay.staged(main, replica)) {
      const place = { ...this.#configuration, volume, block };
      const image = this.#images.get(main.transfer?.generation ?? 0);
      // A sub with disks of before holds what it held then, until main compares.
      let fault = isOther && this.#owed.sentIsThere ? 'counts as sent with other content' : undefined;
      // What is streamed ahead of a freeze may be older than the image: it is sent again.
      if (main.method !== 'streaming')
        fault ??= isFrozen
          ? image && faultOfStaged(replica, disks, image, { place, context })
          : 'is not of the generation';
      if (fault !== undefined) this.fail('staged', `volume ${volume}, block ${block} ${fault}`);
    }
  }

  /** Whether what is known of the sub's image is of this moment, and not of its last look. */
  isUpToDate({ replica, state }: SubController): boolean {
    return replica.committed === this.#committed && state.takenOver === (this.#subTruth !== undefined);
  }

  /** Holds the sub, as it runs, against what must be so. */
  checkSub(sub: SubController, disks: DiskSet): void {
    const { replica, state } = sub;
    this.#followSub(state, replica);
    if (!this.#owed.image || replica.committed === 0) return;
    const image = this.shownTruth;
    if (this.#unknown.has(replica.committed)) return;
    if (image !== undefined && this.#subTruth === undefined && !this.#shown.has(image)) {
      this.#shown.add(image);
      settleShown(image, this.#configuration, { replica, disks });
    }
    const fault = image === undefined ? 'which was never frozen' : this.#shownFault(replica, disks, image);
    if (fault !== undefined) this.fail('shown', `generation ${replica.committed}, ${fault}`);
  }

  /** A main that has come back from a power cut here, alone. `live`: what it knew before. */
  checkRecoveredMain(main: MainController, disks: DiskSet, live: MainState, spoilt?: string): void {
    if (!this.#owed.hostData) return;
    const { state } = main;
    if (state.lastFrozen < live.lastFrozen || state.committed < live.committed) {
      const before = `${live.lastFrozen}, committed ${live.committed}`;
      this.fail('crash older', `main knows of ${state.lastFrozen}, committed ${state.committed}; before: ${before}`);
    }
    const forgotten = forgottenByMain(live, state);
    if (forgotten !== undefined) this.fail('crash older', `main has forgotten ${forgotten}`);
    if (!state.takenOver && !state.failingBack && state.takenOver === live.takenOver) {
      this.#holdMain(state, disks, 'crash ', spoilt);
    }
  }

  /** A sub that has come back from a power cut here, alone. */
  checkRecoveredSub(
    sub: SubController,
    disks: DiskSet,
    live: { readonly replica: ReplicaState; readonly state: SubState },
    spoilt?: string,
  ): void {
    if (!this.#owed.image) return;
    const { replica, state } = sub;
    if (replica.committed < live.replica.committed) {
      this.fail('crash older', `the sub has generation ${replica.committed}; before: ${live.replica.committed}`);
    }
    const forgotten = forgottenBySub(live, sub);
    if (forgotten !== undefined) this.fail('crash older', `the sub has forgotten ${forgotten}`);
    if (replica.committed === 0) return;
    const isTaken = state.takenOver || live.state.takenOver;
    const image = isTaken ? this.#subTruth : (this.#images.get(replica.committed) ?? this.#subTruth);
    // A takeover, or its end, that was being recorded: what is shown is the image of before or the hosts' volume.
    const known = image ?? this.#images.get(replica.committed);
    if (this.#unknown.has(replica.committed)) return;
    const fault = known === undefined ? 'which was never frozen' : this.#shownFault(replica, disks, known, spoilt);
    if (fault !== undefined) this.fail('crash shown', `generation ${replica.committed}, ${fault}`);
  }

  /** The truth of a generation, as it was frozen; undefined for one that never was. */
  image(generation: number): Truth | undefined {
    return this.#images.get(generation);
  }

  /** Whether main has told of it that it failed. */
  hasFailed(generation: number): boolean {
    return this.#failed.has(generation);
  }

  /** What this freeze made, as long as main has to remember it. */
  generationOf(token: Uint8Array): number | undefined {
    const hex = Buffer.from(token).toString('hex');
    const [made] = [...this.#tokens].slice(-freezesRemembered).find(([, each]) => each === hex) ?? [];
    return made;
  }

  /** Whether this freeze made this generation. */
  isFrozenBy(generation: number, token: Uint8Array): boolean {
    return this.#tokens.get(generation) === Buffer.from(token).toString('hex');
  }

  /** A host has been told that a generation is committed. */
  toldCommitted(told: number, { state, replica }: SubController): void {
    // One that is reading its records does not know yet.
    if (state.blockBytes === 0 || this.#owed.mayLose || replica.committed >= told) return;
    this.fail('answer', `generation ${told} is told to be committed, and ${replica.committed} is the newest that is`);
  }

  #holdMain(state: MainState, disks: DiskSet, when: '' | 'crash ', spoilt?: string): void {
    const context = this.#context('main', spoilt);
    const newest = faultOfNewest(state, disks, this.#mainTruth, context);
    if (newest !== undefined) this.fail(`${when}newest`, newest);
    if (state.transfer !== undefined) {
      const { generation } = state.transfer;
      const image = this.#images.get(generation) ?? this.#imageOf(state);
      const fault = image === undefined ? undefined : faultOfFrozen(state, disks, image, context);
      if (fault !== undefined) this.fail(`${when}frozen`, `generation ${generation}, ${fault}`);
    }
    const base = state.fullNeeded || state.committed === 0 ? undefined : this.#images.get(state.committed);
    const missed = faultOfDifference(state, disks, base, context);
    if (missed !== undefined) this.fail(`${when}difference`, missed);
  }

  #shownFault(replica: ReplicaState, disks: DiskSet, image: Truth, spoilt?: string): string | undefined {
    return faultOfShown(replica, disks, image, this.#context('sub', spoilt));
  }

  /** `spoilt`: a disk that may hold other bytes than were written, besides those of the plan. */
  #context(site: Site, spoilt?: string): CheckContext {
    const { blockBytes, volumeSectors } = this.#configuration;
    return {
      blockBytes,
      volumeSectors,
      mayBeCorrupt: (disk) => disk === spoilt || this.#owed.mayBeCorrupt(site, disk),
    };
  }

  #truthAt(site: Site): Truth | undefined {
    return site === 'main' ? this.#mainTruth : this.#subTruth;
  }

  #frozen(state: MainState): void {
    const image = this.#imageOf(state);
    this.#holdToken(state);
    this.#lastFrozen = state.lastFrozen;
    if (this.#forgetful) {
      this.#unknown.add(state.lastFrozen);
      this.#images.delete(state.lastFrozen);
      return;
    }
    if (image !== undefined && !this.#images.has(state.lastFrozen)) this.#images.set(state.lastFrozen, image);
  }

  /** A freeze that is repeated makes no second generation, as long as main has to remember it. */
  #holdToken({ lastFrozen, token }: MainState): void {
    const hex = Buffer.from(token).toString('hex');
    const before = this.generationOf(token);
    // What a failback made no freeze did.
    if (before !== undefined && this.#owed.hostData && /[^0]/.test(hex))
      this.fail('answer', `one freeze has made generation ${before} and generation ${lastFrozen}`);
    this.#tokens.set(lastFrozen, hex);
  }

  /** The image of the newest freeze: what was so when it was taken up, and of the writes under way those that it names. */
  #imageOf({ included }: MainState): Truth | undefined {
    const taken = this.#taken;
    if (taken === undefined) return undefined;
    const image = taken.truth.clone();
    const named = new Set(included);
    for (const write of taken.underWay) {
      if (named.has(write.tag) && !write.uncertain) image.settle(write, write.number);
      // One that fails may be there in part, and main has known of it before the host does.
      else if (!write.uncertain && write.ended !== 'failed' && !this.#owed.mayBlame) image.forbid(write);
    }
    return image;
  }

  #followFailures(state: MainState): void {
    const { committed, failures } = state;
    if (failures.has(committed) && !this.#failed.has(committed)) {
      this.fail('failed', `generation ${committed} is committed, and recorded as failed`);
    }
    for (const [failed, why] of failures) {
      if (!this.#failed.has(failed) && !this.#owed.mayFail(why))
        this.fail('failed', `generation ${failed} fails: ${why}`);
      this.#failed.add(failed);
    }
    const { reason } = state;
    if (reason === undefined) return;
    const isBlame = diskReasons.has(reason) && !this.#owed.mayBlame;
    const isUnheard = reason === 'frozen-content-lost' && this.#owed.mayGiveUpUnheard;
    if (isBlame || (lossReasons.has(reason) && !this.#owed.mayLose && !isUnheard)) {
      this.fail('blamed', `the pair is suspended: ${reason}`);
    }
  }

  #followTakeover(state: MainState): void {
    if (this.#mainTakenOver && !state.takenOver) {
      // A failback has ended: main holds what the sub held.
      const given = this.#images.get(state.committed);
      if (given !== undefined) this.#mainTruth = given.clone();
      else if (this.#unknown.has(state.committed)) this.#mainTruth.forget();
      for (const write of this.#underWay.main) {
        this.#mainTruth.allow(write);
        this.#outlived.add(write);
      }
      this.#lastFrozen = state.lastFrozen;
      this.#taken = undefined;
      this.#regained += 1;
    }
    this.#mainTakenOver = state.takenOver;
  }

  #followSub(state: SubState, replica: ReplicaState): void {
    const { committed } = replica;
    if (committed < this.#committed && this.#owed.image) {
      this.fail('older', `the sub shows generation ${committed} after ${this.#committed}`);
    }
    if (this.#subTruth === undefined) this.#committed = Math.max(committed, this.#committed);
    else if (committed > this.#committed) {
      this.#images.set(committed, this.#subTruth.clone());
      this.#committed = committed;
    }
    if (this.#tookUnknown && !this.#images.has(committed)) this.#unknown.add(committed);
    if (this.#subForgetful && state.takenOver) this.#unknown.add(committed);
    this.#subForgetful &&= !state.takenOver;
    this.#tookUnknown = state.takenOver && this.#unknown.has(committed);
    if (this.#unknown.has(committed)) return;
    if (state.takenOver && this.#subTruth === undefined) {
      this.#subTruth = this.#images.get(committed)?.clone();
      // Given before, and not refused by then: they are carried out in the state that they meet.
      for (const write of this.#underWay.sub) this.#subTruth?.allow(write);
    }
    if (!state.takenOver) this.#subTruth = undefined;
  }
}
