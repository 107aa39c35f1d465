import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type LineCommandOptions, runLine } from '../../../../hil/run/lines/line-command.js';
import { openLine } from '../../../../hil/run/lines/open-line.js';
import { RefusalError } from '../../../../protocol/refusals.js';
import { LineWatch } from './line-watch.js';

const module = fileURLToPath(new URL('../../../../hil/run/lines/line-command.js', import.meta.url));
const clean = { latencyMs: 0, bitErrorRate: 0, dropRate: 0, seed: 1 };

/** Starts the command in a process of its own and gives its output once both ends are told. */
async function start(options: LineCommandOptions): Promise<{ child: ChildProcess; output: string }> {
  const script = `import { runLine } from ${JSON.stringify(module)};
    process.exitCode = await runLine(${JSON.stringify(options)}, process.stdout);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (bytes: Buffer) => {
      output += bytes.toString();
      if (output.includes('\nB ') && output.endsWith('\n')) resolve();
    });
    child.on('close', () => resolve());
  });
  return { child, output };
}

async function endWith(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const closed = new Promise<number | null>((resolve) => child.on('close', resolve));
  child.kill(signal);
  return closed;
}

describe('coldframe line', () => {
  let folder = '';
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldframe-line-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('joins two ports under the names that it was given, and removes the names at the end', async () => {
    await symlink('/dev/pts/99999', join(folder, 'a'));
    const { child, output } = await start({ ...clean, linkA: join(folder, 'a'), linkB: join(folder, 'b') });
    expect(output).to.match(/^A {2}serial:.*\/a -> \/dev\/pts\/\d+\nB {2}serial:.*\/b -> \/dev\/pts\/\d+\n$/);
    const a = new LineWatch(openLine(`serial:${folder}/a`));
    const b = new LineWatch(openLine(`serial:${folder}/b`));
    await Promise.all([a.untilEvent('open'), b.untilEvent('open')]);
    a.line.write(Buffer.from('there'));
    await b.untilBytes(5);
    b.line.write(Buffer.from('back'));
    await a.untilBytes(4);
    expect([b.bytes.toString(), a.bytes.toString()]).to.deep.equal(['there', 'back']);
    await Promise.all([a.line.close(), b.line.close()]);
    expect(await endWith(child, 'SIGINT')).to.equal(130);
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it('prints the paths without links, and ends with 0 on SIGTERM', async () => {
    const { child, output } = await start({ ...clean, baud: 115_200 });
    expect(output).to.match(/^A {2}serial:\/dev\/pts\/\d+\nB {2}serial:\/dev\/pts\/\d+\n$/);
    expect(await endWith(child, 'SIGTERM')).to.equal(0);
  });

  for (const [what, make] of [
    ['a file', (path: string) => writeFile(path, 'precious')],
    ['a link that leads elsewhere', (path: string) => symlink('/etc/hostname', path)],
  ] as const) {
    it(`does not replace ${what}`, async () => {
      await make(join(folder, 'b'));
      try {
        await runLine({ ...clean, linkA: join(folder, 'a'), linkB: join(folder, 'b') }, { write: () => true });
        expect.fail('it ran');
      } catch (error) {
        expect((error as RefusalError).refusal.code).to.equal('argument-invalid');
      }
      expect(await readdir(folder)).to.deep.equal(['b']);
      expect((await readFile(join(folder, 'b'))).length).to.be.greaterThan(0);
    });
  }

  it('refuses one name for both ends', async () => {
    const same = { linkA: join(folder, 'a'), linkB: `${folder}/./a` };
    const ended = await runLine({ ...clean, ...same }, { write: () => true }).catch((error: RefusalError) => error);
    expect(ended).to.be.instanceOf(RefusalError);
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it('removes the names too when its terminal goes away', async () => {
    const { child } = await start({ ...clean, linkA: join(folder, 'a') });
    expect(await endWith(child, 'SIGHUP')).to.equal(0);
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it('refuses rates that are none', async () => {
    for (const wrong of [{ bitErrorRate: 2 }, { dropRate: -1 }, { latencyMs: -5 }, { baud: 0.5 }]) {
      const ended = await runLine({ ...clean, ...wrong }, { write: () => true }).catch((error: unknown) => error);
      expect(ended).to.be.instanceOf(RefusalError);
    }
  });
});
