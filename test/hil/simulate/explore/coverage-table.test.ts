import { expect } from 'chai';
import { expandPlan } from '../../../../hil/simulate/expand.js';
import { coverageTable, linkCoverageLines } from '../../../../hil/simulate/explore/coverage-table.js';
import { runPlan } from '../../../../hil/simulate/run-plan.js';

describe('the table of what was met', () => {
  it('has a row for each class of faults and a column for each state that was met, with counts', () => {
    const lines = coverageTable({
      'line flip × main idle × remote there': 2,
      'line flip × main idle × host back': 5,
      'line flip × sub idle × subHost back': 1234,
      'power × main transfer × both': 999_400,
      'power × sub off × sub': 12_345_678,
    });
    expect(lines.slice(0, 4)).to.deep.equal([
      '                      main         sub',
      '                      idle  send  idle   off',
      'line flip                7     ·  1.2k     ·',
      'power                    ·  999k     ·   12M',
    ]);
    expect(lines[4]).to.equal('areas:  both 999k, host back 5, remote there 2, sub 12M, subHost back 1.2k');
    expect(lines.slice(5).join(' '))
      .to.match(/^never: {2}line burst, /)
      .and.not.to.include('line flip')
      .and.not.to.include('power');
  });

  it('shows states and classes that it does not know', () => {
    const lines = coverageTable({ 'moths × main dreaming × sub meta': 1, 'power × main idle × main': 1 });
    expect(lines.slice(1, 4)).to.deep.equal([
      '                      idle dream',
      'power                    1     ·',
      'moths                    ·     1',
    ]);
  });

  it('knows each state and class that plans meet', () => {
    const seeds = Array.from({ length: 20 }, (_, index) => 1 + index);
    const met = seeds.map((seed) => Object.fromEntries(runPlan(expandPlan(seed), { crashEvery: 0 }).coverage));
    const coverage = Object.assign({}, ...met);
    const [sites = '', headings = ''] = coverageTable(coverage);
    expect(sites.trim().split(/ +/)).to.deep.equal(['main', 'sub']);
    for (const heading of headings.trim().split(/ +/)) expect(heading.length).to.be.at.most(5);
  });

  it('lists what the link met', () => {
    expect(linkCoverageLines({ opened: 3, 'applied flip': 1500 })).to.deep.equal(['  applied flip 1.5k, opened 3']);
  });
});
