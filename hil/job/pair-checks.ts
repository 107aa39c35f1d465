/** Holds the sub against the images that were frozen, and tells the report what was found. */
import { RefusalError, refusals } from '../../protocol/refusals.js';
import type { Bench } from '../bench/bench.js';
import { countStates } from '../report/block-states.js';
import { areaMaps } from './area-maps.js';
import { checkByDigests, checkRawArea, findingLines, type ImageFinding, type KnownImage } from './image-check.js';
import type { JobRecord } from './job-record.js';
import type { ModelMaps } from './model-maps.js';

export interface PairChecksOptions {
  readonly bench: Bench;
  readonly record: JobRecord;
  /** Images by generation. */
  readonly images: ReadonlyMap<number, KnownImage>;
  readonly maps: ModelMaps | undefined;
}

/** How often a check is tried, and how long after one that failed. */
export interface Retry {
  readonly tries: number;
  readonly everyMs: number;
}

export const once: Retry = { tries: 1, everyMs: 0 };

export class PairChecks {
  readonly #bench: Bench;
  readonly #record: JobRecord;
  readonly #images: ReadonlyMap<number, KnownImage>;
  readonly #maps: ModelMaps | undefined;
  readonly #mapped = new Set<number>();

  constructor({ bench, record, images, maps }: PairChecksOptions) {
    this.#bench = bench;
    this.#record = record;
    this.#images = images;
    this.#maps = maps;
  }

  /** The sub gives the newest image that it has committed, and its file equals it once it is structured. */
  async committedImage(retry: Retry): Promise<void> {
    const { committed, structured } = await this.#bench.run(this.#bench.subHost.status());
    const image = this.#images.get(committed);
    if (image === undefined) return;
    const name = `image ${committed}`;
    const byDigests = await this.check(
      `${name} at the sub is what was frozen`,
      () => checkByDigests(this.#bench, this.#bench.subHost, { image, of: committed }),
      retry,
    );
    const raw =
      structured === committed && this.#bench.can.areas.has('sub')
        ? await this.check(
            `the raw secondary area equals ${name}`,
            () => checkRawArea(this.#bench, 'secondary', image),
            retry,
          )
        : undefined;
    // What names the wrong blocks says more than a controller that refuses to answer.
    const found = raw !== undefined && raw.wrongBlocks >= byDigests.wrongBlocks ? raw : byDigests;
    const isWrong = [byDigests, raw].some((each) => each !== undefined && findingLines(each).length > 0);
    this.#judge(committed, image, found, isWrong);
  }

  /** Until a commit the sub gives the image before. */
  async previousImage(image: KnownImage): Promise<void> {
    const sinceUs = this.#bench.nowUs();
    const { generation } = image.golden.provenance;
    try {
      const found = await checkByDigests(this.#bench, this.#bench.subHost, { image, of: generation });
      this.#record.check(`the sub gives image ${generation} until the next is committed`, findingLines(found), sinceUs);
    } catch (error) {
      // The next one has been committed already, or the sub is not there.
      if (!(error instanceof RefusalError) || error.refusal.code !== 'wrong-generation') throw error;
    }
  }

  /** One check of the report, however it ends; what earlier tries found stays in it. */
  async check(name: string, check: () => Promise<ImageFinding>, { tries, everyMs }: Retry): Promise<ImageFinding> {
    const sinceUs = this.#bench.nowUs();
    const failedTries: (readonly string[])[] = [];
    for (;;) {
      const found = await check().catch(refusedFinding);
      const lines = findingLines(found);
      if (lines.length === 0 || failedTries.length + 1 >= tries) {
        this.#record.check(name, lines, sinceUs, failedTries);
        return found;
      }
      failedTries.push(lines);
      await this.#bench.pass(everyMs * 1000);
    }
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
    if (gathered !== undefined) return;
    const primary = maps.filter(({ area }) => area === 'primary');
    record.zeroBlocks = primary.reduce((sum, { states }) => sum + (countStates(states).get('z') ?? 0), 0);
  }
}

/** A controller that refuses to answer has failed the check; one that is gone ends the run. */
function refusedFinding(error: unknown): ImageFinding {
  if (!(error instanceof RefusalError) || refusals[error.refusal.code].exit !== 1) throw error;
  return { wrong: [], wrongBlocks: 0, explanations: [], requests: 0, refused: error.message };
}
