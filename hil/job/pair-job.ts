/**
 * The main job: a host that writes, freezes and waits, and knows at each moment what both sides must hold. The steps of
 * scenarios are its methods.
 */
import { createHash } from 'node:crypto';
import type { HostClient } from '../../host/client.js';
import type { Profile } from '../../host/workload/plan.js';
import type { SparseImage } from '../../host/workload/sparse-image.js';
import { WriteLog } from '../../host/workload/write-log.js';
import type { GenerationFailure } from '../../protocol/generation-failures.js';
import { unreachable } from '../../protocol/ids.js';
import { type RefusalCode, RefusalError } from '../../protocol/refusals.js';
import type { Bench, DiskError, Powered } from '../bench/bench.js';
import { bytesText, counted, durationText } from '../report/quantity.js';
import { runHook } from '../run/hooks.js';
import { failureDetails, refusalDetails } from './expected-failure.js';
import { Generations } from './generations.js';
import { HostWriter, type WriteEnded } from './host-writer.js';
import { checkByDigests, checkRawArea, type KnownImage, knownImage } from './image-check.js';
import type { JobRecord } from './job-record.js';
import { loadImage } from './load-image.js';
import { ModelMaps } from './model-maps.js';
import { once, PairChecks, type Retry } from './pair-checks.js';
import type { refusable } from './scenario-file.js';
import { contentOf, overwrites, type PlannedWrite, plannedWrites } from './workload-steps.js';

export interface PairJobOptions {
  readonly bench: Bench;
  readonly record: JobRecord;
  readonly seed: number;
  /** Shell commands around each freeze. */
  readonly quiesce?: string | undefined;
  readonly resume?: string | undefined;
}

/** Between two looks at a status that has to change, in microseconds, and how often. */
const lookUs = 20_000;
const looksMax = 30_000;

export class PairJob {
  readonly #bench: Bench;
  readonly #record: JobRecord;
  readonly #options: PairJobOptions;
  readonly #generations: Generations;
  readonly #images = new Map<number, KnownImage>();
  readonly #checks: PairChecks;
  /** Where the host writes. */
  #site: Powered = 'main';
  #writer: HostWriter;
  /** Blocks written since the newest freeze, and those of the generation that it made. */
  #changed: Set<number>[] = [];
  #frozen: Set<number>[] = [];
  readonly #withoutPower = new Set<Powered>();
  #newest = 0;
  #writes = 0;
  #tokens = 0;
  #workloads = 0;

  constructor(options: PairJobOptions) {
    this.#options = options;
    this.#bench = options.bench;
    this.#record = options.record;
    const { bench, record } = options;
    const maps = bench.models === undefined ? undefined : new ModelMaps(bench, bench.models);
    this.#generations = new Generations(bench, record, maps);
    this.#checks = new PairChecks({ bench, record, images: this.#images, generations: this.#generations, maps });
    this.#writer = this.#writerAt('main');
    this.#changed = this.#noBlocks();
  }

  /** Generation of the newest freeze, 0 before the first. */
  get newest(): number {
    return this.#newest;
  }

  /** Whether no side is without power: one that is would be waited for. */
  get hasPower(): boolean {
    return this.#withoutPower.size === 0;
  }

