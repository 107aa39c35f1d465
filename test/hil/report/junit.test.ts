import { expect } from 'chai';
import { junitXml } from '../../../hil/report/junit.js';
import { sampleRecord } from './sample-record.js';
import { all, parseXml } from './xml.js';

describe('junit.xml', () => {
  it('has the elements and attributes that the schema of Ant demands, in its order', () => {
    const root = parseXml(junitXml(sampleRecord({ wrong: true })));
    expect([root.name, root.attributes]).to.deep.equal(['testsuites', {}]);
    const suite = root.children[0];
    const names = suite?.children.map(({ name }) => name);
    expect([...new Set(names)]).to.deep.equal(['properties', 'testcase', 'system-out', 'system-err']);
    expect(suite?.attributes).to.deep.equal({
      name: 'differential copy of a file system under load',
      package: 'coldframe',
      id: '0',
      timestamp: '2026-11-22T18:30:00',
      hostname: 'processes',
      tests: '6',
      failures: '1',
      errors: '0',
      time: '8.400',
    });
  });

  it('has a test case for each check, and what went wrong in its failure', () => {
    const cases = all(parseXml(junitXml(sampleRecord({ wrong: true }))), 'testcase');
    expect(cases.map(({ attributes, children }) => [attributes.name, children.length])).to.deep.equal([
      ['image 1 equals its golden image', 0],
      ['image 2 equals its golden image', 0],
      ['image 3 equals its golden image', 1],
      ['a read at main always gives the newest write', 0],
      ['the secondary area gives the previous image until the commit', 0],
      ['no acknowledged write is lost', 0],
    ]);
    const failure = cases[2]?.children[0];
    expect(failure?.attributes).to.deep.equal({
      message: '4 of 16 384 blocks differ: 5117, 9300 to 9302',
      type: 'check',
    });
    expect(failure?.text).to.contain('misdirected');
  });

  it('counts a run without a verdict as an error', () => {
    const record = { ...sampleRecord(), verdict: 'unavailable' as const, reason: 'the board is gone', checks: [] };
    const root = parseXml(junitXml(record));
    expect(root.children[0]?.attributes).to.include({ tests: '1', failures: '0', errors: '1' });
    expect(all(root, 'error')[0]?.attributes.message).to.equal('No verdict: the board is gone');
  });

  it('stays well-formed whatever the names and details hold, and keeps what can be kept', () => {
    const nasty = '<b a="1">&amp;\' ]]> \u0000\u001b[31m \ud800 \uffff \u{1f600}\ttab';
    const record = sampleRecord();
    const check = { name: nasty, verdict: 'failed' as const, seconds: 1, details: `${nasty}\nsecond line` };
    const root = parseXml(junitXml({ ...record, title: nasty, command: nasty, checks: [check] }));
    const shown = '<b a="1">&amp;\' ]]> \u2400\u241b[31m \ufffd \ufffd \u{1f600}\ttab';
    expect(all(root, 'testcase')[0]?.attributes.name).to.equal(shown);
    expect(all(root, 'failure')[0]?.attributes.message).to.equal(shown);
    expect(all(root, 'failure')[0]?.text).to.equal(`${shown}\nsecond line`);
  });
});
