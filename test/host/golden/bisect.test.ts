import { expect } from 'chai';
import fc from 'fast-check';
import { type AskDigests, verifyGolden } from '../../../host/golden/bisect.js';
import { diffGolden } from '../../../host/golden/diff.js';
import { recordGolden } from '../../../host/golden/record.js';
import { blockNumber, generation, volumeNumber } from '../../../protocol/ids.js';
import { encodeMessage } from '../../../protocol/message/messages.js';
import { askingOf, MemoryVolume, provenance, ramp } from './volumes.js';

/** 64 MiB in blocks of 4096 bytes. The blocks of the test are shorter; the line does not see that. */
const blocks = 16384;

/** Passes requests on and counts the bytes of both messages. */
function counted(ask: AskDigests): { ask: AskDigests; bytes: () => number } {
  let bytes = 0;
  const counting: AskDigests = async (request) => {
    const digests = await ask(request);
    const { volume, first, count, partBlocks } = request;
    const about = { request: 1, generation: generation(1) };
    const asked = { volume: volumeNumber(volume), first: blockNumber(first), count, partBlocks };
    bytes += encodeMessage({ kind: 'getDigests', ...about, ...asked }).length;
    bytes += encodeMessage({ kind: 'digests', ...about, digests: [...digests] }).length;
    return digests;
  };
  return { ask: counting, bytes: () => bytes };
}

describe('verify by bisection', () => {
  const written = (): [number, Buffer][] => Array.from({ length: 300 }, (_, i) => [i * 54, ramp(i % 251)]);

  it('moves less than 1 KiB for a volume of 64 MiB that matches', async () => {
    const volume = new MemoryVolume(blocks, written());
    const line = counted(askingOf([volume]));
    const found = await verifyGolden(await recordGolden([volume], provenance), line.ask);
    expect(found).to.deep.equal({ wrong: [], wrongBlocks: 0, unresolved: [], requests: 1 });
    expect(line.bytes()).to.be.below(1024);
  });

  it('finds three wrong blocks among 16384 with less than 16 KiB', async () => {
    const golden = await recordGolden([new MemoryVolume(blocks, written())], provenance);
    const volume = new MemoryVolume(blocks, written());
    volume.contents.set(54, ramp(200)).set(9000, ramp(1));
    volume.contents.delete(54 * 299);
    const line = counted(askingOf([volume]));
    const found = await verifyGolden(golden, line.ask);
    expect(found.wrong).to.deep.equal([54, 9000, 54 * 299].map((first) => ({ volume: 0, first, count: 1 })));
    expect(line.bytes()).to.be.below(16 * 1024);
  });

  it('finds one wrong block of 1 TiB in at most 8 requests', async () => {
    const size = 2 ** 28;
    const golden = await recordGolden([new MemoryVolume(size, [[size - 1, ramp(1)]])], provenance);
    const found = await verifyGolden(golden, askingOf([new MemoryVolume(size, [[size - 1, ramp(2)]])]));
    expect(found.wrong).to.deep.equal([{ volume: 0, first: size - 1, count: 1 }]);
    expect(found.requests).to.be.at.most(8);
  });

  it('never asks for more than 256 parts at once and asks four requests together at most', async () => {
    const all = (start: number) => Array.from({ length: 1000 }, (_, block) => [block, ramp(start)] as const);
    const answer = askingOf([new MemoryVolume(1000, all(2))]);
    let together = 0;
    const found = await verifyGolden(
      await recordGolden([new MemoryVolume(1000, all(1))], provenance),
      async (request) => {
        together += 1;
        expect(together).to.be.at.most(4);
        expect(Math.ceil(request.count / request.partBlocks)).to.be.at.most(256);
        const digests = await answer(request);
        await Promise.resolve();
        together -= 1;
        return digests;
      },
    );
    expect(found.wrong).to.deep.equal([{ volume: 0, first: 0, count: 1000 }]);
  });

  it('gives up on a volume with everything wrong and names what it did not look into', async () => {
    const golden = await recordGolden([new MemoryVolume(blocks)], provenance);
    const different = new MemoryVolume(
      blocks,
      Array.from({ length: blocks }, (_, block) => [block, ramp(1)] as const),
    );
    const found = await verifyGolden(golden, askingOf([different]), { wrongBlocksMax: 100, requestsAtOnce: 1 });
    expect(found.wrong).to.deep.equal([{ volume: 0, first: 0, count: found.wrongBlocks }]);
    expect(found.wrongBlocks).to.be.within(100, 256);
    const rest = { volume: 0, first: found.wrongBlocks, count: blocks - found.wrongBlocks };
    expect(found.unresolved).to.deep.equal([rest]);
  });

  it('refuses an answer with another number of digests than parts', async () => {
    const golden = await recordGolden([new MemoryVolume(blocks)], provenance);
    const refused = await verifyGolden(golden, async () => []).catch((error: Error) => error.message);
    expect(refused).to.match(/^message-value: .*0 digests for 1 parts/);
  });

  it('finds exactly what a full comparison finds, for any two groups', async () => {
    const contents = (size: number) =>
      fc.array(fc.tuple(fc.nat(size - 1), fc.nat(3)), { maxLength: 60 }).map((list) => {
        const ordered = new Map([...list].sort(([a], [b]) => a - b));
        return new MemoryVolume(
          size,
          [...ordered].map(([block, start]) => [block, ramp(start)] as const),
        );
      });
    const group = fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 3 });
    const pairs = group.chain((sizes) => fc.tuple(fc.tuple(...sizes.map(contents)), fc.tuple(...sizes.map(contents))));
    await fc.assert(
      fc.asyncProperty(pairs, fc.integer({ min: 1, max: 5 }), async ([a, b], requestsAtOnce) => {
        const golden = await recordGolden(a, provenance);
        const answer = askingOf(b);
        const inside: AskDigests = async (request) => {
          expect(request.first + request.count).to.be.at.most(a[request.volume]?.blocks ?? 0);
          return answer(request);
        };
        const found = await verifyGolden(golden, inside, { requestsAtOnce });
        expect(found.wrong).to.deep.equal(diffGolden(golden, await recordGolden(b, provenance)));
      }),
      { numRuns: 60 },
    );
  });
});
