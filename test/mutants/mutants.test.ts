import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { mutated, repository } from './apply.js';
import { editsOf } from './mutant.js';
import { mutants } from './mutants.js';

describe('mutants', () => {
  it('are many, each with a name of its own in kebab case', () => {
    const names = mutants.map(({ name }) => name);
    expect(new Set(names).size).to.equal(names.length);
    expect(names.length).to.be.at.least(40);
    for (const name of names) expect(name).to.match(/^[a-z0-9]+(-[a-z0-9]+)*$/);
  });

  it('say what goes wrong, in a sentence', () => {
    for (const { name, harm } of mutants) expect(harm, name).to.match(/^[A-Z].{40,}\.$/);
  });

  it('take more than a job without faults to be found, but for a few', () => {
    expect(mutants.filter(({ foundByDemo }) => foundByDemo).length).to.be.at.most(mutants.length / 8);
  });

  for (const mutant of mutants) {
    it(`${mutant.name} fits the sources as they are`, () => {
      const texts = new Map<string, string>();
      for (const edit of editsOf(mutant)) {
        expect(edit.file, 'only firmware and protocol are mutated').to.match(/^(firmware-sim|protocol)\/.*\.ts$/);
        const text = texts.get(edit.file) ?? readFileSync(join(repository, edit.file), 'utf8');
        texts.set(edit.file, mutated(text, edit));
        expect(texts.get(edit.file), 'changes something').not.to.equal(text);
      }
    });
  }

  it('are not applied where their piece occurs twice, or not at all', () => {
    const edit = { file: 'a.ts', find: 'b', replace: 'c' };
    expect(mutated('abd', edit)).to.equal('acd');
    expect(() => mutated('abbd', edit)).to.throw(RangeError, 'exactly once');
    expect(() => mutated('ad', edit)).to.throw(RangeError, 'exactly once');
  });
});
