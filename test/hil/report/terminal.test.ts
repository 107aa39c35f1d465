import { expect } from 'chai';
import { terminalLines } from '../../../hil/report/terminal.js';
import { sampleRecord } from './sample-record.js';

const plain = (record: Parameters<typeof terminalLines>[0]): string =>
  terminalLines(record, { colour: false }).join('\n');

describe('report on the terminal', () => {
  it('lists the generations in columns that line up', () => {
    const lines = terminalLines(sampleRecord(), { colour: false });
    const head = lines.findIndex((line) => line.includes('freeze to commit'));
    const table = lines.slice(head, head + 4);
    expect(new Set(table.map((line) => line.length)).size).to.equal(1);
    expect(table[1]?.split(/ {2,}/)).to.deep.equal([
      '',
      '1',
      '✓ passed',
      '16\u202f384',
      '11\u202f305',
      '210',
      '1.44 s',
      '20.1 MiB',
      '31.4 %',
    ]);
  });

  it('ends with the verdict, its reason and how to repeat the run', () => {
    expect(terminalLines(sampleRecord(), { colour: false }).slice(-2)).to.deep.equal([
      'PASSED  6 checks passed; 3 images equal their golden images.',
      'repeat: coldframe run scenarios/differential.yaml --seed 42 --size 64M --profile hot-spot',
    ]);
    expect(plain(sampleRecord({ wrong: true }))).to.contain(
      'FAILED  1 of 6 checks failed: “image 3 equals its golden image”',
    );
  });

  it('names wrong blocks and says where what they hold comes from', () => {
    const text = plain(sampleRecord({ wrong: true }));
    expect(text).to.contain('volume 0, block 5117 is wrong');
    expect(text).to.contain('volume 0, blocks 9300 to 9302 are wrong');
    expect(text).to.contain('block 5117 of volume 0 holds write 212 of generation 2 for block 5119: misdirected');
  });

  it('names at most eight wrong ranges and how many there are besides', () => {
    const record = sampleRecord({ generations: 1, wrong: true });
    const wrongRanges = Array.from({ length: 12 }, (_, index) => ({ volume: 0, first: index * 10, count: 1 }));
    const text = plain({ ...record, generations: record.generations.map((one) => ({ ...one, wrongRanges })) });
    expect(text.match(/is wrong/g)?.length).to.equal(8);
    expect(text).to.contain('and 4 further ranges: see report.json');
  });

  it('says the reason when a generation failed before its commit', () => {
    const record = sampleRecord({ generations: 1 });
    const { committedAtUs, structuredAtUs, completeAtUs, ...rest } = record.generations[0] ?? {};
    const failed = { ...rest, failedAtUs: completeAtUs, failedReason: 'shadow-full' };
    expect(plain({ ...record, generations: [failed as (typeof record.generations)[0]] })).to.contain('shadow-full');
  });

  it('has colours only when told, and the same words', () => {
    const record = sampleRecord({ wrong: true });
    const coloured = terminalLines(record, { colour: true }).join('\n');
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, 'g');
    expect(plain(record)).to.not.match(escapes);
    expect(coloured).to.match(escapes);
    expect(coloured.replace(escapes, '')).to.equal(plain(record));
  });

  it('lets no text from outside steer the terminal', () => {
    const record = sampleRecord();
    expect(plain({ ...record, title: 'a\u001b[2Jb', command: 'x\ry' })).to.not.match(/[^\P{Cc}\n]/u);
  });

  it('has words for a run without generations, checks and writes', () => {
    const empty = { generations: [], checks: [], latencies: [], blockMaps: [], lines: [], events: [] };
    const record = { ...sampleRecord(), ...empty, verdict: 'interrupted' as const, reason: 'stopped by Ctrl-C' };
    expect(terminalLines(record, { colour: false })[3]).to.equal('INTERRUPTED  stopped by Ctrl-C');
  });
});
