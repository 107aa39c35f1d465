/** A host's writer: random writes to random places, several under way at once, each of them tracked. */
import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../hil/random.js';
import type { SurvivingHost } from './surviving-host.js';
import { bytesOf, type TrackedWrite, type VolumeContents } from './volume-contents.js';

interface Place {
  readonly volume: number;
  readonly from: number;
}

const underWayMax = 8;
/** Places that are remembered. */
const recentMax = 24;
const smallSectorsMax = 24;
const largeSectorsMax = 128;
const stepMs = 2;
const steadyPauseMsMax = 40;

export class RandomWriter {
  readonly #random: Random;
  readonly #host: SurvivingHost;
  readonly #contents: VolumeContents;
  readonly #onFailed: (error: Error) => void;
  #steady: Promise<void> | undefined;
  #stopping = false;
  #halted = false;
  #recent: readonly Place[] = [];
  #held = 0;
  /** Writes that were acknowledged. */
  acknowledged = 0;

  constructor(options: {
    readonly random: Random;
    readonly host: SurvivingHost;
    readonly contents: VolumeContents;
    readonly onFailed: (error: Error) => void;
  }) {
    this.#random = options.random;
    this.#host = options.host;
    this.#contents = options.contents;
    this.#onFailed = options.onFailed;
  }

  /** Gives so many writes; the last of them may be under way still when this resolves. */
  async give(count: number): Promise<void> {
    for (let given = 0; given < count && !this.#stopping; ) {
      if (this.#held > 0 || this.#contents.underWay >= underWayMax) await pause(stepMs);
      else {
        this.#give();
        given += 1;
      }
    }
  }

  /** Writes on and on until `stop`: steadily, or as much as the controller takes. */
  start(pace: 'steady' | 'dense'): void {
    const write = async () => {
      while (!this.#stopping) {
        await this.give(1);
        if (pace === 'steady') await pause(this.#random.below(steadyPauseMsMax));
      }
    };
    this.#steady ??= write();
  }

  /** No more writes; resolves when all that were given have been acknowledged, or have died with their host. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#steady;
    this.#steady = undefined;
    this.#stopping = this.#halted;
    await this.quiet();
  }

  /** No more writes, ever. */
  halt(): void {
    this.#stopping = true;
    this.#halted = true;
  }

  async quiet(): Promise<void> {
    while (this.#contents.underWay > 0) await pause(stepMs);
  }

  /** Carries out `work` while no write begins. */
  async whileHeld<Result>(work: () => Promise<Result>): Promise<Result> {
    this.#held += 1;
    try {
      return await work();
    } finally {
      this.#held -= 1;
    }
  }

  #give(): void {
    const { sectors } = this.#contents;
    const { volume, from } = this.#place();
    const countMax = this.#random.below(8) === 0 ? largeSectorsMax : smallSectorsMax;
    const end = Math.min(sectors[volume] ?? 1, from + 1 + this.#random.below(countMax));
    const content = this.#random.below(12) === 0 ? 'zeros' : 'data';
    const write = this.#contents.begin({ volume, from, end }, content);
    if (write !== undefined) void this.#carryOut(write, content);
  }

  /** Half of the places are old ones: they are in the difference that is on its way. */
  #place(): Place {
    const { sectors } = this.#contents;
    const old = this.#recent[this.#random.below(2 * recentMax)];
    const volume = this.#random.below(sectors.length);
    const place = old ?? { volume, from: this.#random.below(sectors[volume] ?? 1) };
    if (old === undefined) this.#recent = [...this.#recent, place].slice(-recentMax);
    return place;
  }

  async #carryOut(write: TrackedWrite, content: 'data' | 'zeros'): Promise<void> {
    const { volume, from, end } = write;
    const { client } = this.#host;
    try {
      if (content === 'data') await client.write(volume, from * 512, bytesOf(write)).done;
      else await client.command(volume, { op: 'unmap', ranges: [{ lba: from, sectors: end - from }] });
      this.#contents.acknowledge(write);
      this.acknowledged += 1;
    } catch (error) {
      this.#contents.abandon(write);
      if (client === this.#host.client) this.#onFailed(error as Error);
    }
  }
}
