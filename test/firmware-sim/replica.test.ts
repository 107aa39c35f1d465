import { expect } from 'chai';
import type { MemoryStore } from '../../firmware-sim/disk/memory-store.js';
import type { SimulatedDisk } from '../../hil/simulate/simulated-disk.js';
import type { DiskName } from '../../protocol/device.js';
import { refusals } from '../../protocol/refusals.js';
import { blockBytes, Lab, refusalOf, volumeBlocks } from './lab.js';

const volumeBytes = volumeBlocks * blockBytes;
const slowLine = { latencyUs: 500, bitErrorRate: 0, dropRate: 0, baud: 115_200 };

type Disks = ReadonlyMap<DiskName, SimulatedDisk>;

/** Copies of disks as they are now, to be put back later: a backup restored over newer disks. */
function copyOf(disks: Disks): Map<DiskName, MemoryStore> {
  return new Map([...disks].map(([name, disk]) => [name, disk.store.clone()]));
}

function putBack(disks: Disks, copies: ReadonlyMap<DiskName, MemoryStore>): void {
  for (const [name, { store, sectors }] of disks) {
    const copy = copies.get(name);
    const runs = copy?.allocated(0, sectors * 512, Number.MAX_SAFE_INTEGER) ?? [];
    const writes = runs.map(({ offset, length }) => {
      const data = Buffer.alloc(length);
      copy?.read(offset, data);
      return { offset, data };
    });
    store.apply({ writes: [], punches: [{ offset: 0, length: sectors * 512 }] });
    store.apply({ writes, punches: [] });
  }
}

function corrupt(disk: SimulatedDisk | undefined, offset: number): void {
  if (disk === undefined) throw new Error('no such disk');
  disk.store.apply({ writes: [{ offset, data: Buffer.alloc(512, 0xbd) }], punches: [] });
}

async function statusOfMain(lab: Lab): Promise<{ readonly state: string; readonly reason: string }> {
  const { pairState, reason } = await lab.bench.run(lab.bench.host.status());
  const code = Object.entries(refusals).find(([, { number }]) => number === reason)?.[0];
  return { state: pairState, reason: code ?? '' };
}

function lastMark(lab: Lab, device: string, name: string): Readonly<Record<string, number | string>> {
  const found = lab.bench.kernel.notes.flatMap((note) =>
    note.device === device && note.effect.kind === 'mark' && note.effect.name === name ? [note.effect.values] : [],
  );
  return found.at(-1) ?? {};
}

async function readAll(lab: Lab, site: 'host' | 'subHost'): Promise<Buffer> {
  return Buffer.from(await lab.bench.run(lab.bench[site].read(0, 0, volumeBytes)));
}

async function expectEqualSites(lab: Lab): Promise<void> {
  await lab.bench.pass(1_000_000);
  expect(lab.bench.durable('secondary0').equals(await readAll(lab, 'host')), 'both sites are equal').to.equal(true);
}

async function restart(lab: Lab, who: 'main' | 'sub', change: () => void): Promise<void> {
  lab.bench.powerCut(who);
  change();
  await lab.bench.pass(10_000);
  const before = lab.bench.kernel.notes.length;
  lab.bench.powerOn(who);
  const paired = () =>
    lab.bench.kernel.notes.slice(before).some(({ effect }) => effect.kind === 'mark' && effect.name === 'paired');
  await lab.until(paired);
  await lab.bench.pass(100_000);
}

