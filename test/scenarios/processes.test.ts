import { randomBytes } from 'node:crypto';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { expect } from 'chai';
import type { BenchProcess } from '../../hil/bench/processes.js';
import { Pair, type PairOptions } from './pair.js';

const mib = 2 ** 20;

describe('controllers as processes', () => {
  let pair: Pair;

  afterEach(() => pair.remove());

  async function started(options: (path: (name: string) => string) => PairOptions = () => ({})): Promise<Pair> {
    pair = await Pair.make(options);
    await pair.startBoth();
    return pair;
  }

  /** Both controllers with an emulated serial line between two PTYs; `before` starts what they need. */
  async function overSerialLine(
    line: readonly string[],
    options: (path: (name: string) => string) => PairOptions = () => ({}),
    before: () => Promise<void> = async () => {},
  ): Promise<void> {
    const baud = line[line.indexOf('--baud') + 1];
    pair = await Pair.make((path) => ({
      mainRemote: `serial:${path('a')}?baud=${baud}`,
      subRemote: `serial:${path('b')}?baud=${baud}`,
      ...options(path),
    }));
    await pair.start(['line', ...line, '--link-a', pair.path('a'), '--link-b', pair.path('b')]);
    await before();
    await pair.startBoth();
  }

  for (const method of ['copy', 'differential', 'streaming'] as const) {
    it(`the sub's file is main's at the freeze, not later (${method})`, async () => {
      await started(() => ({ method }));
      const image = Buffer.alloc(4 * mib);
      image.set(await pair.writeRandom(65_536, mib), 65_536);
      const first = await pair.freeze();
      await pair.writeRandom(131_072, 65_536);
      await pair.waitStructured(first);
      expect(pair.read('secondary.img').equals(image)).to.equal(true);
      expect(pair.read('primary.img').equals(image), 'the write after the freeze is at main').to.equal(false);
    });
  }

  it('finds a sub at the TCP port that it got, and stops on SIGTERM with exit code 0, on SIGINT with 130', async () => {
    let remote = '';
    pair = await Pair.make(() => ({
      mainRemote: 'tcp-listen://127.0.0.1:0',
      get subRemote() {
        return remote;
      },
    }));
    const main = await pair.startMain();
    remote = main.readyValue('remote').replace('tcp-listen', 'tcp');
    const sub = await pair.startSub();
    const data = await pair.writeRandom(0, 8192);
    await pair.waitStructured(await pair.freeze());
    expect(pair.read('secondary.img').subarray(0, 8192).equals(data)).to.equal(true);
    expect((await main.stop('SIGTERM')).exitCode).to.equal(0);
    expect((await sub.stop('SIGINT')).exitCode).to.equal(130);
  });

  for (const [who, method] of [
    ['main', 'differential'],
    ['sub', 'streaming'],
    ['both', 'copy'],
  ] as const) {
    it(`goes on with the right image after ${who} was killed in the middle of a transfer (${method})`, async () => {
      await overSerialLine(['--baud', '800000'], () => ({ method }));
      const image = Buffer.alloc(4 * mib);
      image.set(await pair.writeRandom(0, mib / 2), 0);
      const generation = await pair.freeze();
      const { progress } = JSON.parse(await pair.host(pair.mainLine, 'status', '--json'));
      expect(progress.blocksSent, 'the transfer is under way').to.be.lessThan(progress.blocksTotal);
      if (who !== 'sub') await pair.main?.kill();
      if (who !== 'main') await pair.sub?.kill();
      await Promise.all([who === 'sub' ? undefined : pair.startMain(), who === 'main' ? undefined : pair.startSub()]);
      const later = await pair.writeRandom(65_536, 4096);
      await pair.waitStructured(generation);
      expect(pair.read('secondary.img').equals(image), `image ${generation}${pair.logs()}`).to.equal(true);
      image.set(later, 65_536);
      await pair.waitStructured(await pair.freeze());
      expect(pair.read('secondary.img').equals(image), `the image after it${pair.logs()}`).to.equal(true);
    });
  }

  it('copies over serial ports whose line flips bits', async () => {
    await overSerialLine(['--baud', '921600', '--ber', '1e-6', '--latency', '1', '--seed', '7']);
    const image = Buffer.alloc(4 * mib);
    image.set(await pair.writeRandom(4096, 131_072), 4096);
    await pair.waitStructured(await pair.freeze());
    expect(pair.read('secondary.img').equals(image), pair.logs()).to.equal(true);
  });

  it('does not start on files that belong to another pair or are in use', async () => {
    await started();
    const inUse = await pair.startMain().catch((error: unknown) => String(error));
    expect(inUse).to.contain('exit code 3').and.to.contain('file-in-use');
    const other = await Pair.make(() => ({ method: 'copy' }));
    try {
      await (await other.startMain()).stop();
      await pair.main?.stop();
      copyFileSync(other.path('shadow.img'), pair.path('shadow.img'));
      const foreign = await pair.startMain().catch((error: unknown) => String(error));
      expect(foreign).to.contain('exit code 2').and.to.contain('foreign-area');
    } finally {
      await other.remove();
    }
  });

  it('seals the lines with a key, and ends with exit code 4 where the key is another', async () => {
    await started((path) => {
      writeKey(path('key'));
      return { keyFile: path('key') };
    });
    const data = await pair.writeRandom(0, 8192);
    await pair.waitStructured(await pair.freeze());
    expect(pair.read('secondary.img').subarray(0, 8192).equals(data)).to.equal(true);
    writeKey(pair.path('other'));
    const end = await pair.tryHost(pair.mainLine, 'status', '--key-file', pair.path('other'));
    expect(end.exitCode).to.equal(4);
    expect(end.stderr).to.contain('wrong-key');
  });

  it('has a key for each line of a controller, and a cipher of its choice', async () => {
    const keys = (path: (name: string) => string) => {
      for (const name of ['host', 'pair']) writeKey(path(name));
      return { keyFile: path('host'), remoteKeyFile: path('pair'), ciphers: ['chacha20-poly1305'] };
    };
    await started(keys);
    const data = await pair.writeRandom(0, 8192);
    await pair.waitStructured(await pair.freeze());
    expect(pair.read('secondary.img').subarray(0, 8192).equals(data)).to.equal(true);
    const other = await pair.tryHost(pair.mainLine, 'freeze', '--key-file', pair.path('pair'));
    expect([other.exitCode, other.stderr.includes('wrong-key')]).to.deep.equal([4, true]);
    const gcm = await pair.tryHost(pair.mainLine, 'status', '--cipher', 'aes-256-gcm');
    expect([gcm.exitCode, gcm.stderr.includes('capability-missing')]).to.deep.equal([4, true]);
    // Neither process, nor any of its arguments, says anything of a key.
    for (const name of ['host', 'pair']) expect(pair.logs()).to.not.contain(pair.read(name).toString().trim());
  });

  it('keeps an area on a disk process, also when the disk is killed in the middle', async () => {
    const staging = (path: (name: string) => string) => ({ staging: `unix:${path('disk.sock')}` });
    const disk = () => ['disk', '--line', `unix-listen:${pair.path('disk.sock')}`, '--image', pair.path('staging.img')];
    let first: BenchProcess | undefined;
    await overSerialLine(['--baud', '800000'], staging, async () => {
      first = await pair.start([...disk(), '--size', String(4 * mib + 4096)]);
    });
    const image = Buffer.alloc(4 * mib);
    image.set(await pair.writeRandom(0, mib / 2), 0);
    const generation = await pair.freeze();
    await first?.kill();
    await pair.start(disk());
    await pair.waitStructured(generation);
    expect(pair.read('secondary.img').equals(image), pair.logs()).to.equal(true);
  });
});

function writeKey(path: string): void {
  writeFileSync(path, `${randomBytes(32).toString('hex')}\n`);
  chmodSync(path, 0o600);
}
