/**
 * Random programs against the whole bench in virtual time and a plain model in memory: writes, freezes at every
 * position, lost lines and power cuts, shadow areas too small, several volumes, all methods.
 */
import fc from 'fast-check';
import { methods } from '../../protocol/ids.js';
import { ModelRun, type Program, type Step } from './model-run.js';

const range = { volume: fc.nat(1), sector: fc.nat(500), sectors: fc.integer({ min: 1, max: 24 }) };
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('write' as const), ...range }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unmap' as const), ...range }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('freeze' as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), us: fc.integer({ min: 0, max: 300_000 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('cut' as const), us: fc.integer({ min: 1, max: 3_000_000 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('power' as const), who: fc.constantFrom('main' as const, 'sub', 'both') }),
  },
);
const program: fc.Arbitrary<Program> = fc.record({
  method: fc.constantFrom(...methods),
  volumes: fc.integer({ min: 1, max: 2 }),
  shadowBlocks: fc.constantFrom(3, 10, 65),
  baud: fc.constantFrom(115_200, 921_600),
  steps: fc.array(step, { maxLength: 40 }),
});

describe('the whole bench against a model in memory', () => {
  it('shows exactly one frozen image at every moment, and the newest data to the host', async function () {
    this.timeout(600_000);
    await fc.assert(
      fc.asyncProperty(program, async (given) => {
        const run = new ModelRun(given);
        if (process.env['COLDFRAME_MODEL_TRACE']) process.stdout.write(`${JSON.stringify(given)}\n`);
        for (const each of given.steps) await run.step(each);
        await run.finish();
      }),
      {
        numRuns: Number(process.env['COLDFRAME_MODEL_RUNS'] ?? 60),
        endOnFailure: process.env['COLDFRAME_MODEL_QUICK'] !== undefined,
      },
    );
  });
});
