import { expect } from 'chai';
import {
  type InstructionOutcome,
  type InstructionTable,
  instructions,
  mainPhases,
  mainTable,
  subPhases,
  subTable,
} from '../../../firmware-sim/controller/instructions.js';
import { expectedOfMain, expectedOfSub } from '../instructions.expected.js';
import { Lab } from '../lab.js';
import { type Given, give } from './give-instruction.js';
import { mainStates, subStates } from './states.js';

/** What the hand-written expectation calls an outcome of the table. */
function inWords(outcome: InstructionOutcome, read: InstructionOutcome, instruction: string, halted: string): string {
  const command = instruction === 'read' || instruction === 'write';
  if (outcome === 'accepted') return 'yes';
  if (outcome === 'no effect') return 'same';
  if (command && outcome === 'recovering') return 'BUSY';
  if (command) return read === 'accepted' ? 'DATA PROTECT' : 'NOT READY';
  return outcome === 'why it halted' ? halted : outcome;
}

function tableInWords(table: InstructionTable<string>, phases: readonly string[], halted: string) {
  const names = Object.keys(instructions) as (keyof typeof instructions)[];
  const row = (phase: string) =>
    names.map((each) => {
      const read = table.read[phase] ?? 'accepted';
      return [each, inWords(table[each][phase] ?? 'accepted', read, each, halted)] as const;
    });
  return Object.fromEntries(phases.map((phase) => [phase, Object.fromEntries(row(phase))]));
}

describe('instructions in every state', () => {
  it('are in the table as the design has them', () => {
    expect(tableInWords(mainTable, Object.keys(mainPhases), 'wrong-method')).to.deep.equal(expectedOfMain);
    expect(tableInWords(subTable, Object.keys(subPhases), 'block-size-mismatch')).to.deep.equal(expectedOfSub);
  });

  it('make one generation of a freeze that is repeated while it is being taken up', async () => {
    const lab = new Lab({ diskTimes: { accessUs: 5000, flushUs: 5000, lateEffect: true } });
    await lab.write(0, 1);
    lab.bench.host.write(0, 0, Buffer.alloc(4096, 1)).done.catch(() => {});
    await lab.bench.pass(3000);
    const token = Buffer.alloc(16, 7);
    const both = Promise.all([lab.bench.host.freeze(token), lab.bench.host.freeze(token)]);
    const [first, again] = await lab.bench.run(both);
    expect([first.generation, again.generation]).to.deep.equal([1, 1]);
  });

  const sides = [
    { side: 'main', expected: expectedOfMain, states: mainStates },
    { side: 'sub', expected: expectedOfSub, states: subStates },
  ] as const;
  for (const { side, expected, states } of sides) {
    for (const [phase, row] of Object.entries(expected)) {
      it(`at ${side}, ${phase}: are carried out, answered or refused as expected, and a refusal changes no byte`, async () => {
        for (const [instruction, outcome] of Object.entries(row)) {
          const reached = await states[phase]?.();
          if (reached === undefined) throw new Error(`nothing leads to ${phase}`);
          const before = reached.lab.fingerprint();
          const given = await give(reached, instruction);
          expect(given.outcome, `${instruction} in ${phase}`).to.equal(outcome);
          if (outcome !== 'yes') expectUnchanged(reached.lab.fingerprint(), before, instruction, given);
        }
      });
    }
  }
});

function expectUnchanged(after: string, before: string, instruction: string, given: Given): void {
  if (given.leadsOn) return;
  expect(after, `every disk after ${instruction}`).to.equal(before);
}
