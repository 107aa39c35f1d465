import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { allCheckNames, linkChecks, pairChecks } from '../../../../hil/simulate/explore/check-meanings.js';
import { checkNames } from '../../../../hil/simulate/violation.js';

const folder = join('hil', 'simulate', 'link');

describe('the meanings of checks', () => {
  it('tell of each check of a pair, in the order of the oracle', () => {
    expect(Object.keys(pairChecks)).to.deep.equal([...checkNames]);
  });

  it('tell of each check of the link that its sources make, and of no other', () => {
    const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
    const made = sources.flatMap((source) =>
      [...source.matchAll(/#?(?:report|violate)\(\s*'([^']+)'/g)].map(([, name]) => name),
    );
    expect([...new Set(made)].sort()).to.deep.equal(Object.keys(linkChecks).sort());
  });

  it('name no check twice', () => {
    expect(new Set(allCheckNames).size).to.equal(allCheckNames.length);
  });
});
