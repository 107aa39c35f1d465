/**
 * No input makes a parser throw what it does not document, or cost more memory than an input of its length may. A few
 * inputs of each kind with every `npm test`; `npm run fuzz` looks longer, and watches for parsers that do not come back.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { regressions, regressionTargets } from './corpus.js';
import { describeProblem, examine } from './examine.js';
import { interestingNumbers, type Mutation, mutated } from './mutation.js';
import type { Target } from './target.js';
import { targets } from './targets.js';

const place = fc.nat(10_000);
const short = fc.uint8Array({ minLength: 1, maxLength: 12 });
const width = fc.constantFrom(1, 2, 4, 8);

function mutationOf({ words = [], seeds }: Target): fc.Arbitrary<Mutation> {
  const bytes = words.length === 0 ? short : fc.oneof(short, fc.constantFrom(...words));
  const value = fc.constantFrom(...interestingNumbers);
  const endian = fc.constantFrom('little', 'big');
  const kind = <Kind extends Mutation['kind']>(name: Kind) => fc.constant(name);
  return fc.oneof(
    fc.record({ kind: kind('flip'), bit: fc.nat(80_000) }),
    fc.record({ kind: kind('insert'), at: place, bytes }),
    fc.record({ kind: kind('overwrite'), at: place, bytes }),
    fc.record({ kind: kind('delete'), at: place, length: fc.nat(64) }),
    fc.record({ kind: kind('cut'), length: place }),
    fc.record({ kind: kind('repeat'), from: place, length: fc.nat(64), at: place }),
    fc.record({ kind: kind('number'), at: place, width, endian, value }),
    fc.record({ kind: kind('splice'), at: place, other: fc.constantFrom(...seeds), from: place }),
  ) as fc.Arbitrary<Mutation>;
}

/** Golden inputs with a few changes, with and without their checks put right; and any bytes. */
function inputOf(target: Target): fc.Arbitrary<Uint8Array> {
  const changed = fc
    .tuple(fc.constantFrom(...target.seeds), fc.array(mutationOf(target), { maxLength: 4 }), fc.boolean())
    .map(([seed, mutations, repaired]) => {
      const input = mutations.reduce((bytes, each) => mutated(bytes, each, target.inputBytesMax), seed as Uint8Array);
      return repaired && target.repair !== undefined ? target.repair(input) : input;
    });
  return fc.oneof({ weight: 1, arbitrary: fc.uint8Array({ maxLength: 300 }) }, { weight: 5, arbitrary: changed });
}

function expectPassed(target: Target, input: Uint8Array): void {
  const examined = examine(target, input);
  if (examined.kind === 'passed') return;
  const { problem } = examined;
  throw new Error(describeProblem(problem), { cause: problem.kind === 'thrown' ? problem.stack : undefined });
}

describe('parsers take or refuse by name whatever they are given', () => {
  for (const target of targets) {
    it(`${target.name}: ${target.about}`, () => {
      fc.assert(
        fc.property(inputOf(target), (input) => expectPassed(target, input)),
        { numRuns: target.runsInTests ?? 200 },
      );
    });
  }

  it('each under a name of its own, which inputs that once failed are filed under', () => {
    expect(new Set(targets.map(({ name }) => name)).size).to.equal(targets.length);
    expect(targets.map(({ name }) => name)).to.include.members(regressionTargets());
  });

  for (const target of targets) {
    for (const { name, input } of regressions(target.name)) {
      it(`${target.name}: also for what once failed, ${name}`, () => expectPassed(target, input));
    }
  }
});
