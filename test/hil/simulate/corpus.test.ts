import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { runLinkPlan } from '../../../hil/simulate/link/run-link.js';
import type { Fault } from '../../../hil/simulate/plan.js';
import { runPlan } from '../../../hil/simulate/run-plan.js';
import { temporaryFolder } from '../../temporary-folder.js';
import { readCorpus } from './read-corpus.js';
import { smallPlan } from './small-plan.js';

const corpus = readCorpus(fileURLToPath(new URL('../../../../test/corpus', import.meta.url)));

describe('plans that once found something', () => {
  for (const { name, found, plan } of corpus) {
    if ('subject' in plan) {
      it(`${name}: ${found}`, () => {
        const [first, second] = [runLinkPlan(plan), runLinkPlan(plan)];
        expect(first.violations).to.deep.equal([]);
        expect(second.traceHash).to.equal(first.traceHash);
        const applied = Object.entries(first.coverage).filter(([what]) => what.startsWith('applied '));
        expect(applied.reduce((sum, [, count]) => sum + count, 0)).to.equal(plan.faults.length);
      });
      continue;
    }
    it(`${name}: ${found}`, () => {
      const met = new Set<Fault>();
      const first = runPlan(plan, { trace: true, witness: { applied: (_atUs, fault) => met.add(fault) } });
      const second = runPlan(plan, { trace: true });
      expect(first.violation).to.equal(undefined);
      expect([second.traceHash, second.generatorState]).to.deep.equal([first.traceHash, first.generatorState]);
      // Where all its faults have met something, it still is about what it was about.
      expect(plan.faults.filter((fault) => !met.has(fault))).to.deep.equal([]);
    });

    it(`${name}, with a power cut looked at after every disk command`, () => {
      const { crash: _crash, ...all } = plan;
      expect(runPlan(all, { crashEvery: 1 }).violation).to.equal(undefined);
    });
  }

  it('are there', () => {
    for (const isLink of [false, true]) {
      expect(corpus.filter(({ plan }) => 'subject' in plan === isLink).length).to.be.at.least(2);
    }
  });
});

describe('a folder of plans', () => {
  const folderWith = (file: string, text: string) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, file), text);
    return folder;
  };

  it('is read in order of names; other files are left alone', () => {
    const folder = folderWith('b.json', JSON.stringify({ found: 'b', plan: smallPlan([]) }));
    writeFileSync(join(folder, 'a.json'), JSON.stringify({ found: 'a', plan: smallPlan([]) }));
    writeFileSync(join(folder, 'README.md'), 'not a plan');
    expect(readCorpus(folder).map(({ name, found }) => name + found)).to.deep.equal(['aa', 'bb']);
    expect(readCorpus(folder)[0]?.plan).to.deep.equal(smallPlan([]));
  });

  it('is refused with the name of the file that is no plan, or not JSON, or says nothing', () => {
    for (const text of ['{', '{}', JSON.stringify({ found: '', plan: smallPlan([]) })]) {
      expect(() => readCorpus(folderWith('wrong.json', text))).to.throw(/wrong\.json: /);
    }
  });
});
