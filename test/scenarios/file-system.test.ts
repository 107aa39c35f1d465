/**
 * A real file system through separate processes over PTYs, all methods, in clear and sealed: what the sub shows after
 * each freeze passes e2fsck and is, byte for byte, what the host had written by then.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { HostEnd } from '../../hil/bench/host-end.js';
import { type BenchProcess, startProcess, temporaryFolder } from '../../hil/bench/processes.js';
import { openLine } from '../../hil/run/lines/open-line.js';
import type { Write } from '../../host/client.js';
import { isZero } from '../../protocol/digest.js';
import { methods } from '../../protocol/ids.js';

const hasTools = ['mke2fs', 'e2fsck', 'cmp'].every((tool) => spawnSync(tool, ['--version']).error === undefined);
const volumeBytes = 3 * 2 ** 20;
/** The host writes faster than the image is sent, so that its writes meet blocks that have not been. */
const hostBaud = 3_000_000;
const remoteBaud = 1_500_000;
const clusterBytes = 16384;

/** Two file systems of one identity: the second has a file changed, one removed and one added. */
function fileSystems(folder: string): readonly [Buffer, Buffer] {
  const tree = join(folder, 'tree');
  mkdirSync(join(tree, 'notes'), { recursive: true });
  writeFileSync(join(tree, 'letter.txt'), 'Dear reader,\n'.repeat(3000));
  writeFileSync(join(tree, 'notes', 'old.bin'), randomBytes(30_000));
  const big = randomBytes(600_000);
  writeFileSync(join(tree, 'big.bin'), big);
  const first = fileSystem(folder, 'first.img', tree);
  writeFileSync(join(tree, 'letter.txt'), 'Dear reader, once more,\n'.repeat(2000));
  // The end of the large file is sent last: what is written there meets frozen blocks that are still owed.
  writeFileSync(join(tree, 'big.bin'), Buffer.concat([big.subarray(0, 450_000), randomBytes(150_000)]));
  execFileSync('rm', [join(tree, 'notes', 'old.bin')]);
  writeFileSync(join(tree, 'notes', 'new.bin'), randomBytes(60_000));
  return [first, fileSystem(folder, 'second.img', tree)];
}

function fileSystem(folder: string, name: string, tree: string): Buffer {
  const path = join(folder, name);
  const identity = [
    '-U',
    '11111111-2222-3333-4444-555555555555',
    '-E',
    'hash_seed=11111111-2222-3333-4444-666666666666',
  ];
  const size = `${volumeBytes / 1024}k`;
  execFileSync('mke2fs', ['-q', '-F', '-t', 'ext4', '-O', '^has_journal', ...identity, '-d', tree, path, size], {
    env: { ...process.env, E2FSPROGS_FAKE_TIME: '1700000000' },
  });
  return readFileSync(path);
}

/** The processes and lines of one case. */
class Case {
  readonly folder: string;
  readonly #method: string;
  readonly #key: readonly string[];
  readonly #keyBytes: Uint8Array | undefined;
  readonly #processes: BenchProcess[] = [];
  #host: HostEnd | undefined;
  #subHost: HostEnd | undefined;

