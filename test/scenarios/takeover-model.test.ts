/** Random programs with takeovers, writes at the sub, failbacks, lost lines and power cuts, all methods. */
import fc from 'fast-check';
import { methods } from '../../protocol/ids.js';
import { type TakeoverProgram, TakeoverRun, type TakeoverStep } from './takeover-run.js';

const of = <const Kind extends TakeoverStep['kind']>(kind: Kind) => fc.constant(kind);
const step: fc.Arbitrary<TakeoverStep> = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.record({ kind: of('write'), sector: fc.nat(380), sectors: fc.integer({ min: 1, max: 24 }) }),
  },
  { weight: 4, arbitrary: fc.record({ kind: of('freeze'), answered: fc.boolean() }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: of('pass'),
      us: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: 500_000 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: of('cut'), us: fc.integer({ min: 1, max: 3_000_000 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: of('power'), who: fc.constantFrom('main' as const, 'sub', 'both') }) },
  { weight: 4, arbitrary: fc.record({ kind: of('takeover'), settled: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: of('failback'), discard: fc.boolean() }) },
);
const program: fc.Arbitrary<TakeoverProgram> = fc.record({
  method: fc.constantFrom(...methods),
  shadowBlocks: fc.constantFrom(10, 49),
  lateDisks: fc.boolean(),
  steps: fc.array(step, { maxLength: 40, size: 'max' }),
});

/** Without an image there is no takeover. */
const firstImage: readonly TakeoverStep[] = [
  { kind: 'write', sector: 0, sectors: 24 },
  { kind: 'freeze', answered: true },
  { kind: 'pass', us: 1_000_000 },
];

describe('takeovers and failbacks against a model in memory', () => {
  it('keep what the side that counts acknowledged, show one image, and bring main back whole', async function () {
    this.timeout(600_000);
    await fc.assert(
      fc.asyncProperty(program, async (given) => {
        const run = new TakeoverRun(given);
        for (const each of [...firstImage, ...given.steps]) await run.step(each);
        await run.finish();
      }),
      {
        numRuns: Number(process.env.COLDFRAME_MODEL_RUNS ?? 25),
        endOnFailure: process.env.COLDFRAME_MODEL_QUICK !== undefined,
      },
    );
  });
});