  async write(step: {
    readonly writes: number;
    readonly profile: Profile;
    readonly seed?: number | undefined;
    readonly volume?: number | undefined;
    readonly everyMs: number;
    readonly sizes: 'mixed' | 'blocks';
  }): Promise<void> {
    const { volumes, blockBytes } = this.#bench.shape;
    const { writes, profile, volume, sizes, seed = this.#seedOf() } = step;
    if (volume !== undefined && volume >= volumes.length) throw new RefusalError('unknown-volume', `volume ${volume}`);
    await this.#send(plannedWrites({ volumes, blockBytes, writes, profile, volume, seed, sizes }), step.everyMs);
    this.#record.event('write', `${counted(writes, 'write')}, ${profile}`, { values: { seed } });
  }

  async overwriteInFlight({ writes, everyMs }: { readonly writes: number; readonly everyMs: number }): Promise<void> {
    const { blockBytes } = this.#bench.shape;
    if (this.#frozen.every(({ size }) => size === 0)) {
      const detail = 'overwriteInFlight: no block is being sent, as nothing was written before the newest freeze';
      throw new RefusalError('configuration-invalid', detail);
    }
    const isOver = this.#generations.known.committed >= this.#newest;
    await this.#send(overwrites(this.#frozen, { blockBytes, writes, seed: this.#seedOf() }), everyMs);
    const which = isOver ? `of generation ${this.#newest}, which has been committed` : 'that are being sent';
    this.#record.event('write', `${counted(writes, 'write')} to blocks ${which}`);
  }

  async image({ file, volume }: { readonly file: string; readonly volume: number }): Promise<void> {
    const { volumes, blockBytes } = this.#bench.shape;
    const volumeBytes = volumes[volume];
    if (volumeBytes === undefined) throw new RefusalError('unknown-volume', `volume ${volume}`);
    const written = await loadImage({ path: file, volume, volumeBytes, blockBytes, writer: this.#writer });
    this.#record.event('write', `${bytesText(written)} of ${file} to volume ${volume}`);
  }

  /** Freezes without waiting for writes that are under way: the answer says which of them are in the image. */
  async freeze(): Promise<void> {
    const { host } = this.#bench;
    await runHook('quiesce', this.#options.quiesce);
    const sentAtUs = this.#bench.nowUs();
    const { log } = this.#writer;
    const sentOrder = log.mark();
    const underWay = this.#writer.outstandingTags;
    try {
      const { generation, epoch, included } = await this.#bench.run(host.freeze(this.#token()));
      const image = log.imageAt({ sentOrder, answeredOrder: log.mark(), includedTags: included });
      const inImage = underWay.filter((tag) => included.includes(tag)).length;
      const answered = durationText(this.#bench.nowUs() - sentAtUs);
      const values = { underWay: underWay.length, inImage, answered };
      this.#record.event('freeze', 'the host froze the group', { atUs: sentAtUs, generation, values });
      if (generation <= this.#newest) {
        const details = [`it made generation ${generation}; generation ${this.#newest} was there already`];
        this.#record.check('a freeze makes a new generation', details, sentAtUs);
      }
      this.#newest = generation;
      this.#frozen = this.#changed;
      this.#changed = this.#noBlocks();
      this.#images.set(generation, await this.#known(image, generation, epoch));
      await this.#generations.follow(generation, sentAtUs);
    } finally {
      await runHook('resume', this.#options.resume);
    }
    await this.#checks.previousImage(this.#newest);
  }

  /** Waits for a generation, the newest unless told otherwise. `reason` is the one that it is to fail for. */
  async wait({
    for: target,
    generation = this.#newest,
    reason,
  }: {
    readonly for: 'committed' | 'structured' | 'failed';
    readonly generation?: number | undefined;
    readonly reason?: GenerationFailure | undefined;
  }): Promise<void> {
    if (target !== 'failed') {
      await this.#generations.wait(generation, target);
      return;
    }
    const sinceUs = this.#bench.nowUs();
    const details = failureDetails(await endOf(this.#generations.wait(generation, 'committed')), reason);
    // The next generation takes what the newest could not.
    if (details.length === 0 && generation === this.#newest)
      for (const [volume, blocks] of this.#frozen.entries())
        for (const block of blocks) this.#changed[volume]?.add(block);
    const why = reason === undefined ? 'fails, and says why' : `fails: ${reason}`;
    this.#record.check(`generation ${generation} ${why}`, details, sinceUs);
  }

  /** Holds both sides against what the host knows. */
  async verify(retry: Retry = once): Promise<void> {
    await this.#writer.settle();
    // After a takeover the sub's own writes go over the image.
    if (this.#site === 'main') await this.#checks.committedImage(retry);
    const client = this.#bench[this.#site === 'main' ? 'host' : 'subHost'];
    const newest = await this.#known(this.#writer.log.newest(), this.#newest, 0);
    const where = this.#site === 'main' ? 'main' : 'the sub, taken over,';
    const since = this.#newest === 0 ? '' : ` after freeze ${this.#newest}`;
    await this.#checks.check(
      `${where} gives the newest writes${since}`,
      () => checkByDigests(this.#bench, client, { image: newest, of: 0 }),
      retry,
    );
    if (this.#site !== 'main' || !this.#bench.can.areas.has('main')) return;
    const { deferredBlocks } = await this.#bench.run(this.#bench.host.status());
    if (deferredBlocks > 0) return;
    await this.#checks.check(
      `the raw primary area equals the newest writes${since}`,
      () => checkRawArea(this.#bench, 'primary', newest),
      retry,
    );
  }

  async diskError(error: DiskError): Promise<void> {
    await this.#bench.failDisk(error);
    const { area, volume, command, times } = error;
    const values = { area, volume, command, times };
    this.#record.event('fault', times === 0 ? 'a disk is mended' : 'a disk fails', { values });
  }

  async cut(whileCut: () => Promise<void>): Promise<void> {
    this.#bench.cutRemote();
    this.#record.event('line', 'the line between the controllers is cut');
    await whileCut();
    this.#bench.restoreRemote();
    this.#record.event('line', 'the line between the controllers is back');
  }

  async powerOff(roles: readonly Powered[]): Promise<void> {
    for (const role of roles) {
      await this.#bench.powerCut(role);
      this.#withoutPower.add(role);
      if (role === this.#site) this.#writer.sessionLost();
      this.#record.event('power', `${role} loses its power`);
    }
  }

  async powerOn(roles: readonly Powered[]): Promise<void> {
    for (const role of roles) {
      this.#record.event('power', `${role} has power`);
      await this.#bench.powerOn(role);
      this.#withoutPower.delete(role);
    }
  }

  async takeover({ force }: { readonly force: boolean }): Promise<void> {
    const { epoch, generation } = await this.#bench.run(this.#bench.subHost.takeover(force));
    this.#record.event('takeover', 'the sub takes over', { generation, values: { epoch } });
    const { committed } = this.#generations.known;
    if (generation < committed) {
      const details = [`it takes over with generation ${generation}; expected: generation ${committed}`];
      this.#record.check('the sub takes over with the newest image that was committed', details, this.#bench.nowUs());
    }
    const image = this.#images.get(generation);
    if (image === undefined) throw new RefusalError('generation-unknown', `takeover of generation ${generation}`);
    this.#site = 'sub';
    this.#writer = this.#writerAt('sub', image.volumes);
  }

  /** Gives back to main what the sub holds; ends when the pair is one again. */
  async failback({ discard }: { readonly discard: boolean }): Promise<void> {
    await this.#writer.settle();
    const newest = this.#writer.log.newest();
    const { epoch } = await this.#bench.run(this.#bench.subHost.failback(discard));
    this.#record.event('failback', 'the sub gives back', { values: { epoch } });
    const { committed } = await this.#until('main to have it back', async () => {
      const [main, sub] = [await this.#status('host'), await this.#status('subHost')];
      return main.pairState === 'PAIR' && sub.pairState === 'PAIR' && main.committed === sub.committed
        ? main
        : undefined;
    });
    const values = { 'on the line': bytesText(this.#record.bytesSinceLast()) };
    this.#record.event('failback', 'main has it back', { generation: committed, values });
    this.#newest = committed;
    this.#images.set(committed, await this.#known(newest, committed, epoch));
    this.#generations.givenBack(committed);
    this.#site = 'main';
    this.#writer = this.#writerAt('main', newest);
    this.#changed = this.#noBlocks();
    this.#frozen = [];
  }

  async suspend(): Promise<void> {
    await this.#bench.run(this.#bench.host.suspend());
    this.#record.event('suspend', 'the pair is suspended');
  }

  async resync(): Promise<void> {
    await this.#bench.run(this.#bench.host.resync());
    this.#record.event('resync', 'the pair is brought back');
  }

  async expectRefused(instruction: (typeof refusable)[number], code: RefusalCode): Promise<void> {
    const sinceUs = this.#bench.nowUs();
    const details = refusalDetails(await endOf(this.#bench.run(this.#instruct(instruction))), code);
    this.#record.check(`${instruction} is refused: ${code}`, details, sinceUs);
  }

  /** Waits for what is under way; the pair's state at the end. */
  async finish() {
    await this.#writer.settle();
    return (await this.#status(this.#site === 'main' ? 'host' : 'subHost')).pairState;
  }

  #status(at: 'host' | 'subHost') {
    return this.#bench.run(this.#bench[at].status());
  }

  async #send(writes: Iterable<PlannedWrite>, everyMs: number): Promise<void> {
    const { blockBytes } = this.#bench.shape;
    for (const planned of writes) {
      this.#writes += 1;
      const stamp = { blockBytes, write: this.#writes, generation: this.#newest + 1, seed: this.#options.seed >>> 0 };
      await this.#writer.write(planned.volume, planned.offsetBytes, contentOf(planned, stamp));
      const first = Math.floor(planned.offsetBytes / blockBytes);
      const end = Math.ceil((planned.offsetBytes + planned.lengthBytes) / blockBytes);
      for (let block = first; block < end; block += 1) this.#changed[planned.volume]?.add(block);
      if (everyMs > 0) await this.#bench.pass(everyMs * 1000);
    }
  }

  #writerAt(site: Powered, images?: readonly SparseImage[]): HostWriter {
    const { volumes, blockBytes } = this.#bench.shape;
    const log = new WriteLog(volumes, blockBytes, images);
    const client: HostClient = this.#bench[site === 'main' ? 'host' : 'subHost'];
    return new HostWriter({ bench: this.#bench, client, log, onEnded: (write) => this.#written(write) });
  }

  #written({ volume, offsetBytes, sentAtUs, us }: WriteEnded): void {
    const block = Math.floor(offsetBytes / this.#bench.shape.blockBytes);
    const isDeferred = this.#bench.models?.main.state.volumes[volume]?.newest(block) !== undefined;
    this.#record.latencies.push({ atUs: sentAtUs, us, ...(isDeferred ? { deferred: true } : {}) });
  }

  #known(volumes: readonly SparseImage[], generation: number, epoch: number): Promise<KnownImage> {
    const { method } = this.#bench.shape;
    return knownImage(volumes, { method, seed: this.#options.seed, generation, epoch, workload: 'scenario' });
  }

  #instruct(instruction: (typeof refusable)[number]): Promise<unknown> {
    const { host, subHost } = this.#bench;
    switch (instruction) {
      case 'freeze':
        return host.freeze(this.#token());
      case 'suspend':
        return host.suspend();
      case 'resync':
        return host.resync();
      case 'takeover':
        return subHost.takeover();
      case 'failback':
        return subHost.failback();
      default:
        return unreachable(instruction);
    }
  }

  async #until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    for (let looks = 0; looks < looksMax; looks += 1) {
      const found = await look();
      if (found !== undefined) return found;
      await this.#bench.pass(lookUs);
    }
    throw new RefusalError('timed-out', `waiting for ${what}`);
  }

  #noBlocks(): Set<number>[] {
    return this.#bench.shape.volumes.map(() => new Set());
  }

  /** Fresh for each freeze, and the same in each run of a seed; boards remember tokens, so the run's name is in it. */
  #token(): Uint8Array {
    this.#tokens += 1;
    const name = `${this.#record.runId}/${this.#options.seed}/${this.#tokens}`;
    return createHash('sha256').update(name).digest().subarray(0, 16);
  }

  #seedOf(): number {
    this.#workloads += 1;
    return (Math.imul(this.#options.seed, 1_000_003) + this.#workloads) >>> 0;
  }
}

/** What a promise is rejected with, undefined when it is kept. */
const endOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  );
