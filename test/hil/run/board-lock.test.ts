import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { BoardLock } from '../../../hil/run/board-lock.js';
import { RefusalError } from '../../../protocol/refusals.js';

const module = new URL('../../../hil/run/board-lock.js', import.meta.url).href;

describe('the lock of a board', () => {
  let folder = '';
  const options = () => ({ byIdDirectory: join(folder, 'by-id'), lockDirectory: folder });
  const refusalOf = async (addresses: readonly string[]) => {
    const error: unknown = await BoardLock.take(addresses, options()).catch((each) => each);
    return error instanceof RefusalError ? error.refusal : expect.fail(`${error}`);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'coldframe-lock-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('keeps a second bench away until the first one ends', async () => {
    const lock = await BoardLock.take(['tcp://h:1', 'unix:/x'], options());
    expect((await refusalOf(['unix:/y', 'unix:/x'])).code).to.equal('port-in-use');
    // What the refused one had taken before is free again.
    (await BoardLock.take(['unix:/y'], options())).release();
    lock.release();
    (await BoardLock.take(['unix:/x'], options())).release();
  });

  it('is one lock by whichever name a port is given, and another one for each port', async () => {
    const [port, other] = [join(folder, 'ttyUSB0'), join(folder, 'ttyUSB1')];
    for (const path of [port, other]) await writeFile(path, '');
    await mkdir(join(folder, 'by-id'));
    const byId = join(folder, 'by-id', 'usb-Board_1');
    await symlink(port, byId);
    const lock = await BoardLock.take([`serial:${port}?baud=9600`], options());
    expect((await refusalOf([`serial:${byId}`])).code).to.equal('port-in-use');
    (await BoardLock.take([`serial:${other}`], options())).release();
    await symlink(other, `${byId}.new`);
    await rename(`${byId}.new`, byId);
    expect((await refusalOf([`serial:${other}`])).code, 'the same board, plugged in elsewhere').to.equal('port-in-use');
    lock.release();
  });

  it('leaves new PTYs alone', async () => {
    const locks = await Promise.all([BoardLock.take(['pty:'], options()), BoardLock.take(['pty:'], options())]);
    for (const lock of locks) lock.release();
    expect(await readdir(folder)).to.deep.equal([]);
  });

  it('names the process that has it and its command, and goes with it when it is killed', async () => {
    const script = `import { BoardLock } from ${JSON.stringify(module)};
      await BoardLock.take(['unix:/x'], ${JSON.stringify(options())}); console.log('taken'); setInterval(() => {}, 1000);`;
    const other = spawn(process.execPath, ['--input-type=module', '-e', script]);
    await new Promise((resolve) => other.stdout.once('data', resolve));
    const { detail } = await refusalOf(['unix:/x']);
    expect(detail.startsWith(`unix:/x, by process ${other.pid} (${process.execPath} `), detail).to.equal(true);
    const ended = new Promise((resolve) => other.on('close', resolve));
    other.kill('SIGKILL');
    await ended;
    (await BoardLock.take(['unix:/x'], options())).release();
  });
});
