import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { RunCompressor } from '../../../firmware-sim/replica/run-compressor.js';

const runBytes = 4096;
const text = Buffer.alloc(runBytes, 'what was frozen ');

/** Bytes that do not shrink, the same for the same number. */
function noise(seed: number, bytes = runBytes): Buffer {
  const parts = Array.from({ length: Math.ceil(bytes / 32) }, (_, at) =>
    createHash('sha256').update(`${seed}/${at}`).digest(),
  );
  return Buffer.concat(parts).subarray(0, bytes);
}

/** So much of it shrinks to next to nothing. */
const partly = (bytes: number) => Buffer.concat([noise(1, runBytes - bytes), Buffer.alloc(bytes)]);

/** Runs that do not shrink until one is tried: found out with one that shrinks, by a compressor that is in the same state. */
function skippedBy(compressor: RunCompressor): number {
  let skipped = 0;
  while (compressor.compress(text, 15) === undefined) skipped += 1;
  return skipped;
}

/** A compressor that was given so many runs in a row that were tried and did not shrink. */
function missed(misses: number): RunCompressor {
  const compressor = new RunCompressor();
  for (let miss = 0; miss < misses; miss += 1) {
    compressor.compress(noise(miss), 15);
    if (miss === misses - 1) break;
    for (let left = Math.min(2 ** miss, 15); left > 0; left -= 1) compressor.compress(noise(miss), 15);
  }
  return compressor;
}

describe('the compressor of runs', () => {
  it('compresses a run that shrinks', () => {
    const compressed = new RunCompressor().compress(text, 15) ?? expect.fail();
    expect(compressed.length).to.be.below(100);
    expect(inflateSync(compressed).equals(text)).to.equal(true);
  });

  it('leaves runs as they are where the receiver takes nothing compressed', () => {
    expect(new RunCompressor().compress(text, 0)).to.equal(undefined);
  });

  it('uses no larger window than the receiver takes, also when another session takes another one', () => {
    const compressor = new RunCompressor();
    const windows = [15, 9, 12].map((windowBits) => ((compressor.compress(text, windowBits)?.[0] ?? 0) >> 4) + 8);
    expect(windows).to.deep.equal([15, 9, 12]);
  });

  it('leaves a run as it is that would not be a sixteenth smaller', () => {
    const lengths = [200, 240, 280, 320, 400].map((zeros) => new RunCompressor().compress(partly(zeros), 15)?.length);
    for (const length of lengths) if (length !== undefined) expect(length).to.be.at.most(runBytes - runBytes / 16);
    expect([lengths.at(0), lengths.at(-1) === undefined]).to.deep.equal([undefined, false]);
  });

  it('tries ever fewer runs where they do not shrink, one of sixteen in the end, and all again from the first that does', () => {
    expect([0, 1, 2, 3, 4, 5, 6, 9].map((misses) => skippedBy(missed(misses)))).to.deep.equal([
      ...[0, 1, 2, 4, 8, 15, 15, 15],
    ]);
    const compressor = missed(9);
    skippedBy(compressor);
    expect(compressor.compress(text, 15), 'nothing skipped any more').to.be.instanceOf(Uint8Array);
    compressor.compress(noise(5), 15);
    expect(skippedBy(compressor), 'counted from one again').to.equal(1);
  });

  it('answers the same to the same runs, whatever they are', () => {
    const run = fc.oneof(fc.constant(text), fc.integer({ min: 0, max: 9 }).map(noise), fc.constant(partly(800)));
    fc.assert(
      fc.property(fc.array(run, { maxLength: 40 }), fc.integer({ min: 9, max: 15 }), (runs, windowBits) => {
        const [one, two] = [new RunCompressor(), new RunCompressor()];
        for (const data of runs) {
          const compressed = one.compress(data, windowBits);
          expect(two.compress(data, windowBits)).to.deep.equal(compressed);
          if (compressed !== undefined) expect(inflateSync(compressed, { windowBits }).equals(data)).to.equal(true);
        }
      }),
      { numRuns: 25 },
    );
  });
});