describe('a replica that meets trouble', () => {
  it('fails a generation that does not fit its staging area, and takes the difference once it does', async () => {
    const lab = new Lab({ stagingBytes: 7 * blockBytes });
    await lab.write(0, 6);
    await lab.image();
    const image = await readAll(lab, 'subHost');
    await lab.write(4, 8);
    const generation = await lab.freeze();
    expect(await refusalOf(lab, lab.bench.host.wait(generation))).to.equal('staging-full');
    expect(await statusOfMain(lab)).to.deep.equal({ state: 'PSUE', reason: 'staging-full' });
    expect((await readAll(lab, 'subHost')).equals(image), 'the image before').to.equal(true);
    // Zeros take no room.
    await lab.bench.run(lab.bench.host.command(0, { op: 'unmap', ranges: [{ lba: 8 * 8, sectors: 4 * 8 }] }));
    await lab.bench.run(lab.bench.host.resync());
    await lab.image();
    expect(lastMark(lab, 'main', 'complete')).to.include({ blocks: 8, zeroBlocks: 4 });
    await expectEqualSites(lab);
  });

  it('gives an error, never other data, for a staged block that the disk changed, and is mended by a full copy', async () => {
    const lab = new Lab();
    await lab.write(0, 6);
    await lab.image();
    lab.cutRemote();
    await lab.write(1, 3);
    await lab.freeze();
    lab.restoreRemote();
    await lab.until(() => lab.bench.sub.replica.volume(0).staged.size === 3);
    const slot = lab.bench.sub.replica.volume(0).staged.slotOf(2) ?? 0;
    corrupt(lab.bench.subDisks.get('staging0'), slot * blockBytes);
    await lab.until(() => lab.bench.main.state.pairState === 'PSUE');
    expect(await statusOfMain(lab)).to.deep.equal({ state: 'PSUE', reason: 'staging-corrupt' });
    expect(await refusalOf(lab, lab.bench.subHost.read(0, 2 * blockBytes, blockBytes))).to.equal('scsi-error');
    await lab.bench.run(lab.bench.host.resync());
    await lab.bench.pass(100_000);
    await lab.image();
    expect(lastMark(lab, 'main', 'complete')).to.include({ blocks: 6 });
    await expectEqualSites(lab);
  });

  it('is given a full copy when it was restored from an older copy', async () => {
    const lab = new Lab();
    await lab.write(0, 6);
    await lab.image();
    const old = copyOf(lab.bench.subDisks);
    await lab.write(2, 8);
    await lab.image();
    await restart(lab, 'sub', () => putBack(lab.bench.subDisks, old));
    expect(lastMark(lab, 'main', 'paired')).to.deep.equal({ verdict: 'olderSub' });
    await lab.write(1, 1);
    await lab.image();
    expect(lastMark(lab, 'main', 'complete')).to.include({ blocks: 10 });
    await expectEqualSites(lab);
  });

  it('is given a full copy when it was restored from before a takeover that main has been given back from', async () => {
    const lab = new Lab();
    await lab.write(0, 6);
    await lab.image();
    const old = copyOf(lab.bench.subDisks);
    await lab.bench.run(lab.bench.subHost.takeover(true));
    await lab.write(4, 4, lab.bench.subHost);
    await lab.bench.run(lab.bench.subHost.failback(true));
    await lab.until(() => lab.bench.main.state.epoch === 2 && !lab.bench.main.state.takenOver);
    await restart(lab, 'sub', () => putBack(lab.bench.subDisks, old));
    expect(lastMark(lab, 'main', 'paired')).to.deep.equal({ verdict: 'olderSub' });
    await lab.write(1, 1);
    await lab.image();
    await expectEqualSites(lab);
  });

  it('is sent nothing by a main that was restored from before a takeover at the sub ended', async () => {
    const lab = new Lab();
    await lab.write(0, 6);
    await lab.image();
    await lab.bench.run(lab.bench.subHost.takeover(true));
    await lab.write(4, 4, lab.bench.subHost);
    const old = copyOf(lab.bench.subDisks);
    await lab.bench.run(lab.bench.subHost.failback(true));
    await lab.until(() => lab.bench.main.state.epoch === 2 && !lab.bench.main.state.takenOver);
    await lab.write(8, 1);
    await restart(lab, 'sub', () => putBack(lab.bench.subDisks, old));
    expect(lastMark(lab, 'main', 'paired')).to.deep.equal({ verdict: 'refused' });
    expect(await statusOfMain(lab)).to.deep.equal({ state: 'PSUE', reason: 'older-sub' });
    await lab.write(9, 1);
  });

  it('is sent nothing by a main that was restored from an older copy', async () => {
    const lab = new Lab();
    await lab.write(0, 6);
    await lab.image();
    const old = copyOf(lab.bench.disks);
    await lab.write(2, 8);
    await lab.image();
    const image = await readAll(lab, 'subHost');
    await restart(lab, 'main', () => putBack(lab.bench.disks, old));
    expect(await statusOfMain(lab)).to.deep.equal({ state: 'PSUE', reason: 'older-main' });
    await lab.bench.pass(2_000_000);
    expect((await readAll(lab, 'subHost')).equals(image), 'the newer image').to.equal(true);
  });

  it('makes the generation fail when it has lost blocks whose frozen content is overwritten, and gets the rest later', async () => {
    const lab = new Lab({ remoteLine: slowLine });
    await lab.write(0, 6);
    await lab.image();
    lab.cutRemote();
    for (const block of [0, 2, 4, 6]) await lab.write(block, 1);
    const generation = await lab.freeze();
    const old = copyOf(lab.bench.subDisks);
    lab.restoreRemote();
    await lab.until(() => lab.bench.main.state.volume(0).sent.has(0));
    await lab.write(0, 1);
    await restart(lab, 'sub', () => putBack(lab.bench.subDisks, old));
    expect(await refusalOf(lab, lab.bench.host.wait(generation))).to.equal('frozen-content-lost');
    expect(await statusOfMain(lab)).to.deep.equal({ state: 'PSUE', reason: 'frozen-content-lost' });
    await lab.bench.run(lab.bench.host.resync());
    await lab.image();
    expect(lastMark(lab, 'main', 'complete')).to.include({ blocks: 4 });
    await expectEqualSites(lab);
  });

  for (const dead of ['the line is cut', 'the sub has no power'] as const) {
    it(`lets a host write go on when the shadow area is full and ${dead} in the middle of a session`, async () => {
      const lab = new Lab({ shadowBytes: 3 * blockBytes, hostStallUsMax: 3_000_000, remoteLine: slowLine });
      await lab.write(0, 6);
      await lab.image();
      for (const block of [0, 2, 4, 6, 8]) await lab.write(block, 1);
      const generation = await lab.freeze();
      await lab.until(() => lab.bench.main.state.volume(0).sent.size > 0);
      if (dead === 'the line is cut') lab.cutRemote();
      else lab.bench.powerCut('sub');
      for (const block of [2, 4, 6, 8]) await lab.write(block, 1);
      expect(await refusalOf(lab, lab.bench.host.wait(generation))).to.equal('shadow-full');
      lab.restoreRemote();
      if (dead === 'the sub has no power') lab.bench.powerOn('sub');
      await lab.bench.run(lab.bench.host.resync());
      await lab.image();
      await expectEqualSites(lab);
    });
  }

  it('has a generation adopted that main had given up, when it had committed it all the same', async () => {
    // Disks so slow that complete is on the wire before main finds out.
    const lab = new Lab({ remoteLine: slowLine, diskTimes: { accessUs: 5000, flushUs: 5000, lateEffect: true } });
    await lab.write(0, 6);
    await lab.image();
    lab.cutRemote();
    await lab.write(2, 1);
    const generation = await lab.freeze();
    await lab.write(2, 1);
    const slot = lab.bench.main.state.volume(0).deferred.slotOf(2) ?? 0;
    corrupt(lab.bench.disks.get('shadow0'), slot * blockBytes);
    lab.restoreRemote();
    expect(await refusalOf(lab, lab.bench.host.wait(generation))).to.equal('shadow-corrupt');
    await lab.until(() => lab.bench.sub.replica.committed === generation);
    await restart(lab, 'main', () => {});
    expect(lastMark(lab, 'main', 'paired')).to.deep.equal({ verdict: 'adopted' });
    expect(lab.bench.main.state.committed).to.equal(generation);
  });
});
