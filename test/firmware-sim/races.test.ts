/** What happens when something arrives while something else is on its way to a disk: one disk is slow, so that it does. */
import { expect } from 'chai';
import type { SimulatedDisk } from '../../hil/simulate/simulated-disk.js';
import { contentDigests, GenerationDigest, runDigest } from '../../protocol/digest.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../protocol/ids.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { blockBytes, Lab, refusalOf, volumeBlocks } from './lab.js';
import { RemotePeer } from './remote-peer.js';

const volumeBytes = volumeBlocks * blockBytes;

function slow(disk: SimulatedDisk | undefined, us: number, what = (_: MediumCommand) => true): void {
  if (disk === undefined) throw new Error('no such disk');
  disk.delayUs = (command) => (what(command) ? us : 50);
}

async function readAll(lab: Lab, site: 'host' | 'subHost'): Promise<Buffer> {
  return Buffer.from(await lab.bench.run(lab.bench[site].read(0, 0, volumeBytes)));
}

/** What main says of a pair, as its sub takes it. */
function pairingOf(lab: Lab): MessageNamed<'pairing'> {
  const { state, replica } = lab.bench.sub;
  const { committed, commitDigest, structured } = replica;
  return {
    kind: 'pairing',
    ...{ pair: state.pair, epoch: state.epoch, method: state.method, blockBytes, volumes: state.volumeBytes },
    ...{ frozen: committed, committed, commitDigest, structured, state: 'PAIR', receiving: generation(0) },
    ...{ takenOver: false, runBytesMax: 65536, windowBytes: 1 << 20 },
  };
}

