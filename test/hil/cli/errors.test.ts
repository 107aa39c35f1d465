import { closeSync, existsSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runProcess, startProcess, temporaryFolder } from '../../../hil/bench/processes.js';
import { lockFile } from '../../../hil/run/lock.js';
import { AdvisedRefusal } from '../../../host/advised-refusal.js';
import { refusals } from '../../../protocol/refusals.js';
import { eventually } from './eventually.js';

const main = ['firmware', 'main', '--host', 'pty:', '--remote', 'pty:', '--method', 'copy'];
const areas = ['--primary', 'memory:1MiB', '--shadow', 'memory:2MiB', '--meta', 'memory:8MiB'];

describe('errors of the command line', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  before(async () => {
    folder = await temporaryFolder();
  });
  after(() => folder.remove());

  const cases: readonly (readonly [string, number, keyof typeof refusals, readonly string[]])[] = [
    ['an unknown command', 2, 'argument-invalid', ['bogus']],
    ['an unknown option', 2, 'argument-invalid', ['ports', '--bogus']],
    ['a missing option', 2, 'argument-invalid', ['host', 'status']],
    [
      'an offset between sectors',
      2,
      'argument-invalid',
      ['host', 'read', '--line', 'pty:', '--offset', '5', '--length', '512', '--to', 'x'],
    ],
    ['an address of no line', 2, 'line-address', ['host', 'status', '--line', 'telnet:x']],
    ['a file that is missing', 2, 'file-missing', ['golden', 'verify', '--golden', 'none', '--image', 'none']],
    [
      'an area that is missing and has no size',
      2,
      'file-missing',
      [...main, '--primary', 'none', '--shadow', 'memory:1MiB', '--meta', 'memory:8MiB'],
    ],
    ['fewer shadow areas than volumes', 2, 'argument-invalid', [...main, ...areas, '--primary', 'memory:1MiB']],
    ['one file for two areas', 2, 'argument-invalid', [...main, '--primary', 'a', '--shadow', './a', '--meta', 'b']],
    [
      'a volume that is gone while there are records of it',
      2,
      'file-missing',
      [...main, '--size', '1MiB', '--primary', 'gone', '--shadow', 'memory:2MiB', '--meta', 'records'],
    ],
    [
      'a capture where an area is to be',
      2,
      'argument-invalid',
      [...main, '--size', '1MiB', '--primary', 'new', '--shadow', 's', '--meta', 'm', '--capture', './new'],
    ],
    ['a scenario that there is not', 2, 'file-missing', ['run', '--scenario', 'lost-lin']],
    [
      'a generation that no message can carry',
      2,
      'argument-invalid',
      ['host', 'wait', '--line', 'pty:', '--generation', '4294967296'],
    ],
    [
      'a device in the place of a file to write',
      2,
      'file-unreadable',
      ['host', 'write', '--line', 'pty:', '--offset', '0', '--from', '/dev/zero'],
    ],
    [
      'a file in the place of the folder of the report',
      2,
      'file-unreadable',
      ['run', '--freezes', '1', '--writes', '1', '--json', '--out', 'exposed'],
    ],
    ['a folder for an image', 2, 'file-unreadable', ['golden', 'record', '--image', '.', '--out', 'golden']],
    ['a meta area that is too small', 2, 'file-size', [...main, ...areas.slice(0, 4), '--meta', 'memory:1MiB']],
    [
      'a key file that others can read',
      2,
      'key-file-exposed',
      ['host', 'status', '--line', 'pty:', '--key-file', 'exposed'],
    ],
    [
      'nobody at the other end',
      3,
      'line-unavailable',
      ['host', 'wait', '--line', 'unix:none', '--generation', '1', '--timeout', '0.5'],
    ],
    [
      'a line that is silent',
      3,
      'line-silent',
      ['host', 'wait', '--line', 'pty:', '--generation', '1', '--timeout', '0.5'],
    ],
  ];
  for (const [what, exit, code, args] of cases) {
    it(`names ${what}: ${code}, exit code ${exit}`, async () => {
      writeFileSync(join(folder.path, 'exposed'), '00'.repeat(32), { mode: 0o644 });
      writeFileSync(join(folder.path, 'records'), Buffer.alloc(512, 1));
      const end = await runProcess(args, { cwd: folder.path });
      const [first, second, ...more] = end.stderr.split('\n').filter((line) => !/^\d\d:\d\d:/.test(line));
      expect(end.exitCode, end.stderr).to.equal(exit);
      expect(first).to.match(new RegExp(`^coldframe: ${code}: .* \\(.*\\)$`));
      expect(first).to.contain(refusals[code].meaning);
      expect(second?.trim()).to.match(/^\S/);
      expect(more).to.deep.equal(['']);
    });
  }

  const advised: readonly (readonly [string, readonly string[], string])[] = [
    ['the general remedy', ['host', 'status', '--line', 'telnet:x'], refusals['line-address'].remedy],
    [
      'how to fill up an image',
      ['golden', 'record', '--image', 'odd', '--out', 'g'],
      'Take the right file, or fill it up with zeros to whole blocks: truncate -s %4096 FILE',
    ],
    [
      'that an image is empty',
      ['golden', 'record', '--image', 'empty', '--out', 'g'],
      'The file is empty: take the right one.',
    ],
    ['that a folder is none', ['golden', 'record', '--image', '.', '--out', 'g'], 'Name an ordinary file.'],
    ['what a folder is', ['decode', '.'], 'It is a folder: name a file.'],
    [
      'how an area is made',
      ['disk', '--line', 'pty:', '--image', 'none'],
      'Check the path, or give --size: that makes it.',
    ],
    [
      'the size that an area has',
      ['disk', '--line', 'pty:', '--image', 'whole', '--size', '1MiB'],
      'Give the size that it has, 4KiB, or take the right one.',
    ],
    [
      'the scenarios that there are',
      ['run', '--scenario', 'lost-lin'],
      'Check the path; coldframe run --list names the scenarios that there are.',
    ],
    [
      'what becomes of an area that is gone',
      [...main, '--size', '1MiB', '--primary', 'gone', '--shadow', 'memory:2MiB', '--meta', 'records'],
      'Bring it back to its place; for a new pair remove the records too.',
    ],
    [
      'where a report may go',
      ['run', '--freezes', '1', '--writes', '1', '--json', '--out', 'odd'],
      'Name another folder, or move that file away.',
    ],
    [
      'what to do about a file that would be lost',
      ['disk', '--line', 'pty:', '--image', 'whole', '--capture', 'odd'],
      'Name another file, or move that one away.',
    ],
  ];
  for (const [what, args, remedy] of advised) {
    it(`advises ${what}`, async () => {
      writeFileSync(join(folder.path, 'odd'), Buffer.alloc(1000));
      writeFileSync(join(folder.path, 'empty'), '');
      writeFileSync(join(folder.path, 'whole'), Buffer.alloc(4096));
      writeFileSync(join(folder.path, 'records'), Buffer.alloc(512, 1));
      const { stderr } = await runProcess(args, { cwd: folder.path });
      expect(stderr.split('\n').at(-2)?.trim()).to.equal(remedy);
    });
  }

  it('finds one file under two names: of two areas, and of an area and the capture', async () => {
    symlinkSync('.', join(folder.path, 'link'));
    const areas = (meta: string) => ['--size', '1MiB', '--primary', 'p', '--shadow', 's', '--meta', meta];
    const twice = await runProcess([...main, ...areas('link/p')], { cwd: folder.path });
    expect(twice.stderr).to.contain('link/p is given for two areas, which need a file each)');
    const captured = await runProcess([...main, ...areas('m'), '--capture', 'link/m'], { cwd: folder.path });
    expect(captured.stderr).to.contain('(--capture link/m: it is the file of an area; name another)');
  });

  it('says of a file that this process has itself that two areas name it', () => {
    const path = join(folder.path, 'self');
    const [first, second] = [openSync(path, 'w'), openSync(path, 'r')];
    lockFile(first, path, 'exclusive');
    expect(() => lockFile(second, path, 'exclusive'))
      .to.throw(AdvisedRefusal, 'this process itself')
      .with.property('remedy', 'Give each area a file of its own: two of them name this one, directly or by a link.');
    for (const fd of [first, second]) closeSync(fd);
  });

  const named: readonly (readonly [readonly string[], string])[] = [
    [['run', '--volumes', '9'], '--volumes: 9 is no number from 1 to 8'],
    [['run', '--volumes', '1.5'], '--volumes: 1.5 is no whole number from 1 to 8'],
    [['run', '--method', 'cpy'], '--method: cpy is none of copy, differential, streaming'],
    [['soak', '--for', 'long'], '--for: "long" is no span of time; write 60s, 10m or 8h'],
    [
      ['golden', 'record', '--image', 'odd', '--out', 'g', '--block', '5'],
      '--block: 5 is no power of two from 512 to 65536',
    ],
    [
      ['disk', '--line', 'pty:', '--image', 'd', '--size', '5q'],
      '--size: "5q" is no size; write 64MiB, 1TiB or a number',
    ],
    [
      ['host', 'read', '--line', 'pty:', '--offset', '5', '--length', '512', '--to', 'x'],
      '--offset: 5 is no multiple of 512',
    ],
    [['sim', '--exhaustive', '--only', 'x'], '--only: x names no job; one is '],
    [
      ['disk', '--line', 'pty:', '--image', 'tcp://127.0.0.1:1'],
      '--image: tcp://127.0.0.1:1 is a line; a disk has a raw',
    ],
    [['disk', '--line', 'pty:', '--image', 'memory:'], '--image: memory: needs a size, as in memory:64MiB'],
    [
      ['disk', '--line', 'pty:', '--image', 'memory:1MiB', '--size', '1MiB'],
      '--image: memory:1MiB has its size; leave out --size',
    ],
    [['conform', '--role', 'disk', '--line', 'pty:', '--only', 'X-1'], '--only: there is no requirement X-1; docs/'],
    [['line', '--baud', '9600', '--link-a', 'odd'], '--link-a: odd is there and is no link to a PTY; name another'],
    [['line', '--baud', '9600', '--link-a', 'n', '--link-b', './n'], '--link-a, --link-b: n is given for both ends'],
    [[...main, ...areas, '--primary', 'memory:1MiB'], '--primary is given 2 times and --shadow 1; each volume'],
    [
      [...main, ...areas, '--size', '1MiB', '--size', '2MiB'],
      '--size is given 2 times; give one for all volumes, or one for each',
    ],
    [
      [...main, '--primary', 'memory:', '--shadow', 'memory:1MiB', '--meta', 'memory:8MiB'],
      '--primary memory: needs a size, as in memory:64MiB, or --size',
    ],
    [[...main, ...areas, '--shadow', 'memory:q'], '--shadow: "q" is no size; write 64MiB'],
    [
      [...main, '--primary', 'a', '--shadow', './a', '--meta', 'b'],
      '--primary, --shadow, --meta: ./a is given for two areas',
    ],
  ];
  for (const [args, detail] of named) {
    it(`names the option and what it takes: ${detail}`, async () => {
      writeFileSync(join(folder.path, 'odd'), Buffer.alloc(1000));
      const { stderr, exitCode } = await runProcess(args, { cwd: folder.path });
      expect(stderr).to.contain(`coldframe: argument-invalid: An argument is wrong. (${detail}`);
      expect(exitCode).to.equal(2);
    });
  }

  const key = ['--key-file', 'key'];
  const idle: readonly (readonly [readonly string[], string])[] = [
    [['run', '--cipher', 'aes-256-gcm'], '--cipher has no effect on lines that are not sealed; add --encrypt'],
    [
      ['host', 'status', '--line', 'pty:', '--cipher', 'aes-256-gcm'],
      '--cipher has no effect on a line that is not sealed; add',
    ],
    [
      [...main, ...areas, '--cipher', 'aes-256-gcm'],
      '--cipher has no effect on lines that are not sealed; add --key-file',
    ],
    [
      [...main, ...areas, ...key, '--host-key-file', 'key', '--remote-key-file', 'key'],
      '--key-file has no effect beside --host-key-file and --remote-key-file; leave it out',
    ],
    [['doctor', '--timeout', '1'], '--timeout has no effect where no line is opened; add --bench or --line'],
    [
      ['line', '--baud', '9600', '--seed', '2'],
      '--seed has no effect on a line that loses nothing; add --ber or --drop',
    ],
    [
      ['replay', 'x', '--role', 'sub', '--method', 'copy'],
      '--method has no effect on other roles than main; leave it out',
    ],
    [['replay', 'x', '--role', 'disk', '--block', '512'], '--block has no effect on a disk; leave it out'],
    [['run', '--list', '--freezes', '2'], '--freezes has no effect beside --list; leave it out'],
    [
      ['conform', '--role', 'disk', '--line', 'pty:', '--power-cycle', 'true'],
      '--power-cycle has no effect on checks that change nothing; add --allow-data-loss',
    ],
    [['sim', '--replay', 'x', '--seed', '1'], '--seed has no effect beside --replay; leave it out'],
    [['sim', '--exhaustive', '--crash-every', '1'], '--crash-every has no effect beside --exhaustive; leave it out'],
  ];
  for (const [args, detail] of idle) {
    it(`refuses an option without effect: ${detail}`, async () => {
      const { stderr, exitCode } = await runProcess(args, { cwd: folder.path });
      expect(stderr).to.contain(`coldframe: argument-invalid: An argument is wrong. (${detail}`);
      expect(exitCode).to.equal(2);
    });
  }

  it('says it in JSON as well where JSON was asked for', async () => {
    const end = await runProcess(['host', 'status', '--line', 'telnet:x', '--json']);
    const { error } = JSON.parse(end.stdout);
    expect(error).to.include({ code: 'line-address', exit: 2, remedy: refusals['line-address'].remedy });
    expect(error.detail).to.contain('telnet');
    expect(end.exitCode).to.equal(2);
  });

  it('ends with exit code 4 at a device of another role', async () => {
    const socket = join(folder.path, 'disk.sock');
    const disk = await startProcess([
      'disk',
      '--line',
      `unix-listen:${socket}`,
      '--image',
      join(folder.path, 'disk.img'),
      '--size',
      '1MiB',
    ]);
    const end = await runProcess(['host', 'status', '--line', `unix:${socket}`]);
    await disk.stop();
    expect(end.exitCode).to.equal(4);
    expect(end.stderr).to.contain('wrong-role');
  });

  it('ends with exit code 130 when it is interrupted while it waits', async () => {
    const socket = join(folder.path, 'w.sock');
    const line = await startProcess([
      'disk',
      '--line',
      `unix-listen:${socket}`,
      '--image',
      join(folder.path, 'w.img'),
      '--size',
      '1MiB',
    ]);
    const end = await line.stop('SIGINT');
    expect(end.exitCode).to.equal(130);
  });

  it('leaves no socket behind when it is interrupted while a doctor listens', async () => {
    const socket = join(folder.path, 'd.sock');
    let running: { readonly pid?: number | undefined } = {};
    const ended = runProcess(['doctor', '--line', `unix-listen:${socket}`, '--timeout', '60'], {
      onStart: (started) => {
        running = started;
      },
    });
    await eventually(() => expect(existsSync(socket)).to.equal(true));
    process.kill(running.pid ?? 0, 'SIGINT');
    expect(await ended).to.include({ exitCode: 130, stdout: '', stderr: '' });
    expect(existsSync(socket)).to.equal(false);
  });

  it('tells the generation also when the command after the freeze fails', async () => {
    const socket = join(folder.path, 'm.sock');
    const areas = ['--primary', 'memory:1MiB', '--shadow', 'memory:2MiB', '--meta', 'memory:8MiB'];
    const place = ['--host', `unix-listen:${socket}`, '--remote', 'pty:', '--method', 'differential'];
    const controller = await startProcess(['firmware', 'main', ...place, ...areas]);
    const freeze = (...hooks: string[]) => runProcess(['host', 'freeze', '--line', `unix:${socket}`, ...hooks]);
    const end = await freeze('--resume', 'false');
    const second = await freeze('--resume', 'false');
    await controller.stop();
    expect(end).to.include({ exitCode: 3, stdout: '' });
    expect(end.stderr).to.contain('command-failed').and.contain('generation 1 is frozen');
    expect(second.exitCode, 'why there is no generation').to.equal(1);
    expect(second.stderr).to.contain('transfer-in-progress').and.contain('command-failed');
  });

  it('shows help without an error, and its version', async () => {
    expect(await runProcess(['--help'])).to.include({ exitCode: 0, stderr: '' });
    expect((await runProcess(['--version'])).stdout).to.match(/^\d+\.\d+\.\d+\n$/);
  });
});
