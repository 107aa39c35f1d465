import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { expect } from 'chai';
import { parseBench, readBenchFile } from '../../../hil/bench/bench-file.js';
import { benchTemplate } from '../../../hil/bench/bench-template.js';
import { runProcess } from '../../../hil/bench/processes.js';
import { writeBenchFile } from '../../../hil/cli/init.js';
import type { PortInfo } from '../../../hil/run/ports.js';

const adapter = (name: string): PortInfo => ({
  ...{ path: `/dev/tty${name}`, byIdPath: `/dev/serial/by-id/usb-${name}`, vendorId: '0403', users: [], warnings: [] },
});
const uart: PortInfo = { path: '/dev/ttyS0', users: [], warnings: [] };

describe('coldframe init', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldframe-init-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('writes a file that runs, names its schema, and is not replaced without --force', async () => {
    const path = join(folder, 'b.yaml');
    expect(await writeBenchFile(path, { ports: [] })).to.contain(`coldframe run --bench ${path}`);
    const run = await runProcess(['run', '--bench', path, '--writes', '5', '--freezes', '1', '--out', folder]);
    expect(run.exitCode, run.stderr).to.equal(0);
    const schema = /^# yaml-language-server: \$schema=(.*)/.exec(await readFile(path, 'utf8'))?.[1] ?? '';
    expect(JSON.parse(await readFile(resolve(dirname(path), schema), 'utf8')).title).to.equal('Coldframe bench file');
    await writeFile(path, 'precious');
    const again = await runProcess(['init', path]);
    expect(again.stderr).to.contain('file-exists').and.to.contain('--force');
    expect(again.exitCode).to.equal(2);
    expect(await readFile(path, 'utf8')).to.equal('precious');
    expect((await runProcess(['init', path, '--force'])).exitCode).to.equal(0);
    expect(readBenchFile(path).volumes).to.have.length(1);
  });

  it('puts boards at two adapters by the names that stay, and at no UART of the computer', () => {
    const textFor = (ports: readonly PortInfo[]) => benchTemplate({ folder, ports });
    const bench = parseBench('b', textFor([uart, adapter('USB1'), adapter('USB0')]));
    expect(bench.lines).to.deep.equal({
      host: 'serial:/dev/serial/by-id/usb-USB1?baud=921600',
      sub: 'serial:/dev/serial/by-id/usb-USB0?baud=921600',
    });
    expect(parseBench('b', textFor([uart, uart])).kind).to.equal('emulator');
    const one = textFor([{ ...adapter('USB0'), product: 'Evil\nkind: lines' }]);
    expect(parseBench('b', one).kind).to.equal('emulator');
    expect(one).to.contain('#   sub: serial:/dev/serial/by-id/usb-USB0?baud=921600');
  });

  it('holds in its comments what a bench file takes', () => {
    const text = benchTemplate({ folder, ports: [] });
    const uncommented = text.split('\n').flatMap((line) => {
      const field = /^# ((?:keyFile|keyFiles|features|hooks):.*| {2}(?:quiesce|resume|powerOff|powerOn):.*)/.exec(
        line,
      )?.[1];
      return field === undefined ? [] : [field];
    });
    expect(uncommented).to.have.length(8);
    const boards = 'kind: processes\nroles: {sub: line}\nlines: {sub: "unix:/a", subRemote: "unix:/b"}';
    expect(parseBench('b', [boards, ...uncommented].join('\n')).hooks.powerOn.sub).to.contain('uhubctl');
  });
});
