/** The fuzzer itself: what it calls a finding, and that it finds. */
import { expect } from 'chai';
import { Random } from '../../hil/random.js';
import { RefusalError } from '../../protocol/refusals.js';
import { drawInput } from './draw.js';
import { examine } from './examine.js';
import { heldBytes } from './held-bytes.js';
import { type CoverageSource, type Finding, FuzzLoop } from './loop.js';
import { type Mutation, mutated } from './mutation.js';
import { practice } from './practice.js';
import { shrinkNow, shrinkSlowly } from './shrink.js';
import { type Outcome, property, refusingOnly, type Target } from './target.js';
import { probe, watchedRun } from './watched-run.js';

const none = new Uint8Array(0);

function targetOf(run: (input: Uint8Array) => Outcome, more: Partial<Target> = {}): Target {
  return { name: 'test', about: 'a test', seeds: [Buffer.alloc(8)], inputBytesMax: 64, modules: [], run, ...more };
}

const problemOf = (target: Target, input: Uint8Array = none) => {
  const examined = examine(target, input);
  return examined.kind === 'failed' ? examined.problem : undefined;
};

describe('a run of a target', () => {
  it('passes with what is documented', () => {
    const refused = () =>
      refusingOnly(['line-lost'], () => {
        throw new RefusalError('line-lost', '');
      });
    expect(examine(targetOf(refused), none)).to.deep.equal({ kind: 'passed', label: 'line-lost' });
  });

  it('fails with an error that nobody expects, a refusal that is not documented, and a property that is broken', () => {
    const thrown = (error: Error) => () => {
      throw error;
    };
    expect(problemOf(targetOf(thrown(new TypeError('x'))))).to.include({ kind: 'thrown', name: 'TypeError' });
    const other = () => refusingOnly(['line-lost'], thrown(new RefusalError('file-size', '')));
    expect(problemOf(targetOf(other))).to.include({ name: 'BrokenProperty' });
    const broken = () => {
      property(none.length > 0, 'it is not empty');
      return { label: 'never' };
    };
    expect(problemOf(targetOf(broken))).to.include({ message: 'it is not empty' });
  });

  it('fails when it allocates, or holds, more than an input of that length may', () => {
    const holds = { fixedBytes: 100, perByte: 10 };
    const output = (bytes: number) => () => ({ label: 'x', output: new Uint8Array(bytes) });
    expect(problemOf(targetOf(output(2000), { holds }))).to.include({ kind: 'memory', what: 'held' });
    expect(problemOf(targetOf(output(2000), { holds }), Buffer.alloc(300))).to.equal(undefined);
    const wasteful = () => ({
      label: Array.from({ length: 300_000 }, (_, index) => ({ index })).length > 0 ? 'x' : 'y',
    });
    expect(problemOf(targetOf(wasteful))).to.include({ kind: 'memory', what: 'allocated' });
  });
});

describe('what a value holds', () => {
  it('is not the input, whatever views of it there are, and all of another buffer for the shortest view', () => {
    const input = new Uint8Array(100_000);
    expect(heldBytes([input.subarray(5), input.subarray(7, 9)], input)).to.be.lessThan(100);
    expect(heldBytes({ view: new Uint8Array(100_000).subarray(0, 1) }, input)).to.be.greaterThan(100_000);
  });

  it('is counted once where it stands twice, and ends where it holds itself', () => {
    const buffer = new Uint8Array(10_000);
    const twice: unknown[] = [buffer, buffer];
    twice.push(twice, new Map([['key', 'x'.repeat(1000)]]));
    expect(heldBytes(twice, none)).to.be.within(12_000, 12_300);
  });
});

