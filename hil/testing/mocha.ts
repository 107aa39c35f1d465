/**
 * A bench for the tests of a mocha suite:
 *
 *     describe('my controller', () => {
 *       const bench = useBench({ method: 'differential' });
 *       it('copies', async () => {
 *         await bench.write(0, 0, Buffer.alloc(4096, 1));
 *         const image = await bench.freeze();
 *         await bench.wait(image);
 *         await expect(bench.sub).to.match(image);
 *       });
 *     });
 *
 * What it runs on is chosen by COLDFRAME_BENCH: `emulator` (virtual time, the default), `in-process`, `processes`, or the
 * path of a bench file, which then also says method and volumes.
 */
import type { HostClient } from '../../host/client.js';
import type { Method } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import type { Bench } from '../bench/bench.js';
import { type BenchFile, benchDefault, readBenchFile } from '../bench/bench-file.js';
import { openBench } from '../bench/open-bench.js';
import { parseSize } from '../run/sizes.js';
import { type FrozenImage, type Site, TestBench } from './test-bench.js';

export type { FrozenImage, Site } from './test-bench.js';

export interface UseBenchOptions {
  readonly method?: Method;
  /** Sizes, as in `1MiB`; one volume of 1 MiB unless given. */
  readonly volumes?: readonly string[];
  /** Of the line between the controllers, where it is emulated. */
  readonly baud?: number;
  readonly seed?: number;
  /** In place of COLDFRAME_BENCH. */
  readonly bench?: string;
}

/** A new bench may have to start processes; in milliseconds. */
const startMsMax = 30_000;
const kinds = ['emulator', 'in-process', 'processes'] as const;

/** To be called in `describe`: the bench is there in its tests, as new in each of them, boards excepted. */
export function useBench(options: UseBenchOptions = {}): SuiteBench {
  const file = fileFor(options);
  const suite = new SuiteBench();
  const seed = String(options.seed ?? 1);
  let isNew = false;
  const start = async () => {
    suite.take(await openBench(file, { seed }));
    isNew = true;
  };
  before('starting the bench', async function () {
    this.timeout(startMsMax);
    await start();
  });
  beforeEach('resetting the bench', async function () {
    this.timeout(startMsMax);
    if (!isNew && file.kind !== 'lines') {
      await suite.bench.close();
      await start();
    }
    isNew = false;
  });
  after('stopping the bench', async function () {
    this.timeout(startMsMax);
    await suite.stop();
  });
  return suite;
}

/** The bench of a suite. Its parts are there while tests run. */
export class SuiteBench {
  #current: TestBench | undefined;

  /** The bench of the test that runs. */
  take(bench: Bench): void {
    this.#current = new TestBench(bench);
  }

  async stop(): Promise<void> {
    await this.#current?.bench.close();
    this.#current = undefined;
  }

  /** Lines to cut, power, raw areas, marks. */
  get bench(): Bench {
    return this.#now.bench;
  }

  get host(): HostClient {
    return this.#now.host;
  }

  get main(): Site {
    return this.#now.main;
  }

  get sub(): Site {
    return this.#now.sub;
  }

  /** Waits for a promise of a client; in virtual time this is what lets time pass. */
  run<T>(promise: Promise<T>): Promise<T> {
    return this.#now.run(promise);
  }

  /** Writes and waits for GOOD. Offsets and lengths are multiples of 512. */
  write(volume: number, offsetBytes: number, data: Uint8Array): Promise<void> {
    return this.#now.write(volume, offsetBytes, data);
  }

  /** Sends seeded writes; see TestBench. */
  workload(of: Parameters<TestBench['workload']>[0]): Promise<void> {
    return this.#now.workload(of);
  }

  /** Waits until every write is acknowledged. */
  settle(): Promise<void> {
    return this.#now.settle();
  }

  /** Freezes; resolves with the image that the sub must come to hold. */
  freeze(): Promise<FrozenImage> {
    return this.#now.freeze();
  }

  /** What main must give now. */
  newest(): ReturnType<TestBench['newest']> {
    return this.#now.newest();
  }

  /** Waits until a generation is committed, or structured. */
  wait(image: Pick<FrozenImage, 'generation'>, target?: 'committed' | 'structured'): Promise<void> {
    return this.#now.wait(image, target);
  }

  get #now(): TestBench {
    if (this.#current === undefined) throw new Error('the bench is there in tests and hooks, not in describe');
    return this.#current;
  }
}

function fileFor(options: UseBenchOptions): BenchFile {
  const chosen = options.bench ?? process.env.COLDFRAME_BENCH ?? 'emulator';
  const kind = kinds.find((each) => each === chosen);
  if (kind === undefined) return readBenchFile(chosen);
  const { method = benchDefault.method, volumes = ['1MiB'], baud } = options;
  const remote = baud === undefined ? undefined : { baud, latencyMs: 0, ber: 0, drop: 0 };
  const sizes = volumes.map((size) => ({ size: parseSize(size), areas: {} }));
  if (sizes.some(({ size }) => size % benchDefault.block !== 0)) {
    throw new RefusalError('argument-invalid', `volumes: sizes are multiples of ${benchDefault.block}`);
  }
  return { ...benchDefault, kind, method, volumes: sizes, lines: remote === undefined ? {} : { remote } };
}
