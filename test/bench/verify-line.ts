/**
 * What `host verify` puts on a line of 115200 baud: a sparse volume that matches, and wrong blocks that are found. Bytes are
 * all that both directions carry once a session is open, acknowledgements too.
 */
import { randomBytes } from 'node:crypto';
import { EmulatedBench } from '../../hil/bench/emulated-bench.js';
import { verifyVolumes } from '../../hil/cli/verify-volumes.js';
import { Random } from '../../hil/random.js';
import { verifyGolden } from '../../host/golden/bisect.js';
import type { BlockSpan } from '../../host/golden/block-source.js';
import type { Golden } from '../../host/golden/golden.js';
import { recordGolden } from '../../host/golden/record.js';

const blockBytes = 4096;
/** Data lies in stretches of this, evenly spread over the volume. */
const stretchBytes = 65_536;

export interface VerifiedVolume {
  readonly volumeBytes: number;
  readonly dataBytes: number;
  readonly sealed: boolean;
}

export interface Found {
  /** Requests and answers. */
  readonly messages: number;
  readonly bytes: number;
}

/** A volume at main, at the end of the host's line, and what it should hold. */
export class VerifyLine {
  readonly blocks: number;
  readonly #bench: EmulatedBench;
  readonly #stretches = new Map<number, Buffer>();

  private constructor({ volumeBytes, dataBytes, sealed }: VerifiedVolume) {
    this.blocks = volumeBytes / blockBytes;
    const hostLine = { baud: 115_200, latencyUs: 1000, bitErrorRate: 0, dropRate: 0 };
    const key = sealed ? { key: randomBytes(32) } : {};
    this.#bench = new EmulatedBench({ method: 'differential', volumes: [volumeBytes], hostLine, ...key });
    const count = dataBytes / stretchBytes;
    for (let index = 0; index < count; index += 1) {
      this.#stretches.set((index * volumeBytes) / count / blockBytes, randomBytes(stretchBytes));
    }
  }

  /** Writes the data, over the same line. */
  static async make(settings: VerifiedVolume): Promise<VerifyLine> {
    const line = new VerifyLine(settings);
    for (const [first, data] of line.#stretches) {
      await line.#bench.run(line.#bench.host.write(0, first * blockBytes, data).done);
    }
    await line.#bench.pass(1_000_000);
    return line;
  }

  /** As the command does it: a status, then digests; throws when it finds anything wrong. */
  async matchingBytes(): Promise<number> {
    const golden = await this.#golden(new Set());
    return this.#bytesOf(() => verifyVolumes(this.#bench.host, golden, false));
  }

  /** Against an image in which so many blocks differ, anywhere; throws when it does not find just these. */
  async wrong(count: number): Promise<Found> {
    const random = new Random(`verify/${count}`);
    const blocks = new Set<number>();
    while (blocks.size < count) blocks.add(random.below(this.blocks));
    const golden = await this.#golden(blocks);
    let messages = 0;
    const bytes = await this.#bytesOf(async () => {
      const found = await verifyGolden(golden, ({ volume, ...range }) => this.#bench.host.digests(volume, range));
      const named = found.wrong.flatMap(({ first, count: length }) => Array.from({ length }, (_, at) => first + at));
      const expected = [...blocks].sort((a, b) => a - b);
      if (named.join() !== expected.join()) throw new Error(`found ${named.join()}, not ${expected.join()}`);
      messages = 2 * found.requests;
    });
    return { messages, bytes };
  }

  /** What the line carries for it, in bytes. */
  async #bytesOf(work: () => Promise<unknown>): Promise<number> {
    const before = this.#carriedBytes;
    await this.#bench.run(work());
    // The last acknowledgement, and what a timer might repeat.
    await this.#bench.pass(5_000_000);
    return this.#carriedBytes - before;
  }

  get #carriedBytes(): number {
    return this.#bench.lines.host.counts().reduce((sum, { carriedBytes }) => sum + carriedBytes, 0);
  }

  /** The image of the volume, but for these blocks, each of which has another first byte. */
  #golden(wrong: ReadonlySet<number>): Promise<Golden> {
    const blockOf = (block: number): Buffer => {
      const first = block - (block % (stretchBytes / blockBytes));
      const stretch = this.#stretches.get(first);
      const at = (block - first) * blockBytes;
      const data = stretch?.subarray(at, at + blockBytes) ?? Buffer.alloc(blockBytes);
      if (!wrong.has(block)) return data;
      const other = Buffer.from(data);
      other.writeUInt8(other.readUInt8(0) ^ 1, 0);
      return other;
    };
    const source = {
      blocks: this.blocks,
      blockBytes,
      read: async (first: number, count: number) =>
        Buffer.concat(Array.from({ length: count }, (_, at) => blockOf(first + at))),
      dataRuns: () => this.#runs(wrong),
    };
    return recordGolden([source], { generation: 0, epoch: 1, createdBy: 'bench', note: '', history: [] });
  }

  /** Stretches with data, and those with a wrong block. */
  #runs(wrong: ReadonlySet<number>): readonly BlockSpan[] {
    const count = stretchBytes / blockBytes;
    const firsts = new Set([...this.#stretches.keys(), ...[...wrong].map((block) => block - (block % count))]);
    return [...firsts].sort((a, b) => a - b).map((first) => ({ first, count }));
  }
}
