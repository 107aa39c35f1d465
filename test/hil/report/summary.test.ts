import { expect } from 'chai';
import type { RunRecord } from '../../../hil/report/run-record.js';
import { summarize } from '../../../hil/report/summary.js';
import { sampleRecord } from './sample-record.js';

const reasonOf = (changes: Partial<RunRecord>): string => summarize({ ...sampleRecord(), ...changes }).reason;

describe('summary of a run', () => {
  it('gives the reason that the run itself has given before any other', () => {
    expect(reasonOf({ verdict: 'failed', reason: 'the board is gone' })).to.equal('the board is gone');
  });

  it('names two checks that failed and hints at more', () => {
    const failed = ['a', 'b', 'c'].map((name) => ({ name, verdict: 'failed' as const, seconds: 0, details: '' }));
    expect(reasonOf({ verdict: 'failed', checks: failed })).to.equal('3 of 3 checks failed: “a”, “b”, …');
  });

  it('names the generation that failed when no check says so', () => {
    const [first] = sampleRecord().generations;
    if (first === undefined) throw new Error('no generation');
    const wrong = { ...first, verdict: 'failed' as const };
    expect(reasonOf({ verdict: 'failed', generations: [wrong] })).to.equal('Generation 1 failed: its image is wrong.');
    expect(reasonOf({ verdict: 'failed', generations: [{ ...wrong, failedReason: 'shadow-full' }] })).to.equal(
      'Generation 1 failed: shadow-full.',
    );
  });

  it('never claims for a run without a verdict that checks passed', () => {
    expect(reasonOf({ verdict: 'interrupted' })).to.equal('The run did not come to its end.');
  });

  it('speaks of images only where some were verified', () => {
    expect(reasonOf({ generations: [] })).to.equal('6 checks passed.');
    expect(reasonOf({ generations: sampleRecord().generations.slice(0, 1) })).to.equal(
      '6 checks passed; 1 image equals its golden image.',
    );
  });

  it('has figures of latency only where the host has written', () => {
    expect(summarize({ ...sampleRecord(), latencies: [] })).to.not.have.property('latencyUs');
    const latencies = [30, 10, 20].map((us) => ({ atUs: 0, us }));
    expect(summarize({ ...sampleRecord(), latencies }).latencyUs).to.deep.equal({ median: 20, p99: 30, max: 30 });
  });
});
