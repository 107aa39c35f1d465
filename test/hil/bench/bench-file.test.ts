import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
        'hooks: {quiesce: "true", resume: "false"}',
      ].join('\n'),
    );
    expect(bench.volumes.map(({ size }) => size)).to.deep.equal([2 ** 20, 65536]);
    expect(bench.block).to.equal(8192);
    expect(bench.lines.remote).to.deep.equal({ baud: 115200, latencyMs: 2, ber: 1e-6, drop: 0 });
    expect(bench.hooks.resume).to.equal('false');
  });

  it('read areas, keys of single lines, switches of boards and features', () => {
    const bench = parseBench(
      'b.yaml',
      [
        'kind: processes',
        'roles: {sub: line}',
        'volumes:',
        '  - size: 1MiB',
        '    areas: {primary: p.img, shadow: "memory:"}',
        'meta: {main: main.meta}',
        'lines: {sub: "tcp://h:1", subRemote: "tcp://h:2"}',
        'keyFiles: {hostSub: a.key}',
        'hooks: {powerOff: {sub: ./off}, powerOn: {sub: ./on}, reset: {sub: ./reset}}',
        'features: [takeover, sealed]',
      ].join('\n'),
    );
    expect(bench.volumes[0]?.areas).to.deep.equal({ primary: 'p.img', shadow: 'memory:' });
    expect(bench.meta).to.deep.equal({ main: 'main.meta' });
    expect(bench.keyFiles).to.deep.equal({ hostSub: 'a.key' });
    expect(bench.hooks.reset).to.deep.equal({ sub: './reset' });
    expect(bench.features).to.deep.equal(['takeover', 'sealed']);
    expect(benchDefault.features).to.include.members(['groups', 'failback']);
  });

  it('take paths of files from where they lie', () => {
    const folder = mkdtempSync(join(tmpdir(), 'coldframe-bench-'));
    const path = join(folder, 'b.yaml');
    const areas = '{primary: p.img, shadow: "memory:", staging: "unix:/s"}';
    writeFileSync(path, `kind: processes\nvolumes: [{size: 1MiB, areas: ${areas}}]\nmeta: {sub: m}\nkeyFile: k\n`);
    const bench = readBenchFile(path);
    rmSync(folder, { recursive: true });
    const inFolder = (name: string) => join(folder, name);
    expect(bench.volumes[0]?.areas).to.deep.equal({
      primary: inFolder('p.img'),
      shadow: 'memory:',
      staging: 'unix:/s',
    });
    expect([bench.meta.sub, bench.keyFile]).to.deep.equal([inFolder('m'), inFolder('k')]);
  });

  it('are refused with everything that is wrong, in order, with what is allowed and what may be meant', () => {
    const text = [
      'kind: proceses',
      'metod: copy',
      'volumes: [{size: 64MB}, {}]',
      'lines: {host: {baude: 3}, remote: 5}',
      'features: [takover]',
    ].join('\n');
    expect(refusalOf(text).split('\n')).to.deep.equal([
      'b.yaml:1:7: kind: "proceses" is none of emulator, in-process, processes, lines; did you mean processes?',
      'b.yaml:2:1: metod: there is no such name; did you mean method? There are kind, method, block, volumes, shadow, staging, meta, transport, lines, roles, compress, keyFile, keyFiles, hooks, features',
      'b.yaml:3:18: volumes.0.size: "64MB" is no size; write 64MiB, 1TiB or a number of bytes',
      'b.yaml:3:25: volumes.1.size: is missing; it is text or a number',
      'b.yaml:4:16: lines.host.baude: there is no such name; did you mean baud? There are baud, latency, ber, drop',
      'b.yaml:4:35: lines.remote: 5 is not a mapping, as in {name: value}',
      'b.yaml:5:12: features.0: "takover" is none of groups, sealed, suspend, takeover, failback; did you mean takeover?',
    ]);
  });

  it('are refused with everything that does not fit together', () => {
    const text = 'kind: lines\nroles: {sub: model}\nvolumes: [{size: 4608}]\nhooks: {powerOff: {main: x}}';
    expect(refusalOf(text).split('\n')).to.deep.equal([
      'b.yaml:1:1: lines.host: must be an address: main is a board, and this is the line to its host port',
      'b.yaml:1:1: lines.mainRemote: must be an address: it is the line from here to the board’s remote port, as the other controller is a model',
      'b.yaml:2:14: roles.sub: a bench of kind lines starts no models; use kind: processes',
      'b.yaml:3:18: volumes.0.size: no whole blocks: no multiple of 4096',
      'b.yaml:4:26: hooks.powerOff.main: needs hooks.powerOn.main, or the board stays off',
    ]);
  });

  it('count what is wrong past twenty, and keep what they hold from steering a terminal', () => {
    const lines = refusalOf(`{${Array.from({ length: 25 }, (_, index) => `"k${index}\\e[1m": 1`).join(', ')}}`).split(
      '\n',
    );
    expect(lines).to.have.length(21);
    expect(lines.at(-1)).to.equal('and 5 more');
    expect(lines[0]).to.match(/^b\.yaml:1:2: k0 \[1m: there is no such name;/);
  });

  const wrong: readonly (readonly [string, string, string])[] = [
    ['a key that does not exist', 'kind: emulator\nmethods: copy', 'b.yaml:2:1: methods: '],
    ['a word that is none of those allowed', 'kind: emulator\nmethod: snapshot', 'b.yaml:2:9: method: '],
    ['an alias of nothing', 'kind: *a', 'b.yaml:1:1: Unresolved alias'],
    ['aliases that stand for very much', bombOf(6), 'b.yaml:1:1: Excessive alias count'],
    ['a file of more than 64 KiB', `#${' '.repeat(65_536)}`, 'b.yaml: longer than 65536 bytes'],
    // As deep, it would end the process: V8 finds no stack for a regular expression and gives up.
    ['lists in lists without end', '['.repeat(20_000), 'b.yaml: nested more than 64 deep'],
    ['lists in lists without end, in blocks', '- '.repeat(20_000), 'b.yaml: nested more than 64 deep'],
    ['values that hold themselves', 'lines: &a {host: *a}', 'b.yaml:1:1: values stand more than 64 deep'],
    ['what only YAML 1.1 has', '%YAML 1.1\n---\n<<: 1', 'b.yaml:3:1: <<: there is no such name'],
    ['a size that is none', 'volumes:\n  - size: 64MB', 'b.yaml:2:11: volumes.0.size: '],
    ['a volume of parts of blocks', 'volumes:\n  - size: 4608', 'b.yaml:2:11: volumes.0.size: no whole blocks'],
    ['text that is no YAML', 'kind: [emulator', 'b.yaml:1:16: '],
    ['an address that is none', 'kind: lines\nlines:\n  sub: serial', 'b.yaml:3:8: lines.sub: '],
    ['a board without its line', 'kind: lines\nlines: {host: "tcp://h:1"}', 'b.yaml:2:8: lines.sub: '],
    ['a board on the emulator', 'roles: {sub: line}', 'b.yaml:1:14: roles.sub: '],
    ['text that is no address', 'lines: {host: x}', 'b.yaml:1:15: lines.host: "x": it has no kind; it looks like'],
    [
      'a number in the place of either',
      'lines: {host: 3}',
      'b.yaml:1:15: lines.host: 3 is not a mapping, as in {name: value} or text',
    ],
    ['an address on the emulator', 'lines: {sub: "tcp://h:1"}', 'b.yaml:1:14: lines.sub: is an address'],
    [
      'an address of a model',
      'kind: processes\nlines: {host: "tcp://h:1"}',
      'b.yaml:2:15: lines.host: is an address, but main is a model',
    ],
    [
      'two lines at one port',
      'kind: lines\nlines: {host: "serial:/dev/a?baud=1", sub: "serial:/dev/a"}',
      'b.yaml:2:44: lines.sub: is at the same port as lines.host',
    ],
    [
      'areas of a board',
      'kind: lines\nlines: {host: "tcp://h:1", sub: "tcp://h:2"}\nmeta: {sub: "memory:"}',
      'b.yaml:3:13: meta.sub: only models as processes',
    ],
    [
      'one file for two areas',
      'kind: processes\nvolumes: [{size: 1MiB, areas: {primary: x, shadow: x}}]',
      'b.yaml:2:52: volumes.0.areas.shadow: x is given for two areas',
    ],
    ['a power switch of a model', 'hooks: {reset: {main: x}}', 'b.yaml:1:23: hooks.reset.main: main is a model'],
    [
      'failing disks of a model',
      'hooks: {diskError: {sub: x}}',
      'b.yaml:1:26: hooks.diskError.sub: sub is a model: its disks fail without',
    ],
    ['a key where lines are not sealed', 'keyFile: x\nfeatures: []', 'b.yaml:1:10: keyFile: a key needs'],
    [
      'volumes where there are no groups',
      'volumes: [{size: 1MiB}, {size: 1MiB}]\nfeatures: []',
      'b.yaml:1:10: volumes: ',
    ],
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
