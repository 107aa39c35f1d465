/** The sub as its host sees it: digests, waiting, and a takeover that asks whether main is still there. */
import { expect } from 'chai';
import type { SimulatedDisk } from '../../../hil/simulate/simulated-disk.js';
import { blockNumber, generation, volumeNumber } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blockBytes, Lab, refusalOf, volumeBlocks } from '../lab.js';
import { RemotePeer } from '../remote-peer.js';

function diskOf(lab: Lab, name: 'secondary0' | 'meta'): SimulatedDisk {
  const disk = lab.bench.subDisks.get(name);
  if (disk === undefined) throw new Error(`there is no ${name}`);
  return disk;
}

const whole = { volume: volumeNumber(0), first: blockNumber(0), count: volumeBlocks, partBlocks: volumeBlocks };

/** A pair with one image. */
/** Its disks serve nobody but main's blocks and who asks: what is sent need not be looked for. */
async function paired(): Promise<Lab> {
  const lab = new Lab({ heldRuns: false });
  await lab.write(0, 6);
  await lab.image();
  return lab;
}

/** Asks the sub something as its host, by hand, and gives the answers. */
async function asHost(lab: Lab): Promise<RemotePeer> {
  const peer = RemotePeer.attach(lab, 'sub', 'host');
  await lab.until(() => peer.heard('hello').length > 0);
  return peer;
}

describe('a sub that is asked for digests', () => {
  it('gives those of its image, and names it', async () => {
    const lab = await paired();
    const peer = await asHost(lab);
    for (const of of [0, 1]) peer.say({ kind: 'getDigests', request: 10 + of, generation: generation(of), ...whole });
    await lab.until(() => peer.heard('digests').length > 1);
    const [current, named] = peer.heard('digests');
    expect([current?.request, current?.generation, named?.request, named?.generation]).to.deep.equal([10, 1, 11, 1]);
    expect(current?.digests).to.deep.equal(named?.digests);
    const [digest] = await lab.bench.run(lab.bench.host.digests(0, whole));
    expect(Buffer.from(current?.digests[0] ?? [])).to.deep.equal(Buffer.from(digest ?? []));
  });

  it('refuses those of another generation, and says which is the current one', async () => {
    const lab = await paired();
    const peer = await asHost(lab);
    peer.say({ kind: 'getDigests', request: 10, generation: generation(2), ...whole });
    peer.say({ kind: 'getDigests', request: 11, generation: generation(1), ...whole, count: volumeBlocks + 1 });
    await lab.until(() => peer.heard('refused').length > 1);
    expect(peer.heard('refused').map(({ request, code, detail }) => [request, code, detail])).to.deep.equal([
      [10, refusals['wrong-generation'].number, 'generation 1 is the current one'],
      [11, refusals['range-outside'].number, ''],
    ]);
  });

  it('gives none of two images: a commit in between refuses them', async () => {
    const lab = await paired();
    await lab.write(2, 3);
    const peer = await asHost(lab);
    diskOf(lab, 'secondary0').delayUs = ({ op }) => (op === 'read' ? 2_000_000 : 50);
    peer.say({ kind: 'getDigests', request: 10, generation: generation(0), ...whole });
    const second = await lab.freeze();
    await lab.until(() => lab.bench.sub.replica.committed === second);
    await lab.until(() => peer.heard('refused').length > 0);
    const code = refusals['wrong-generation'].number;
    expect(peer.heard('refused')).to.deep.equal([
      { kind: 'refused', request: 10, code, detail: 'a commit came in between' },
    ]);
    expect(peer.heard('digests')).to.deep.equal([]);
  });

  it('refuses them when its disk fails', async () => {
    const lab = await paired();
    const disk = diskOf(lab, 'secondary0');
    const submit = disk.submit.bind(disk);
    disk.submit = (command, done) =>
      command.op === 'read' ? done(checkCondition('unrecoveredReadError')) : submit(command, done);
    const peer = await asHost(lab);
    peer.say({ kind: 'getDigests', request: 10, generation: generation(0), ...whole });
    await lab.until(() => peer.heard('refused').length > 0);
    expect(peer.heard('refused')[0]).to.deep.include({ code: refusals['disk-error'].number, detail: 'secondary0' });
  });
});

