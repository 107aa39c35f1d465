/**
 * Random programs against the whole bench in virtual time and a plain model in memory: writes, reads and freezes under
 * way together, lost lines and power cuts in the middle of them, shadow areas too small, bad lines, slow disks that end
 * their commands in any order, several volumes and block sizes, all methods.
 */
import fc from 'fast-check';
import { methods } from '../../protocol/ids.js';
import { ModelRun, type Program, type Step } from './model-run.js';

const of = <const Kind extends Step['kind']>(kind: Kind) => fc.constant(kind);
/** Many writes go to few places, so that they meet. */
const sector = fc.oneof(fc.nat(40), fc.nat(508));
const range = { volume: fc.nat(1), sector, sectors: fc.integer({ min: 1, max: 40 }) };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 14, arbitrary: fc.record({ kind: of('write'), ...range }) },
  { weight: 1, arbitrary: fc.record({ kind: of('unmap'), ...range }) },
  { weight: 1, arbitrary: fc.record({ kind: of('read'), volume: fc.nat(1) }) },
  { weight: 5, arbitrary: fc.record({ kind: of('freeze') }) },
  { weight: 1, arbitrary: fc.record({ kind: of('look') }) },
  { weight: 1, arbitrary: fc.record({ kind: of('settle') }) },
  { weight: 10, arbitrary: fc.record({ kind: of('events'), count: fc.integer({ min: 1, max: 120 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: of('pass'), us: fc.integer({ min: 0, max: 600_000 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: of('cut'), line: fc.constantFrom('remote' as const, 'remote', 'host') }) },
  { weight: 1, arbitrary: fc.record({ kind: of('restore') }) },
  { weight: 1, arbitrary: fc.record({ kind: of('suspend') }) },
  {
    weight: 3,
    arbitrary: fc.record({ kind: of('power'), who: fc.constantFrom('main' as const, 'main', 'sub', 'both') }),
  },
);
const program: fc.Arbitrary<Program> = fc.record({
  method: fc.constantFrom(...methods),
  volumes: fc.integer({ min: 1, max: 2 }),
  blockBytes: fc.constantFrom(4096, 4096, 1024, 16_384),
  shadowBlocks: fc.constantFrom(4, 12, 90, 600),
  remote: fc.constantFrom(
    { baud: 921_600, bitErrorRate: 0, dropRate: 0 },
    { baud: 3_000_000, bitErrorRate: 1e-5, dropRate: 1e-5 },
    { baud: 12_000_000, bitErrorRate: 0, dropRate: 0 },
  ),
  diskUs: fc.constantFrom(20, 500, 5000),
  lateDisks: fc.boolean(),
  survival: fc.constantFrom('none' as const, 'some'),
  seed: fc.nat(1_000_000),
  steps: fc.array(step, { maxLength: 60, size: 'max' }),
});

describe('the whole bench against a model in memory', () => {
  it('shows exactly one frozen image at every moment, and the newest data to the host', async function () {
    this.timeout(600_000);
    await fc.assert(
      fc.asyncProperty(program, async (given) => {
        const run = new ModelRun(given);
        if (process.env.COLDFRAME_MODEL_TRACE) process.stdout.write(`${JSON.stringify(given)}\n`);
        for (const each of given.steps) await run.step(each);
        await run.finish();
      }),
      {
        numRuns: Number(process.env.COLDFRAME_MODEL_RUNS ?? 60),
        endOnFailure: process.env.COLDFRAME_MODEL_QUICK !== undefined,
      },
    );
  });
});