describe('what meets on its way to a disk', () => {
  it('a write and the record that its block has been sent: the block is sent again before the freeze', async () => {
    const lab = new Lab({ method: 'streaming' });
    await lab.write(0, 2);
    await lab.image();
    await lab.write(0, 1);
    slow(lab.bench.disks.get('meta'), 20_000);
    slow(lab.bench.disks.get('primary0'), 50_000);
    await lab.until(() => lab.bench.sub.replica.volume(0).staged.size > 0);
    await lab.bench.pass(5000);
    expect(lab.bench.main.state.volume(0).streamed.size, 'recorded as sent').to.equal(0);
    await lab.write(0, 1);
    await lab.bench.pass(500_000);
    await lab.image();
    expect((await readAll(lab, 'subHost')).equals(await readAll(lab, 'host'))).to.equal(true);
  });

  it('deferred writes that a failed generation left undrained, and the next freeze: none is lost', async () => {
    const lab = new Lab({ shadowBytes: 9 * blockBytes, hostStallUsMax: 300_000 });
    await lab.write(0, 16);
    await lab.image();
    const now = await lab.write(0, 16);
    lab.cutRemote();
    await lab.freeze();
    for (const block of [0, 2, 4, 6, 8, 10]) (await lab.write(block, 1)).copy(now, block * blockBytes);
    slow(lab.bench.disks.get('primary0'), 5_000_000, (each) => each.op === 'write' && each.lba < 12 * 8);
    lab.restoreRemote();
    await lab.until(() => lab.bench.main.state.committed === 2);
    await lab.write(12, 4);
    lab.cutRemote();
    const third = await lab.freeze();
    const stalled = lab.write(12, 4);
    expect(await refusalOf(lab, lab.bench.host.wait(third))).to.equal('shadow-full');
    await lab.bench.run(lab.bench.host.resync());
    expect(lab.bench.main.state.volume(0).before.size, 'still to be drained').to.be.greaterThan(1);
    await lab.freeze();
    slow(lab.bench.disks.get('primary0'), 50);
    lab.restoreRemote();
    (await stalled).copy(now, 12 * blockBytes);
    await lab.bench.run(lab.bench.host.wait(4, 'structured'));
    await lab.bench.pass(1_000_000);
    expect((await readAll(lab, 'host')).equals(now), 'what was acknowledged').to.equal(true);
    await lab.image();
    expect((await readAll(lab, 'subHost')).equals(now), 'the image').to.equal(true);
  });

  it('a deferred write and frozen content that lies where it is: nothing is copied', async () => {
    const lab = new Lab();
    await lab.write(0, 6);
    await lab.image();
    await lab.write(0, 6);
    lab.cutRemote();
    await lab.freeze();
    await lab.write(1, 3);
    const { deferred, kept } = lab.bench.main.state.volume(0);
    expect([deferred.size, kept.size]).to.deep.equal([3, 0]);
    const { shadowSlots, shadowSlotsFree } = await lab.bench.run(lab.bench.host.status());
    expect(shadowSlots - shadowSlotsFree, 'slots taken').to.equal(3);
  });

  it('structuring that waits for a host write of the same block: the write stays', async () => {
    const lab = new Lab();
    await lab.write(0, 16);
    await lab.image();
    for (let block = 0; block < 16; block += 2) await lab.write(block, 1);
    slow(lab.bench.subDisks.get('secondary0'), 20_000);
    const second = await lab.freeze();
    await lab.until(() => lab.bench.sub.replica.committed === second);
    await lab.bench.run(lab.bench.subHost.takeover(true));
    const written = await lab.write(8, 1, lab.bench.subHost);
    await lab.bench.pass(1_000_000);
    expect((await readAll(lab, 'subHost')).subarray(8 * blockBytes, 9 * blockBytes).equals(written)).to.equal(true);
  });

  it('a complete, and an abandon that overtook it on the line: nothing is committed', async () => {
    const lab = new Lab();
    await lab.write(0, 6);
    await lab.image();
    const image = await readAll(lab, 'subHost');
    const main = RemotePeer.attach(lab, 'sub');
    await lab.until(() => main.heard('hello').length > 0);
    main.say(pairingOf(lab));
    const begun = { generation: generation(2), volume: volumeNumber(0), first: blockNumber(0) };
    main.say({ kind: 'begin', epoch: epoch(1), base: generation(1), full: false, state: 'PAIR', ...begun }, 2);
    const data = Buffer.alloc(blockBytes, 'newer');
    const digests = contentDigests(data, blockBytes);
    main.say({ kind: 'blockRun', run: 1, ...begun, count: 1, digest: runDigest(digests), data }, 2);
    await lab.until(() => main.heard('stored').length > 0);
    slow(lab.bench.subDisks.get('meta'), 20_000);
    const digest = generationDigest(digests);
    main.say({ kind: 'abandon', generation: begun.generation, code: 80, state: 'PSUE' });
    main.say({ kind: 'complete', generation: begun.generation, blocks: 1, zeroBlocks: 0, digest }, 2);
    await lab.bench.pass(1_000_000);
    expect(lab.bench.sub.replica.committed).to.equal(1);
    expect((await readAll(lab, 'subHost')).equals(image)).to.equal(true);
  });

  it('more runs than one answer names: all of them are answered', async () => {
    const lab = new Lab();
    await lab.write(0, 6);
    await lab.image();
    const main = RemotePeer.attach(lab, 'sub');
    await lab.until(() => main.heard('hello').length > 0);
    main.say(pairingOf(lab));
    const place = { generation: generation(2), volume: volumeNumber(0), first: blockNumber(0) };
    main.say({ kind: 'begin', epoch: epoch(1), base: generation(1), full: false, state: 'PAIR', ...place }, 2);
    await lab.until(() => lab.bench.sub.replica.receiving !== undefined);
    slow(lab.bench.subDisks.get('meta'), 2_000_000);
    for (let run = 0; run < 5000; run += 1) main.say({ kind: 'zeroRun', run, ...place, count: 1 }, 2);
    await lab.bench.pass(10_000_000);
    const answers = main.heard('stored').map(({ runs }) => runs.length);
    expect(answers.reduce((sum, each) => sum + each, 0)).to.equal(5000);
    expect(Math.max(...answers)).to.equal(4096);
  });

  it('main’s pairing and a sub that still reads its records: they pair all the same', async () => {
    const lab = new Lab();
    await lab.write(0, 6);
    await lab.image();
    lab.bench.powerCut('sub');
    slow(lab.bench.subDisks.get('meta'), 200_000);
    lab.bench.powerOn('sub');
    await lab.write(3, 6);
    await lab.bench.run(lab.bench.host.wait(await lab.freeze(), 'structured'));
    expect((await readAll(lab, 'subHost')).equals(await readAll(lab, 'host'))).to.equal(true);
  });
});

function generationDigest(digests: Uint8Array): Uint8Array {
  const digest = new GenerationDigest();
  digest.add(0, 0, digests);
  return digest.finish();
}
