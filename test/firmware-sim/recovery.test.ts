import { expect } from 'chai';
import {
  type PowerCut,
  powerCuts,
  powerCutTable,
  recoveryTable,
} from '../../firmware-sim/controller/recovery-table.js';
import { type Method, methods } from '../../protocol/ids.js';
import { phases } from './power-cut-phases.js';
import { PowerCutRun } from './power-cut-run.js';

function cases(): { readonly method: Method; readonly phase: string; readonly who: PowerCut }[] {
  return methods.flatMap((method) =>
    powerCutTable
      .filter(({ phase }) => phases[phase]?.only === undefined || phases[phase]?.only === method)
      .flatMap(({ phase }) => powerCuts.map((who) => ({ method, phase, who }))),
  );
}

describe('recovery after power cuts', () => {
  it('has a way into every phase of the table', () => {
    expect(Object.keys(phases).sort()).to.deep.equal(powerCutTable.map(({ phase }) => phase).sort());
  });

  for (const { phase, next } of powerCutTable) {
    for (const who of powerCuts) {
      const [verdict, continuation] = next[who];
      it(`${phase}, ${who} lost power: ${verdict}, ${continuation}`, async () => {
        for (const each of cases()) {
          if (each.phase !== phase || each.who !== who) continue;
          const run = new PowerCutRun(each.method, phases[phase]?.options);
          const path = phases[phase];
          if (path === undefined) throw new Error(`nothing leads to ${phase}`);
          await path.reach(run);
          await run.cutPower(who);
          expect(run.verdict(), `verdict with ${each.method}`).to.equal(verdict);
          await run.expectContinuation(continuation);
        }
      });
    }
  }

  it('has rows that all say something of their own', () => {
    const conditions = recoveryTable.map(({ when }) => JSON.stringify(when));
    expect(new Set(conditions).size).to.equal(conditions.length);
  });
});
