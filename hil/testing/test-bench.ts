/** A bench in a test: operations that can be awaited whatever time the bench is in, and images that can be matched. */
import { randomBytes } from 'node:crypto';
import type { HostClient } from '../../host/client.js';
import type { Golden } from '../../host/golden/golden.js';
import type { Profile } from '../../host/workload/plan.js';
import { WriteLog } from '../../host/workload/write-log.js';
import type { Bench, Powered } from '../bench/bench.js';
import { HostWriter } from '../job/host-writer.js';
import { type KnownImage, knownImage } from '../job/image-check.js';
import { contentOf, plannedWrites } from '../job/workload-steps.js';

/** An image that a freeze fixed: what the host knows that it must hold. */
export interface FrozenImage extends KnownImage {
  readonly generation: number;
}

/** A controller, as its host port shows it. */
export interface Site {
  readonly role: Powered;
  readonly bench: Bench;
  readonly client: HostClient;
  read(volume: number, offsetBytes: number, lengthBytes: number): Promise<Uint8Array>;
  status(): ReturnType<HostClient['status']>;
}

export class TestBench {
  readonly bench: Bench;
  readonly main: Site;
  readonly sub: Site;
  readonly #writer: HostWriter;
  #newest = 0;
  #writes = 0;

  /** The volumes hold zeros, and no generation has been frozen. */
  constructor(bench: Bench) {
    this.bench = bench;
    this.main = siteOf(bench, 'main');
    this.sub = siteOf(bench, 'sub');
    const { volumes, blockBytes } = bench.shape;
    const log = new WriteLog(volumes, blockBytes);
    this.#writer = new HostWriter({ bench, client: bench.host, log, onEnded: () => {} });
  }

  /** The host at main. In virtual time nothing moves but within `run`. */
  get host(): HostClient {
    return this.bench.host;
  }

  /** Waits for a promise of a client; in virtual time this is what lets time pass. */
  run<T>(promise: Promise<T>): Promise<T> {
    return this.bench.run(promise);
  }

  /** Writes and waits for GOOD. Offsets and lengths are multiples of 512. */
  async write(volume: number, offsetBytes: number, data: Uint8Array): Promise<void> {
    await this.#writer.write(volume, offsetBytes, { kind: 'data', data: Uint8Array.from(data) });
    await this.#writer.settle();
  }

  /** Sends seeded writes whose blocks say where they belong and when they were written; `settle` waits for them. */
  async workload(of: { readonly writes: number; readonly profile?: Profile; readonly seed?: number }): Promise<void> {
    const { volumes, blockBytes } = this.bench.shape;
    const { writes, profile = 'random', seed = 1 } = of;
    for (const planned of plannedWrites({ volumes, blockBytes, writes, profile, seed, sizes: 'mixed' })) {
      this.#writes += 1;
      const stamp = { blockBytes, write: this.#writes, generation: this.#newest + 1, seed };
      await this.#writer.write(planned.volume, planned.offsetBytes, contentOf(planned, stamp));
    }
  }

  /** Waits until every write is acknowledged. */
  settle(): Promise<void> {
    return this.#writer.settle();
  }

  /** Freezes, also with writes under way; resolves with the image that the sub must come to hold. */
  async freeze(): Promise<FrozenImage> {
    const { log } = this.#writer;
    const sentOrder = log.mark();
    const { generation, epoch, included } = await this.run(this.host.freeze(randomBytes(16)));
    const volumes = log.imageAt({ sentOrder, answeredOrder: log.mark(), includedTags: included });
    this.#newest = generation;
    return { generation, ...(await knownImage(volumes, { method: this.bench.shape.method, generation, epoch })) };
  }

  /** What main must give now. */
  async newest(): Promise<KnownImage> {
    await this.settle();
    return knownImage(this.#writer.log.newest(), { generation: this.#newest, epoch: 0 });
  }

  /** Waits until a generation is committed, or structured; rejects with the reason when it failed. */
  wait(image: Pick<FrozenImage, 'generation'>, target: 'committed' | 'structured' = 'committed'): Promise<void> {
    return this.run(this.host.wait(image.generation, target));
  }
}

/** What an expectation may be about. */
export function isSite(value: unknown): value is Site {
  return value instanceof BenchSite;
}

/** What a site may be matched with: an image of a freeze, or a golden image from a file. */
export function imageOf(value: unknown): (KnownImage & { readonly generation?: number }) | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('golden' in value && 'volumes' in value) return value as KnownImage;
  if ('digest' in value && 'volumes' in value && 'blockBytes' in value) return { golden: value as Golden, volumes: [] };
  return undefined;
}

class BenchSite implements Site {
  readonly role: Powered;
  readonly bench: Bench;

  constructor(bench: Bench, role: Powered) {
    this.bench = bench;
    this.role = role;
  }

  get client(): HostClient {
    return this.role === 'main' ? this.bench.host : this.bench.subHost;
  }

  read(volume: number, offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    return this.bench.run(this.client.read(volume, offsetBytes, lengthBytes));
  }

  status(): ReturnType<HostClient['status']> {
    return this.bench.run(this.client.status());
  }
}

function siteOf(bench: Bench, role: Powered): Site {
  return new BenchSite(bench, role);
}