  constructor(folder: string, method: string, sealed: boolean) {
    this.folder = folder;
    this.#method = method;
    const keyFile = join(folder, 'key');
    this.#keyBytes = sealed ? randomBytes(32) : undefined;
    this.#key = sealed ? ['--key-file', keyFile] : [];
    if (this.#keyBytes !== undefined)
      writeFileSync(keyFile, Buffer.from(this.#keyBytes).toString('hex'), { mode: 0o600 });
  }

  get host() {
    if (this.#host === undefined) throw new Error('not started');
    return this.#host.client;
  }

  get subHost() {
    if (this.#subHost === undefined) throw new Error('not started');
    return this.#subHost.client;
  }

  async start(): Promise<void> {
    await this.#line('host', hostBaud);
    await this.#line('remote', remoteBaud);
    await Promise.all([
      this.#start([
        'firmware',
        'main',
        '--host',
        this.#serial('host-b'),
        '--remote',
        this.#serial('remote-a'),
        '--method',
        this.#method,
        ...this.#areas('primary', 'shadow'),
      ]),
      this.#start([
        'firmware',
        'sub',
        '--host',
        `unix-listen:${join(this.folder, 'sub.sock')}`,
        '--remote',
        this.#serial('remote-b'),
        ...this.#areas('secondary', 'staging'),
      ]),
    ]);
    this.#host = this.#end(this.#serial('host-a'));
    this.#subHost = this.#end(`unix:${join(this.folder, 'sub.sock')}`);
    await Promise.all([this.host.opened(), this.subHost.opened()]);
  }

  async stop(): Promise<void> {
    await this.#host?.close();
    await this.#subHost?.close();
    for (const process of this.#processes.reverse()) await process.stop();
  }

  /** SIGTERM closes every process cleanly. */
  async stopCleanly(): Promise<void> {
    await this.#host?.close();
    await this.#subHost?.close();
    for (const process of this.#processes.splice(0).reverse()) expect((await process.stop()).exitCode).to.equal(0);
  }

  get logs(): string {
    return this.#processes.map(({ stderr }) => stderr).join('\n');
  }

  /** The raw secondary file, as it is. */
  secondary(volume: number): string {
    return join(this.folder, `secondary${volume}.img`);
  }

  async #line(name: string, baud: number): Promise<void> {
    const links = ['--link-a', join(this.folder, `${name}-a`), '--link-b', join(this.folder, `${name}-b`)];
    await this.#start(['line', '--baud', String(baud), '--latency', '1', '--ber', '1e-6', '--seed', '1', ...links]);
  }

  #serial(name: string): string {
    return `serial:${join(this.folder, name)}?baud=${name.startsWith('host') ? hostBaud : remoteBaud}`;
  }

  #areas(volumeArea: string, otherArea: string): string[] {
    const files = [0, 1].flatMap((volume) => [
      `--${volumeArea}`,
      join(this.folder, `${volumeArea}${volume}.img`),
      `--${otherArea}`,
      join(this.folder, `${otherArea}${volume}.img`),
    ]);
    return [...files, '--meta', join(this.folder, `${volumeArea}.meta`), '--size', String(volumeBytes), ...this.#key];
  }

  #end(address: string): HostEnd {
    const key = this.#keyBytes === undefined ? {} : { key: this.#keyBytes };
    return new HostEnd({ line: openLine(address), ...key });
  }

  async #start(args: readonly string[]): Promise<void> {
    this.#processes.push(await startProcess(args));
  }
}

/** What the host knows of volume 1: single writes under way when a freeze is sent. */
class Scratch {
  readonly image = Buffer.alloc(volumeBytes);
  readonly #case: Case;
  #round = 0;

  constructor(of: Case) {
    this.#case = of;
  }

