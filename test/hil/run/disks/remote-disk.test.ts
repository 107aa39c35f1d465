import { join } from 'node:path';
import { expect } from 'chai';
import { MemoryStore } from '../../../../firmware-sim/disk/memory-store.js';
import { temporaryFolder } from '../../../../hil/bench/processes.js';
import { DeviceRunner } from '../../../../hil/run/device-runner.js';
import { DiskDevice } from '../../../../hil/run/disks/disk-device.js';
import type { DiskPort } from '../../../../hil/run/disks/disk-port.js';
import { LocalDisk, type Medium, memoryMedium } from '../../../../hil/run/disks/local-disk.js';
import { RemoteDisk } from '../../../../hil/run/disks/remote-disk.js';
import type { Line } from '../../../../hil/run/lines/line.js';
import { openLine } from '../../../../hil/run/lines/open-line.js';
import type { DiskName, PortName } from '../../../../protocol/device.js';
import { RefusalError } from '../../../../protocol/refusals.js';
import type { Completion, MediumCommand } from '../../../../protocol/scsi/commands.js';

const sizeBytes = 4 * 2 ** 20;
const submit = (disk: DiskPort, command: MediumCommand) =>
  new Promise<Completion>((resolve) => disk.submit(command, resolve));

describe('a disk at the end of a line', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let store: MemoryStore;
  let server: { readonly runner: DeviceRunner; readonly line: Line };
  let disk: RemoteDisk;
  let persist: Medium['persist'];
  const socket = () => join(folder.path, 's');

  function powerOn(): void {
    const medium: Medium = { ...memoryMedium(sizeBytes, store), persist: (step, then) => persist(step, then) };
    const line = openLine({ kind: 'unix-listen', path: socket() }, { retryMsMin: 5 });
    const runner = new DeviceRunner({
      device: new DiskDevice({ serial: 'TEST' }),
      lines: new Map<PortName, Line>([['target', line]]),
      disks: new Map<DiskName, DiskPort>([['medium', new LocalDisk({ medium })]]),
    });
    runner.start();
    server = { runner, line };
  }

  /** The power of the disk fails: what it had cached is gone. */
  async function powerCut(): Promise<void> {
    server.runner.cutPower();
    await server.line.close();
  }

  beforeEach(async () => {
    folder = await temporaryFolder();
    store = new MemoryStore();
    persist = (step, then) => {
      store.apply(step);
      then({ ok: true });
    };
    powerOn();
    disk = await RemoteDisk.open({ line: openLine({ kind: 'unix', path: socket() }, { retryMsMin: 5 }), role: 'main' });
  });
  afterEach(async () => {
    await disk.close();
    await server.runner.stop();
    await folder.remove();
  });

  it('tells its capacity, and keeps what is written to it', async () => {
    const data = Buffer.alloc(2 ** 20, 0x3c);
    expect(disk.sectors).to.equal(sizeBytes / 512);
    expect(await submit(disk, { op: 'write', lba: 8, data })).to.deep.include({ status: 'good' });
    const read = await submit(disk, { op: 'read', lba: 8, sectors: 2048 });
    expect(read.status === 'good' && data.equals(read.data)).to.equal(true);
  });

  it('reports errors of the disk as the disk does', async () => {
    const completion = await submit(disk, { op: 'read', lba: sizeBytes / 512, sectors: 1 });
    expect(completion.status === 'checkCondition' && completion.sense.asc).to.equal(0x21);
  });

  it('gives commands again that a lost disk did not answer, the first with its unit attention', async () => {
    await submit(disk, { op: 'write', lba: 0, data: Buffer.alloc(512, 1) });
    await powerCut();
    const commands = [1, 2, 3].map((value) =>
      submit(disk, { op: 'write', lba: value, data: Buffer.alloc(512, value) }),
    );
    powerOn();
    const [first, ...others] = await Promise.all(commands);
    expect(first?.status === 'checkCondition' && [first.sense.key, first.sense.asc]).to.deep.equal([
      'unitAttention',
      0x29,
    ]);
    expect(others.map((each) => each.status)).to.deep.equal(['good', 'good']);
    const read = await submit(disk, { op: 'read', lba: 0, sectors: 4 });
    const values = read.status === 'good' ? [0, 512, 1024, 1536].map((at) => read.data[at]) : [];
    expect(values, 'the cache is gone, the first was refused').to.deep.equal([0, 0, 2, 3]);
  });

  it('makes durable what it holds when it is shut down in order', async () => {
    await submit(disk, { op: 'write', lba: 0, data: Buffer.alloc(512, 9) });
    await server.runner.stop();
    const medium = Buffer.alloc(512);
    store.read(0, medium);
    expect(medium[0]).to.equal(9);
    powerOn();
  });

  it('has ended when what it had taken is done', async () => {
    await submit(disk, { op: 'write', lba: 0, data: Buffer.alloc(512, 9) });
    let persisted = false;
    persist = (step, then) => {
      setTimeout(() => {
        persisted = true;
        store.apply(step);
        then({ ok: true });
      }, 10);
      void server.runner.stop();
    };
    const closed = new Promise<boolean>((resolve) => server.runner.once('closed', () => resolve(persisted)));
    disk.submit({ op: 'synchronizeCache', lba: 0, sectors: 0 }, () => {});
    expect(await closed).to.equal(true);
    powerOn();
  });

  it('refuses what is no disk', async () => {
    const other = join(folder.path, 'other');
    const listener = openLine({ kind: 'unix-listen', path: other });
    const wrong = RemoteDisk.open({ line: listener, role: 'sub' }).catch((error: unknown) => error);
    const opened = RemoteDisk.open({ line: openLine({ kind: 'unix', path: other }), role: 'main' });
    const errors = [await wrong, await opened.catch((error: unknown) => error)];
    for (const error of errors) expect(error instanceof RefusalError && error.refusal.code).to.equal('wrong-role');
  });

  it('is waited for until that is called off', async () => {
    const giveUp = new AbortController();
    const line = openLine({ kind: 'unix', path: join(folder.path, 'nobody') });
    const opening = RemoteDisk.open({ line, role: 'main' }, giveUp.signal).catch((error: unknown) => error);
    giveUp.abort();
    const error = await opening;
    expect(error instanceof RefusalError && error.refusal.code).to.equal('line-unavailable');
  });
});
