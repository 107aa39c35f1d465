import { expect } from 'chai';
import fc from 'fast-check';
import { SparseImage, type WriteContent } from '../../../host/workload/sparse-image.js';
import { stampSpan } from '../../../host/workload/stamp.js';

const blockBytes = 2048;
const sectors = 130 * 4; // three chunks of blocks, the last a partial one

interface Step {
  readonly sector: number;
  readonly length: number;
  readonly kind: WriteContent['kind'] | 'copy';
}
const steps = fc.array(
  fc.record({
    sector: fc.nat(sectors - 1),
    length: fc.integer({ min: 1, max: 20 }),
    kind: fc.constantFrom<Step['kind']>('data', 'stamped', 'zeros', 'copy'),
  }),
  { maxLength: 40 },
);

/** A write of a step for the image, and the same for a plain buffer. */
function contentOf({ kind, sector, length }: Step, write: number): { content: WriteContent; bytes: Buffer } {
  const lengthBytes = Math.min(length, sectors - sector) * 512;
  const stamp = { volume: 0, blockBytes, write, generation: 1, seed: 5 };
  if (kind === 'stamped') {
    return { content: { kind, stamp, lengthBytes }, bytes: stampSpan(stamp, sector * 512, lengthBytes) };
  }
  if (kind === 'zeros') return { content: { kind, lengthBytes }, bytes: Buffer.alloc(lengthBytes) };
  const bytes = Buffer.alloc(lengthBytes, write);
  return { content: { kind: 'data', data: bytes }, bytes };
}

describe('SparseImage', () => {
  it('holds what a plain buffer holds after the same writes, and so does each copy on its own', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (list) => {
        const pairs = [{ image: new SparseImage(130, blockBytes), plain: Buffer.alloc(sectors * 512) }];
        for (const [index, step] of list.entries()) {
          const target = pairs[index % pairs.length];
          if (target === undefined) continue;
          if (step.kind === 'copy') {
            pairs.push({ image: target.image.copy(), plain: Buffer.from(target.plain) });
            continue;
          }
          const { content, bytes } = contentOf(step, index + 1);
          target.image.write(step.sector * 512, content);
          bytes.copy(target.plain, step.sector * 512);
        }
        for (const { image, plain } of pairs) {
          expect((await image.read(0, 130)).equals(plain)).to.equal(true);
          const covered = Buffer.alloc(plain.length);
          for (const { first, count } of image.dataRuns()) {
            plain.copy(covered, first * blockBytes, first * blockBytes, (first + count) * blockBytes);
          }
          expect(covered.equals(plain), 'outside of the data runs is nothing but zeros').to.equal(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('names the blocks that are in doubt until each of their sectors is written again', () => {
    const image = new SparseImage(16, blockBytes);
    image.doubt(3 * blockBytes + 1536, 1024);
    expect(image.uncertainBlocks()).to.deep.equal([3, 4]);
    image.write(4 * blockBytes, { kind: 'zeros', lengthBytes: 512 });
    expect(image.uncertainBlocks()).to.deep.equal([3]);
    expect(image.copy().uncertainBlocks()).to.deep.equal([3]);
  });
});