describe('mutations', () => {
  const input = Buffer.from('0123456789');
  const cases: readonly (readonly [Mutation, string])[] = [
    [{ kind: 'flip', bit: 8 }, '0023456789'],
    [{ kind: 'byte', at: 12, value: 0x41 }, '01A3456789'],
    [{ kind: 'add', at: 0, value: 255 }, '/123456789'],
    [{ kind: 'insert', at: 2, bytes: Buffer.from('ab') }, '01ab23456789'],
    [{ kind: 'overwrite', at: 2, bytes: Buffer.from('ab') }, '01ab456789'],
    [{ kind: 'delete', at: 8, length: 9 }, '01234567'],
    [{ kind: 'cut', length: 3 }, '012'],
    [{ kind: 'repeat', from: 8, length: 9, at: 1 }, '089123456789'],
    [{ kind: 'number', at: 1, width: 2, endian: 'big', value: 0x4142 }, '0AB3456789'],
    [{ kind: 'number', at: 1, width: 4, endian: 'little', value: 2 ** 63 }, '0\0\0\0\x0056789'],
    [{ kind: 'splice', at: 5, other: Buffer.from('abc'), from: 1 }, '01234bc'],
  ];
  for (const [mutation, expected] of cases) {
    it(`${mutation.kind} changes a copy`, () => {
      expect(Buffer.from(mutated(input, mutation, 64)).toString('latin1')).to.equal(expected);
      expect(input.toString()).to.equal('0123456789');
    });
  }

  it('are drawn the same from the same seed, and never longer than the target allows', () => {
    const target = targetOf(() => ({ label: 'x' }), { words: [Buffer.alloc(40, 1)] });
    const draw = () => {
      const random = new Random('draw');
      return Array.from({ length: 300 }, () => Buffer.from(drawInput(random, target, target.seeds)).toString('hex'));
    };
    const drawn = draw();
    expect(draw()).to.deep.equal(drawn);
    expect(Math.max(...drawn.map(({ length }) => length / 2))).to.be.within(41, 64);
    expect(target.seeds).to.deep.equal([Buffer.alloc(8)]);
  });
});

describe('shrinking', () => {
  const fails = (candidate: Uint8Array) => candidate.includes(7) && candidate.length >= 3;

  it('leaves the shortest and plainest input that fails', async () => {
    const input = Buffer.from([...Array.from({ length: 50 }, (_, index) => index + 10), 7, 9, 9, 9]);
    const plain = (shrunk: Uint8Array) => [...shrunk].sort();
    expect(plain(shrinkNow(input, fails))).to.deep.equal([0, 0, 7]);
    expect(plain(await shrinkSlowly(input, 1000, async (each) => fails(each)))).to.deep.equal([0, 0, 7]);
    expect(await shrinkSlowly(input, 0, async () => true)).to.equal(input);
  });
});

describe('the loop', () => {
  it('keeps an input with an outcome that there has not been, and draws the same inputs from the same seed', () => {
    const blind: CoverageSource<undefined> = {
      ...{ take: () => undefined, merge: () => false, isNew: () => false },
      count: { functions: 0, reached: 0, characters: 0 },
    };
    const inputsOf = (seed: number) => {
      const seen: string[] = [];
      const watch = { begin: (input: Uint8Array) => seen.push(Buffer.from(input).toString('hex')), end: () => {} };
      const target = targetOf((input) => ({ label: `${input.length > 20}` }));
      const loop = new FuzzLoop({ target, seed, coverage: blind, watch, onFinding: () => {}, onKept: () => {} });
      loop.begin();
      for (let count = 0; count < 4; count += 1) loop.batch();
      return { seen, corpus: loop.corpus.length };
    };
    expect(inputsOf(3)).to.deep.equal(inputsOf(3));
    expect(inputsOf(3).corpus).to.equal(2);
    expect(inputsOf(4).seen).to.not.deep.equal(inputsOf(3).seen);
  });
});

describe('a watched run', () => {
  const options = { target: practice, seed: 1, runsMax: 20_000, forMs: 100_000, hangMs: 2000, onProgress: () => {} };

  it('finds what only coverage leads to, and tells it once, short and plain', async () => {
    const findings: Finding[] = [];
    const last = await watchedRun({ ...options, inputs: [], onFinding: (finding) => findings.push(finding) });
    expect(findings.map(({ input }) => Buffer.from(input).toString())).to.deep.equal(['FUZ']);
    expect(findings[0]?.problem).to.include({ kind: 'thrown', name: 'TypeError' });
    expect(last.corpus).to.be.within(3, 10);
  });

  it('tells a run that does not come back, and goes on', async () => {
    const findings: Finding[] = [];
    const inputs = [Buffer.from('LOOP and more')];
    const onFinding = (finding: Finding) => findings.push(finding);
    await watchedRun({ ...options, hangMs: 300, hangTries: 1, runsMax: 100, inputs, onFinding });
    expect(findings[0]?.problem).to.deep.equal({ kind: 'hang', limitMs: 300 });
    expect(Buffer.from(findings[0]?.input ?? []).toString()).to.match(/^LOOP/);
  });

  it('examines a single input in a thread of its own', async () => {
    expect(await probe('size', Buffer.from('64MiB'), 30_000)).to.deep.equal({ kind: 'passed', label: 'size' });
  });
});
