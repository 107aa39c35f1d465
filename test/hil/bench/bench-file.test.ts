import { expect } from 'chai';
import { benchDefault, parseBench, readBenchFile, rolesOf } from '../../../hil/bench/bench-file.js';
import { RefusalError } from '../../../protocol/refusals.js';

function refusalOf(text: string): string {
  try {
    parseBench('b.yaml', text);
  } catch (error) {
    expect(error).to.be.instanceOf(RefusalError);
    const { code, detail } = (error as RefusalError).refusal;
    expect(code).to.equal('configuration-invalid');
    return detail;
  }
  return expect.fail('the file was accepted');
}

/** Each line is nine times the one before it. */
function bombOf(lines: number): string {
  const line = (index: number) => `a${index}: &a${index} [${`*a${index - 1},`.repeat(9)}]`;
  return ['a0: &a0 1', ...Array.from({ length: lines }, (_, index) => line(index + 1))].join('\n');
}

describe('bench files', () => {
  it('fill in what is left out: two models in virtual time', () => {
    expect(benchDefault.kind).to.equal('emulator');
    expect(parseBench('b.yaml', '')).to.deep.equal(benchDefault);
    expect(rolesOf(benchDefault)).to.deep.equal({ main: 'model', sub: 'model' });
    expect(rolesOf(parseBench('b.yaml', 'kind: lines\nlines: {host: "tcp://h:1", sub: "tcp://h:2"}'))).to.deep.equal({
      main: 'line',
      sub: 'line',
    });
  });

  it('read sizes, lines and hooks', () => {
    const bench = parseBench(
      'b.yaml',
      [
        'kind: processes',
        'method: streaming',
        'block: 8KiB',
        'volumes: [{size: 1MiB}, {size: 65536}]',
        'lines: {remote: {baud: 115200, latency: 2, ber: 1e-6}}',
        'hooks: {quiesce: "true", powerOff: {sub: ./off}}',
      ].join('\n'),
    );
    expect(bench.volumes).to.deep.equal([{ size: 2 ** 20 }, { size: 65536 }]);
    expect(bench.block).to.equal(8192);
    expect(bench.lines.remote).to.deep.equal({ baud: 115200, latencyMs: 2, ber: 1e-6, drop: 0 });
    expect(bench.hooks.powerOff.sub).to.equal('./off');
  });

  const wrong: readonly (readonly [string, string, string])[] = [
    ['a key that does not exist', 'kind: emulator\nmethods: copy', 'b.yaml:2:10: methods: '],
    ['a word that is none of those allowed', 'kind: emulator\nmethod: snapshot', 'b.yaml:2:9: method: '],
    ['an alias of nothing', 'kind: *a', 'b.yaml:1:1: Unresolved alias'],
    ['aliases that stand for very much', bombOf(6), 'b.yaml:1:1: Excessive alias count'],
    ['a file of more than 64 KiB', `#${' '.repeat(65_536)}`, 'b.yaml: longer than 65536 bytes'],
    // As deep, it would end the process: V8 finds no stack for a regular expression and gives up.
    ['lists in lists without end', '['.repeat(20_000), 'b.yaml: nested more than 64 deep'],
    ['lists in lists without end, in blocks', '- '.repeat(20_000), 'b.yaml: nested more than 64 deep'],
    ['values that hold themselves', 'lines: &a {host: *a}', 'b.yaml:1:1: values stand more than 64 deep'],
    ['what only YAML 1.1 has', '%YAML 1.1\n---\n<<: 1', 'b.yaml:3:5: <<: Unrecognized key'],
    ['a size that is none', 'volumes:\n  - size: 64MB', 'b.yaml:2:11: volumes.0.size: '],
    ['a volume of parts of blocks', 'volumes:\n  - size: 4608', 'b.yaml:2:11: volumes.0.size: no whole blocks'],
    ['text that is no YAML', 'kind: [emulator', 'b.yaml:1:16: '],
    ['an address that is none', 'kind: lines\nlines:\n  sub: serial', 'b.yaml:3:8: lines.sub: '],
    ['a board without its line', 'kind: lines\nlines: {host: "tcp://h:1"}', 'b.yaml:2:8: lines.sub: '],
    ['a board on the emulator', 'roles: {sub: line}', 'b.yaml:1:8: roles: '],
    ['a model on a bench of lines', 'kind: lines\nroles: {sub: model}', 'b.yaml:2:8: roles: '],
    [
      'a board beside a model without a line to its remote port',
      'kind: processes\nroles: {sub: line}\nlines: {sub: "tcp://h:1"}',
      'b.yaml:3:8: lines.subRemote: ',
    ],
  ];
  for (const [what, text, place] of wrong) {
    it(`are refused with line and column for ${what}`, () => {
      expect(refusalOf(text).slice(0, place.length)).to.equal(place);
    });
  }

  it('are refused without much reading when they are something else altogether', () => {
    expect(() => readBenchFile('/dev/zero'))
      .to.throw(RefusalError)
      .with.nested.property('refusal.detail', '/dev/zero: longer than 65536 bytes');
  });

  it('are refused by name when they are missing', () => {
    expect(() => readBenchFile('/nonexistent/bench.yaml'))
      .to.throw(RefusalError)
      .with.nested.property('refusal.code', 'file-missing');
  });
});
