/** Follows generations from their freeze on: when they were complete, committed, structured, or failed and why. */
import { GenerationFailed } from '../../host/generation-failed.js';
import { RefusalError, refusals } from '../../protocol/refusals.js';
import type { Bench } from '../bench/bench.js';
import type { GenerationRecord } from '../report/run-record.js';
import type { Claim } from './committed-claim.js';
import type { JobRecord } from './job-record.js';
import type { ModelMaps } from './model-maps.js';

type Target = 'committed' | 'structured';
/** How the wait for a generation ended: well, or with the reason. */
type Outcome = RefusalError | undefined;
type Watch = Readonly<Record<Target, Promise<Outcome>>>;
type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** How long a generation is waited for in real time, in milliseconds. */
const waitMsMax = 600_000;

export class Generations {
  readonly #bench: Bench;
  readonly #record: JobRecord;
  readonly #maps: ModelMaps | undefined;
  readonly #watches = new Map<number, Watch>();
  #givenBack = 0;

  constructor(bench: Bench, record: JobRecord, maps: ModelMaps | undefined) {
    this.#bench = bench;
    this.#record = record;
    this.#maps = maps;
    bench.onMark(({ atUs, name, values }) => {
      const generation = record.generations.get(Number(values.generation));
      if (generation === undefined) return;
      if (name === 'complete') this.#completed(generation, atUs);
      else if (name === 'committed') this.#committed(generation, atUs);
      else if (name === 'structured') this.#structured(generation, atUs);
    });
  }

  /** The newest generations known to be committed and to be structured; 0 for none. */
  get known(): Claim {
    const newest = (is: (record: GenerationRecord) => boolean) =>
      Math.max(0, ...[...this.#record.generations.values()].filter(is).map(({ generation }) => generation));
    return {
      committed: Math.max(
        this.#givenBack,
        newest(({ committedAtUs }) => committedAtUs !== undefined),
      ),
      structured: newest(({ structuredAtUs }) => structuredAtUs !== undefined),
    };
  }

  /** A failback has made this generation, and both sides hold it. */
  givenBack(generation: number): void {
    this.#givenBack = generation;
  }

  hasFailed(generation: number): boolean {
    return this.#record.generations.get(generation)?.failedAtUs !== undefined;
  }

  /** From now on the end of this generation is watched for. */
  async follow(generation: number, frozenAtUs: number): Promise<void> {
    const record = this.#record.frozen(generation, frozenAtUs);
    const watch = (target: Target) =>
      this.#bench.host.wait(generation, target).then(
        () => {
          if (target === 'committed') this.#committed(record, this.#bench.nowUs());
          else this.#structured(record, this.#bench.nowUs());
          return undefined;
        },
        (error: unknown) => this.#failed(record, error),
      );
    this.#watches.set(generation, { committed: watch('committed'), structured: watch('structured') });
    await this.sample(generation);
  }

  /** Resolves when the generation is so far; throws why it failed, or `timed-out`. */
  async wait(generation: number, target: Target): Promise<void> {
    await this.sample(generation);
    const watch = this.#watches.get(generation);
    if (watch === undefined) throw new RefusalError('generation-unknown', `no freeze made generation ${generation}`);
    const outcome = await this.#within(watch[target], `generation ${generation} is not ${target}`);
    if (outcome !== undefined) throw outcome;
  }

  /** Asks for the numbers that only the controller knows, where no model can be looked into. */
  async sample(generation: number): Promise<void> {
    const record = this.#record.generations.get(generation);
    if (this.#maps !== undefined || record === undefined || record.committedAtUs !== undefined) return;
    const status = await this.#bench.run(this.#bench.host.status());
    record.deferredBlocks = Math.max(record.deferredBlocks, status.deferredBlocks);
    if (status.frozen !== generation || status.committed === generation) return;
    record.blocksTotal = Math.max(record.blocksTotal, status.blocksTotal);
    record.blocksSent = Math.max(record.blocksSent, status.blocksSent);
  }

  #completed(record: Mutable<GenerationRecord>, atUs: number): void {
    if (record.completeAtUs !== undefined) return;
    record.completeAtUs = atUs;
    this.#record.event('complete', 'everything is sent and stored', { atUs, generation: record.generation });
  }

  #committed(record: Mutable<GenerationRecord>, atUs: number): void {
    if (record.committedAtUs !== undefined) return;
    record.committedAtUs = atUs;
    record.blocksSent = record.blocksTotal;
    const gathered = this.#maps?.of(record.generation);
    if (gathered !== undefined) {
      const { blocksTotal, blocksSent, zeroBlocks, deferredBlocks } = gathered;
      Object.assign(record, { blocksTotal, blocksSent, zeroBlocks, deferredBlocks });
    }
    this.#record.bytesUntilNow(record);
    this.#record.event('commit', 'the sub committed the image', { atUs, generation: record.generation });
  }

  #structured(record: Mutable<GenerationRecord>, atUs: number): void {
    if (record.structuredAtUs !== undefined) return;
    record.structuredAtUs = atUs;
    const text = 'the raw secondary area equals the image';
    this.#record.event('structured', text, { atUs, generation: record.generation });
  }

  #failed(record: Mutable<GenerationRecord>, error: unknown): Outcome {
    if (!(error instanceof RefusalError)) throw error;
    // A controller that is gone, or refuses the question, says nothing about the generation.
    if (!(error instanceof GenerationFailed) || record.failedAtUs !== undefined) return error;
    const { code } = error.refusal;
    record.failedAtUs = this.#bench.nowUs();
    record.failedReason = code;
    this.#record.event('failed', refusals[code].meaning, { generation: record.generation, values: { reason: code } });
    return error;
  }

  async #within<T>(promise: Promise<T>, what: string): Promise<T> {
    if (this.#bench.can.virtualTime) return this.#bench.run(promise);
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new RefusalError('timed-out', what)), waitMsMax);
    });
    return Promise.race([promise, late]).finally(() => clearTimeout(timer));
  }
}
