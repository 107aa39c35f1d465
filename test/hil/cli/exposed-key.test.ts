import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { runProcess, temporaryFolder } from '../../../hil/bench/processes.js';

const firmware = (role: string, areas: readonly string[], option: string) => [
  ...['firmware', role, '--host', 'pty:', '--remote', 'pty:', '--meta', 'memory:', '--size', '64KiB', ...areas],
  ...[option, 'exposed'],
];
const main = ['--primary', 'memory:', '--shadow', 'memory:', '--method', 'copy'];
const sub = ['--secondary', 'memory:', '--staging', 'memory:'];

/** Every command that takes the file of a key, and every way to name one. */
const commands: readonly (readonly string[])[] = [
  ['host', 'freeze', '--line', 'pty:', '--key-file', 'exposed'],
  firmware('main', main, '--key-file'),
  firmware('main', main, '--host-key-file'),
  firmware('sub', sub, '--remote-key-file'),
  ['run', '--bench', 'one.yaml'],
  ['run', '--bench', 'lines.yaml'],
  ['soak', '--bench', 'one.yaml', '--for', '1s'],
  ['doctor', '--line', 'unix:none', '--key-file', 'exposed'],
  ['doctor', '--bench', 'lines.yaml'],
  ['conform', '--role', 'main', '--line', 'pty:', '--key-file', 'exposed'],
  ['decode', 'capture', '--key-file', 'exposed'],
  ['replay', 'capture', '--role', 'main', '--key-file', 'exposed'],
];

describe('a key file that others can read', () => {
  it('is refused by every command that takes one, and nothing of it is said', async () => {
    const { path: cwd, remove } = await temporaryFolder();
    const key = '0123456789abcdef'.repeat(4);
    try {
      writeFileSync(join(cwd, 'exposed'), key, { mode: 0o640 });
      writeFileSync(join(cwd, 'one.yaml'), 'kind: in-process\nkeyFile: exposed\n');
      const lines = 'lines: {host: "unix:none", sub: "unix:nobody"}\n';
      writeFileSync(join(cwd, 'lines.yaml'), `kind: lines\n${lines}keyFiles: {hostSub: exposed}\n`);
      const ends = await Promise.all(commands.map((args) => runProcess(args, { cwd })));
      for (const [index, { exitCode, stdout, stderr }] of ends.entries()) {
        const args = commands[index] ?? [];
        expect(stderr, args.join(' ')).to.match(/^coldframe: key-file-exposed: .* \(.*exposed has mode 640\)$/m);
        expect([exitCode, `${stdout}${stderr}`.includes(key)], args.join(' ')).to.deep.equal([2, false]);
      }
    } finally {
      await remove();
    }
  });
});
