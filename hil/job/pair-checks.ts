/** Holds the sub against the images that were frozen, and tells the report what was found. */
import { type RefusalCode, RefusalError, refusals } from '../../protocol/refusals.js';
import type { Bench } from '../bench/bench.js';
import { areaMaps } from './area-maps.js';
import { type Claim, claimLines } from './committed-claim.js';
import type { Generations } from './generations.js';
import { checkByDigests, checkRawArea, findingLines, type ImageFinding, type KnownImage } from './image-check.js';
import type { JobRecord } from './job-record.js';
import type { ModelMaps } from './model-maps.js';

export interface PairChecksOptions {
  readonly bench: Bench;
  readonly record: JobRecord;
  /** Images by generation. */
  readonly images: ReadonlyMap<number, KnownImage>;
  readonly generations: Pick<Generations, 'known' | 'hasFailed'>;
  readonly maps: ModelMaps | undefined;
}

/** How often a check is tried, and how long after one that failed. */
export interface Retry {
  readonly tries: number;
  readonly everyMs: number;
}

export const once: Retry = { tries: 1, everyMs: 0 };

const claimName = 'the generation that the sub has committed fits what was frozen and committed';
/** How often a commit may pass by while an image is looked at. */
const passedByMax = 8;
/** Between two looks at a sub that reads its records, in microseconds, and how often. */
const lookUs = 20_000;
const looksMax = 30_000;

export class PairChecks {
  readonly #bench: Bench;
  readonly #record: JobRecord;
  readonly #images: ReadonlyMap<number, KnownImage>;
  readonly #generations: PairChecksOptions['generations'];
  readonly #maps: ModelMaps | undefined;
  readonly #mapped = new Set<number>();

  constructor({ bench, record, images, generations, maps }: PairChecksOptions) {
    this.#bench = bench;
    this.#record = record;
    this.#images = images;
    this.#generations = generations;
    this.#maps = maps;
  }