describe('a sub that a host waits at', () => {
  it('answers when the image is committed, and when it is structured', async () => {
    const lab = await paired();
    const waits = [lab.bench.subHost.wait(2), lab.bench.subHost.wait(2, 'structured')];
    await lab.write(2, 1);
    await lab.freeze();
    await lab.bench.run(Promise.all(waits));
    expect(lab.bench.sub.replica.structured).to.equal(2);
  });

  it('tells why a generation failed that main gave up, and remembers the last 64', async () => {
    const lab = await paired();
    const main = RemotePeer.attach(lab, 'sub');
    await lab.until(() => main.heard('hello').length > 0);
    const { state, replica } = lab.bench.sub;
    const { committed, commitDigest, structured } = replica;
    main.say({
      ...{ kind: 'pairing', pair: state.pair, epoch: state.epoch, method: state.method, blockBytes },
      ...{ volumes: state.volumeBytes, frozen: committed, committed, commitDigest, structured, state: 'PAIR' },
      ...{ receiving: generation(0), takenOver: false, runBytesMax: 65536, windowBytes: 1 << 20 },
    });
    const code = refusals['shadow-full'].number;
    const waiting = lab.bench.subHost.wait(2);
    const giveUp = (of: number) => main.say({ kind: 'abandon', generation: generation(of), code, state: 'PSUE' });
    giveUp(2);
    expect(await refusalOf(lab, waiting)).to.equal('shadow-full');
    for (let of = 3; of < 70; of += 1) giveUp(of);
    await lab.bench.pass(2_000_000);
    expect(await refusalOf(lab, lab.bench.subHost.wait(6))).to.equal('shadow-full');
    const { failed, failedReason } = await lab.bench.run(lab.bench.subHost.status());
    expect([failed, failedReason]).to.deep.equal([69, code]);
    const forgotten = lab.bench.subHost.wait(5).then(
      () => 'answered',
      (error: Error) => error.message,
    );
    await lab.bench.pass(2_000_000);
    expect(await Promise.race([forgotten, Promise.resolve('waits')])).to.equal('waits');
  });

  it('refuses more who wait than it has room for', async () => {
    const lab = await paired();
    const peer = await asHost(lab);
    const wait = (request: number) =>
      peer.say({ kind: 'wait', request, generation: generation(9), target: 'committed' });
    for (let request = 1; request <= 257; request += 1) wait(request);
    await lab.until(() => peer.heard('refused').length > 0);
    expect(peer.heard('refused').map(({ request, code }) => [request, code])).to.deep.equal([
      [257, refusals['too-many-requests'].number],
    ]);
  });
});

describe('a takeover of a pair that looks healthy', () => {
  it('is refused once main has given a sign of life', async () => {
    const lab = await paired();
    const both = [lab.bench.subHost.takeover(), lab.bench.subHost.takeover()].map((each) => refusalOf(lab, each));
    expect(await Promise.all(both)).to.deep.equal(['pair-healthy', 'pair-healthy']);
    expect(lab.bench.sub.state.takenOver).to.equal(false);
    expect(lab.bench.kernel.nowUs).to.be.lessThan(3_000_000);
    expect(await refusalOf(lab, lab.bench.subHost.takeover()), 'asked again').to.equal('pair-healthy');
  });

  it('is carried out three seconds later when main gives none', async () => {
    const lab = await paired();
    // Main hangs: its line is up, and nothing comes of it.
    lab.bench.kernel.pause('main', 10_000_000);
    const askedUs = lab.bench.kernel.nowUs;
    const done = await lab.bench.run(lab.bench.subHost.takeover());
    expect([done.epoch, done.effect]).to.deep.equal([2, true]);
    expect(lab.bench.kernel.nowUs - askedUs).to.be.within(3_000_000, 3_100_000);
    expect(lab.bench.sub.state.takenOver).to.equal(true);
  });
});
