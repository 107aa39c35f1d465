import { expect } from 'chai';
import { EmulatedBench } from '../../../hil/bench/emulated-bench.js';
import { type VerifiedClient, verifyVolumes } from '../../../hil/cli/verify-volumes.js';
import { HostClient } from '../../../host/client.js';
import type { Golden } from '../../../host/golden/golden.js';
import { recordGolden } from '../../../host/golden/record.js';
import { SparseImage } from '../../../host/workload/sparse-image.js';
import { RefusalError } from '../../../protocol/refusals.js';

const volumeBytes = 4 * 2 ** 20;
const blocks = volumeBytes / 4096;

/** A pair with one volume, of which each generation has another byte in its first and last blocks. */
class Pair {
  readonly bench = new EmulatedBench({ method: 'differential', volumes: [volumeBytes] });
  newest = 0;

  /** The sub, which commits a generation after each status, before it is read or asked for digests the second time; so many in all. */
  client(commits: number): VerifiedClient {
    const { subHost } = this.bench;
    let looks = 0;
    let left = commits;
    let committing = Promise.resolve();
    const look = async () => {
      looks += 1;
      if (looks === 1) return;
      if (looks === 2 && left > 0) {
        left -= 1;
        committing = this.commit();
      }
      await committing;
    };
    return {
      status: () => {
        looks = 0;
        return subHost.status();
      },
      read: (...range) => look().then(() => subHost.read(...range)),
      digests: (...range) => look().then(() => subHost.digests(...range)),
    };
  }

  async commit(): Promise<void> {
    const { host } = this.bench;
    this.newest += 1;
    await Promise.all([0, blocks - 1].map((block) => host.write(0, block * 4096, this.#block()).done));
    const { generation } = await host.freeze(Buffer.alloc(16, this.newest));
    expect(generation).to.equal(this.newest);
    await host.wait(generation, 'structured');
  }

  /** An image whose first and last blocks are filled with these bytes. */
  golden(of: readonly [number, number]): Promise<Golden> {
    const image = new SparseImage(blocks, 4096);
    image.write(0, { kind: 'data', data: Buffer.alloc(4096, of[0]) });
    image.write(volumeBytes - 4096, { kind: 'data', data: Buffer.alloc(4096, of[1]) });
    return recordGolden([image], { generation: 0, epoch: 1, createdBy: 'test', note: '', history: [] });
  }

  #block(): Buffer {
    return Buffer.alloc(4096, this.newest);
  }
}

/** What a verification ends with: its lines or its refusal, and what it printed. */
async function verified(pair: Pair, client: VerifiedClient, golden: Golden, full: boolean) {
  const printed: string[] = [];
  const streams = [process.stdout, process.stderr] as const;
  const writes = streams.map((stream) => stream.write);
  for (const stream of streams) stream.write = ((text: string) => printed.push(text) > 0) as typeof stream.write;
  try {
    return { lines: await pair.bench.run(verifyVolumes(client, golden, full)), printed };
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    return { refusal: error.refusal, printed };
  } finally {
    for (const [index, stream] of streams.entries()) stream.write = writes[index] ?? stream.write;
  }
}

async function pairWithOne(): Promise<Pair> {
  const pair = new Pair();
  await pair.bench.run(pair.commit());
  return pair;
}

describe('verification at a sub that commits meanwhile', () => {
  it('is not of a mixture of two generations when it reads everything', async () => {
    const pair = await pairWithOne();
    const { refusal, printed } = await verified(pair, pair.client(1), await pair.golden([1, 2]), true);
    expect(refusal).to.deep.equal({ code: 'golden-mismatch', detail: '1 wrong range in generation 2' });
    expect(printed.join('')).to.contain('generation 1 was looked at, the sub now gives generation 2: once more\n');
  });

  for (const full of [true, false]) {
    const how = full ? 'by reading' : 'by digests';
    it(`begins again with the generation that is there then, ${how}`, async () => {
      const pair = await pairWithOne();
      // Something to bisect: digests are asked for once where all is right.
      const wrong = await verified(pair, pair.client(1), await pair.golden([9, 9]), full);
      expect(wrong.refusal).to.deep.equal({ code: 'golden-mismatch', detail: '2 wrong ranges in generation 2' });
      const { lines } = await verified(pair, pair.client(0), await pair.golden([2, 2]), full);
      expect(lines?.[0]).to.match(/generation 2 is the golden image/);
    });

    it(`gives up after three times, ${how}`, async () => {
      const pair = await pairWithOne();
      const { refusal, printed } = await verified(pair, pair.client(1000), await pair.golden([9, 9]), full);
      expect(refusal?.code).to.equal('wrong-generation');
      expect(refusal?.detail).to.match(/^generation \d+ was looked at, the sub now gives generation \d+$/);
      expect(printed.filter((text) => text.endsWith(': once more\n')).length).to.equal(2);
    });

    it(`is of the newest data once the sub has taken over, ${how}`, async () => {
      const pair = await pairWithOne();
      await pair.bench.run(pair.bench.subHost.takeover(true));
      await pair.bench.run(pair.bench.subHost.write(0, 0, Buffer.alloc(4096, 7)).done);
      const { lines } = await verified(pair, pair.client(0), await pair.golden([7, 1]), full);
      expect(lines?.[0]).to.match(/newest data is the golden image/);
    });
  }

  it('does not take the refusal of a sub that gives no other generation for a commit', async () => {
    const pair = await pairWithOne();
    const refusing = { ...pair.client(0), digests: () => Promise.reject(new RefusalError('wrong-generation', 'said')) };
    const { refusal, printed } = await verified(pair, refusing, await pair.golden([1, 1]), false);
    expect([refusal, printed]).to.deep.equal([{ code: 'wrong-generation', detail: 'said' }, []]);
  });
});

describe('digests', () => {
  it('are not taken when they are of another generation than was asked for', async () => {
    const client = new HostClient({ entropy: new Uint8Array(32), onSubmit: () => {} });
    Object.assign(client, { instruct: async () => ({ kind: 'digests', request: 1, generation: 5, digests: [] }) });
    const range = { first: 0, count: 1, partBlocks: 1 };
    const error = await client.digests(0, { ...range, of: 4 }).catch((caught: unknown) => caught);
    expect(error).to.be.instanceOf(RefusalError).with.nested.property('refusal.code', 'wrong-generation');
    expect(await client.digests(0, range)).to.deep.equal([]);
  });
});