  /**
   * Sends writes and a freeze behind them without waiting. Exactly those are in the image that were acknowledged before
   * the freeze was sent, or that its answer names.
   */
  async freezeUnderWay(): Promise<number> {
    this.#round += 1;
    const small = Array.from({ length: 12 }, (_, index) => this.#write(index * 8192, 4096));
    const large = this.#write(2 ** 20, 2 ** 16);
    const writes = [...small, large];
    const acknowledged = new Set<(typeof writes)[number]>();
    for (const each of writes)
      each.write.done.then(
        () => acknowledged.add(each),
        () => {},
      );
    // Until some data has been asked for and sent, but never all of the large one.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const before = new Set(acknowledged);
    const outstanding = writes.length - before.size;
    const { generation, included } = await this.#case.host.freeze(randomBytes(16));
    const isIn = (each: (typeof writes)[number]) => before.has(each) || included.includes(each.write.tag);
    expect(outstanding, 'writes under way at the freeze').to.be.at.least(8);
    expect(isIn(large), 'the write that has only half arrived').to.equal(false);
    for (const each of writes) if (isIn(each)) each.data.copy(this.image, each.offset);
    this.#after = writes.filter((each) => !isIn(each));
    this.#underWay = writes.map(({ write }) => write.done);
    return generation;
  }

  #after: { readonly data: Buffer; readonly offset: number }[] = [];

  #underWay: readonly Promise<void>[] = [];

  /** What came after the last freeze belongs to the next image. */
  async carryOver(): Promise<void> {
    await this.settle();
    for (const { data, offset } of this.#after) data.copy(this.image, offset);
    this.#after = [];
  }

  /** All writes have ended, those after the last freeze too. */
  async settle(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #write(offset: number, length: number): { readonly write: Write; readonly data: Buffer; readonly offset: number } {
    const data = randomBytes(length);
    return { write: this.#case.host.write(1, offset, data), data, offset };
  }
}

/** Writes the clusters in which two images differ, from the end on: against the order in which they are sent. */
async function writeDifference(of: Case, from: Buffer, to: Buffer): Promise<void> {
  const writes: Promise<void>[] = [];
  for (let at = to.length - clusterBytes; at >= 0; at -= clusterBytes) {
    const cluster = to.subarray(at, at + clusterBytes);
    if (!cluster.equals(from.subarray(at, at + clusterBytes)))
      writes.push(of.host.write(0, at, Buffer.from(cluster)).done);
  }
  await Promise.all(writes);
}

function expectImage(of: Case, name: string, generation: number, volume: number, expected: Buffer): void {
  const golden = join(of.folder, `golden-${generation}-${volume}.img`);
  writeFileSync(golden, expected);
  const { status, stdout } = spawnSync('cmp', [of.secondary(volume), golden], { encoding: 'utf8' });
  expect(status, `${name}, generation ${generation}, volume ${volume}: ${stdout}`).to.equal(0);
}

function expectSound(of: Case, generation: number): void {
  const copy = join(of.folder, `check-${generation}.img`);
  copyFileSync(of.secondary(0), copy);
  const { status, stdout } = spawnSync('e2fsck', ['-fn', copy], { encoding: 'utf8' });
  expect(status, `e2fsck of generation ${generation}: ${stdout}`).to.equal(0);
}

async function runCase(of: Case, name: string, [first, second]: readonly [Buffer, Buffer]): Promise<void> {
  const scratch = new Scratch(of);
  await writeDifference(of, Buffer.alloc(volumeBytes), first);
  const one = await scratch.freezeUnderWay();
  const goldenOne = Buffer.from(scratch.image);
  await writeDifference(of, first, second);
  await scratch.carryOver();
  await of.host.wait(one, 'structured');
  expectSound(of, one);
  expectImage(of, name, one, 0, first);
  expectImage(of, name, one, 1, goldenOne);
  const two = await scratch.freezeUnderWay();
  await writeDifference(of, second, first);
  await scratch.settle();
  await of.host.wait(two, 'structured');
  expectSound(of, two);
  expectImage(of, name, two, 0, second);
  expectImage(of, name, two, 1, scratch.image);
  expect(isZero(scratch.image)).to.equal(false);
}

// Registered where the tools are; .ci/run installs them, so that CI always has these.
if (hasTools) {
  describe('an ext4 file system, over PTYs, as separate processes', () => {
    for (const method of methods) {
      for (const sealed of [false, true]) {
        it(`shows each frozen file system whole: ${method}${sealed ? ', sealed' : ''}`, async function () {
          this.timeout(180_000);
          const folder = await temporaryFolder();
          const of = new Case(folder.path, method, sealed);
          try {
            await of.start();
            await runCase(of, method, fileSystems(folder.path)).catch((error: unknown) => {
              throw new Error(`${String(error)}\n${of.logs}`, { cause: error });
            });
            await of.stopCleanly();
          } finally {
            await of.stop();
            await folder.remove();
          }
        });
      }
    }
  });
}