  /**
   * The sub gives the newest image that it has committed, and its file equals it once it is structured. What it says that it
   * has committed is checked, too.
   */
  async committedImage(retry: Retry): Promise<void> {
    const sinceUs = this.#bench.nowUs();
    for (let looks = 0; looks < passedByMax; looks += 1) {
      const claim = await this.#claim(retry);
      if (claim === undefined || (await this.#holds(claim, retry))) return;
    }
    const details = [`another generation was committed meanwhile, ${passedByMax} times`];
    this.#record.check('the sub gives one image for as long as it is looked at', details, sinceUs);
  }

  /** Until generation `newest` is committed the sub gives the image before. */
  async previousImage(newest: number): Promise<void> {
    const sinceUs = this.#bench.nowUs();
    // A freeze is taken only when all before it are committed, or have failed.
    const before = [...this.#images.keys()].filter((each) => each < newest && !this.#generations.hasFailed(each));
    for (let generation = Math.max(0, ...before); ; ) {
      const image = this.#images.get(generation);
      if (image === undefined) return;
      const name = `the sub gives image ${generation} until the next is committed`;
      try {
        const found = await checkByDigests(this.#bench, this.#bench.subHost, { image, of: generation });
        this.#record.check(name, findingLines(found), sinceUs);
        return;
      } catch (error) {
        if (!isWrongGeneration(error)) throw error;
        const { committed } = await this.#bench.run(this.#bench.subHost.status());
        // The next one has been committed already.
        if (committed === newest) return;
        if (committed <= generation || !this.#images.has(committed)) {
          this.#record.check(name, [`${error.message}; its status says generation ${committed}`], sinceUs);
          return;
        }
        generation = committed;
      }
    }
  }

  /**
   * One check of the report, however it ends; what earlier tries found stays in it. No check, and undefined, when what was to
   * be looked at is not there any more.
   */
  async check(
    name: string,
    check: () => Promise<ImageFinding | undefined>,
    { tries, everyMs }: Retry,
  ): Promise<ImageFinding | undefined> {
    const sinceUs = this.#bench.nowUs();
    const failedTries: (readonly string[])[] = [];
    for (;;) {
      const found = await check().catch(refusedFinding);
      if (found === undefined) return undefined;
      const lines = findingLines(found);
      if (lines.length === 0 || failedTries.length + 1 >= tries) {
        this.#record.check(name, lines, sinceUs, failedTries);
        return found;
      }
      failedTries.push(lines);
      await this.#bench.pass(everyMs * 1000);
    }
  }

  /** What the sub says that it has committed; undefined when that cannot be, which is a failed check. */
  async #claim({ tries, everyMs }: Retry): Promise<Claim | undefined> {
    const sinceUs = this.#bench.nowUs();
    const failedTries: (readonly string[])[] = [];
    for (;;) {
      const { known } = this.#generations;
      const claim = await this.#told();
      const askMain = () => this.#bench.run(this.#bench.host.status());
      const lines = await claimLines(claim, { known, made: [...this.#images.keys()], askMain });
      if (lines.length === 0 || failedTries.length + 1 >= tries) {
        const isWorthTelling = lines.length > 0 || failedTries.length > 0;
        if (isWorthTelling) this.#record.check(claimName, lines, sinceUs, failedTries);
        return lines.length === 0 ? claim : undefined;
      }
      failedTries.push(lines);
      await this.#bench.pass(everyMs * 1000);
    }
  }

  /** The status of the sub, as soon as it has read its records: until then there may be nothing in it. */
  async #told(): Promise<Claim> {
    const { subHost } = this.#bench;
    for (let looks = 0; looks < looksMax; looks += 1) {
      const claim = await this.#bench.run(subHost.status());
      const { committed } = claim;
      if (committed !== 0 && committed >= this.#generations.known.committed) return claim;
      const answer = await this.#answerOf(subHost.digests(0, { ...oneBlock, of: committed }));
      if (answer !== 'recovering') return claim;
      await this.#bench.pass(lookUs);
    }
    throw new RefusalError('timed-out', 'waiting for the sub to read its records');
  }

  /** Holds the sub against the image that it claims; false when it committed another one meanwhile. */
  async #holds({ committed, structured }: Claim, retry: Retry): Promise<boolean> {
    const image = this.#images.get(committed);
    if (committed === 0) return this.#holdsNothing(retry);
    if (image === undefined) {
      this.#record.event('verify', 'the sub gives an image of an earlier run', { generation: committed });
      return true;
    }
    const name = `image ${committed}`;
    const check = (what: string, look: () => Promise<ImageFinding>) =>
      this.check(what, () => this.#unlessPassedBy(committed, look), retry);
    const byDigests = await check(`${name} at the sub is what was frozen`, () =>
      checkByDigests(this.#bench, this.#bench.subHost, { image, of: committed }),
    );
    if (byDigests === undefined) return false;
    const isRaw = structured === committed && this.#bench.can.areas.has('sub');
    const raw = isRaw
      ? await check(`the raw secondary area equals ${name}`, () => checkRawArea(this.#bench, 'secondary', image))
      : undefined;
    // What names the wrong blocks says more than a controller that refuses to answer.
    const found = raw !== undefined && raw.wrongBlocks >= byDigests.wrongBlocks ? raw : byDigests;
    const isWrong = [byDigests, raw].some((each) => each !== undefined && findingLines(each).length > 0);
    this.#judge(committed, image, found, isWrong);
    return !isRaw || raw !== undefined;
  }

  async #holdsNothing(retry: Retry): Promise<boolean> {
    const look = async () => {
      const answer = await this.#answerOf(this.#bench.subHost.digests(0, oneBlock));
      return answer === 'not-ready' ? nothingFound : { ...nothingFound, refused: `answer: ${answer ?? 'digests'}` };
    };
    const name = 'the sub gives no image before the first commit';
    return (await this.check(name, () => this.#unlessPassedBy(0, look), retry)) !== undefined;
  }

  /** What was found, but nothing when it was wrong because another generation has been committed. */
  async #unlessPassedBy(of: number, look: () => Promise<ImageFinding>): Promise<ImageFinding | undefined> {
    const found = await look().catch(refusedFinding);
    if (findingLines(found).length === 0) return found;
    const { committed } = await this.#bench.run(this.#bench.subHost.status());
    return committed > of ? undefined : found;
  }

  /** The code of a refusal by the sub, undefined when it has answered. */
  #answerOf(answer: Promise<unknown>): Promise<RefusalCode | undefined> {
    return this.#bench.run(answer).then(
      () => undefined,
      (error: unknown) => {
        if (!(error instanceof RefusalError) || refusals[error.refusal.code].exit !== 1) throw error;
        return error.refusal.code;
      },
    );
  }

  #judge(generation: number, image: KnownImage, { wrong, explanations }: ImageFinding, isWrong: boolean): void {
    const record = this.#record.generations.get(generation);
    if (record === undefined) return;
    record.verdict = isWrong || record.verdict === 'failed' ? 'failed' : 'passed';
    record.wrongRanges = [...wrong];
    record.explanations = [...explanations];
    if (this.#mapped.has(generation)) return;
    this.#mapped.add(generation);
    const previous = this.#images.get(generation - 1);
    const whole = record.method === 'copy';
    const gathered = this.#maps?.of(generation);
    const maps = areaMaps({ generation, image, previous, whole, gathered, wrong });
    this.#record.blockMaps.push(...maps);
  }
}

/** A controller that refuses to answer has failed the check; one that is gone ends the run. */
function refusedFinding(error: unknown): ImageFinding {
  if (!(error instanceof RefusalError) || refusals[error.refusal.code].exit !== 1) throw error;
  return { ...nothingFound, refused: error.message };
}

const isWrongGeneration = (error: unknown): error is RefusalError =>
  error instanceof RefusalError && error.refusal.code === 'wrong-generation';

const nothingFound: ImageFinding = { wrong: [], wrongBlocks: 0, explanations: [], requests: 0 };
const oneBlock = { first: 0, count: 1, partBlocks: 1 };
