/** The main site is lost, for good or for a while: the sub takes over, and gives back when there is a main again. */
import { expect } from 'chai';
import { type Method, methods } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import { blockBytes, Lab, refusalOf, volumeBlocks } from '../firmware-sim/lab.js';

const volumeBytes = volumeBlocks * blockBytes;
/** So slow that structuring takes a while. */
const slowDisks = { accessUs: 5000, flushUs: 5000, lateEffect: true };

async function image(lab: Lab, site: 'host' | 'subHost' = 'subHost'): Promise<Buffer> {
  return Buffer.from(await lab.bench.run(lab.bench[site].read(0, 0, volumeBytes)));
}

function mark(lab: Lab, device: string, name: string): Readonly<Record<string, number | string>> {
  const found = lab.bench.kernel.notes.flatMap((note) =>
    note.device === device && note.effect.kind === 'mark' && note.effect.name === name ? [note.effect.values] : [],
  );
  return found.at(-1) ?? {};
}

async function pairOf(method: Method, options = {}): Promise<Lab> {
  const lab = new Lab({ method, ...options });
  await lab.write(0, 8);
  await lab.image();
  return lab;
}

async function regained(lab: Lab): Promise<void> {
  await lab.until(() => !lab.bench.main.state.takenOver && !lab.bench.sub.state.takenOver);
  await lab.bench.pass(100_000);
}

/** Asks for a failback until the session between the sites is there. */
async function failBack(lab: Lab): Promise<void> {
  for (;;) {
    const code = await refusalOf(lab, lab.bench.subHost.failback(true));
    if (code === 'not refused') return;
    expect(code).to.equal('sub-unreachable');
    await lab.bench.pass(10_000);
  }
}

async function expectEqualSites(lab: Lab): Promise<void> {
  await lab.bench.pass(1_000_000);
  expect(lab.bench.durable('secondary0').equals(lab.bench.durable('primary0')), 'the files are equal').to.equal(true);
}

describe('takeover', () => {
  for (const method of methods) {
    it(`makes the image readable and writable at once when main is lost for good (${method})`, async () => {
      const lab = await pairOf(method);
      const expected = await image(lab);
      lab.bench.powerCut('main');
      const { effect, epoch } = await lab.bench.run(lab.bench.subHost.takeover());
      expect([effect, epoch]).to.deep.equal([true, 2]);
      expect((await image(lab)).equals(expected)).to.equal(true);
      (await lab.write(2, 3, lab.bench.subHost)).copy(expected, 2 * blockBytes);
      expect((await image(lab)).equals(expected)).to.equal(true);
      lab.bench.powerCut('sub');
      lab.bench.powerOn('sub');
      expect((await image(lab)).equals(expected), 'after a power cut').to.equal(true);
      expect((await lab.bench.run(lab.bench.subHost.status())).pairState).to.equal('SSWS');
    });
  }

  it('needs --force while main is alive, and changes nothing without', async () => {
    const lab = await pairOf('differential');
    await lab.bench.pass(10_000_000);
    expect(await refusalOf(lab, lab.bench.subHost.takeover())).to.equal('pair-healthy');
    await lab.write(3, 1);
    await lab.image();
    const { effect } = await lab.bench.run(lab.bench.subHost.takeover(true));
    expect(effect).to.equal(true);
  });

  it('shows and takes writes to blocks that are not structured yet, and keeps both through a power cut', async () => {
    const lab = await pairOf('differential', { diskTimes: slowDisks });
    for (const block of [0, 2, 4, 6, 8, 10, 12]) await lab.write(block, 1);
    const expected = await image(lab, 'host');
    await lab.freeze();
    await lab.until(() => lab.bench.sub.replica.committed === 2);
    lab.bench.powerCut('main');
    const taken = lab.bench.run(lab.bench.subHost.takeover(true));
    await taken;
    expect(lab.bench.sub.replica.overlaid, 'blocks that are not structured').to.be.greaterThan(2);
    const last = lab.bench.sub.replica.volume(0).overlay.has(12);
    expect(last, 'block 12 is not structured').to.equal(true);
    (await lab.write(12, 1, lab.bench.subHost)).copy(expected, 12 * blockBytes);
    lab.bench.powerCut('sub');
    lab.bench.powerOn('sub');
    expect((await image(lab)).equals(expected)).to.equal(true);
    await lab.bench.run(lab.bench.subHost.wait(2, 'structured'));
    await lab.bench.pass(1_000_000);
    expect(lab.bench.durable('secondary0').equals(expected), 'the file').to.equal(true);
  });

  it('drops a generation that is not committed, and main fails it when it hears of the takeover', async () => {
    const lab = await pairOf('differential', {
      remoteLine: { latencyUs: 500, bitErrorRate: 0, dropRate: 0, baud: 115_200 },
    });
    const expected = await image(lab);
    for (const block of [1, 3, 5]) await lab.write(block, 1);
    const generation = await lab.freeze();
    await lab.until(() => lab.bench.sub.replica.volume(0).staged.size > 0);
    await lab.bench.run(lab.bench.subHost.takeover(true));
    expect(await refusalOf(lab, lab.bench.host.wait(generation))).to.equal('taken-over');
    expect((await image(lab)).equals(expected)).to.equal(true);
    const { shadowSlots, shadowSlotsFree } = await lab.bench.run(lab.bench.subHost.status());
    expect(shadowSlotsFree, 'staging is empty').to.equal(shadowSlots);
  });
});

describe('failback', () => {
  for (const method of methods) {
    it(`brings main just the union of what differs, after it has named what it discards (${method})`, async () => {
      const lab = await pairOf(method);
      lab.bench.powerCut('main');
      await lab.bench.run(lab.bench.subHost.takeover());
      await lab.write(4, 2, lab.bench.subHost);
      lab.bench.powerOn('main');
      // Before the two have spoken main knows nothing, and takes a write that nobody will get.
      lab.cutRemote();
      await lab.write(1, 1);
      await lab.write(5, 1);
      lab.restoreRemote();
      await lab.until(() => lab.bench.main.state.takenOver);
      expect(await refusalOf(lab, lab.bench.host.write(0, 0, Buffer.alloc(blockBytes, 1)).done)).to.equal('scsi-error');
      expect(await refusalOf(lab, lab.bench.host.freeze(Buffer.alloc(16, 0xee)))).to.equal('taken-over');

      const refused = await lab.bench.run(lab.bench.subHost.failback().catch((error: unknown) => error));
      expect(refused).to.be.instanceOf(RefusalError);
      const { code, detail } = (refused as RefusalError).refusal;
      expect(code).to.equal('discard-needed');
      expect(detail).to.contain('2 blocks');
      await lab.write(6, 1, lab.bench.subHost);

      const expected = await image(lab);
      const before = lab.bench.lines.remote.counts()[1].carriedBytes;
      const { generation } = await lab.bench.run(lab.bench.subHost.failback(true));
      expect(generation).to.equal(2);
      await regained(lab);
      // Blocks 4, 5, 6 of the sub and 1, 5 of main: four blocks, and little besides.
      expect(mark(lab, 'sub', 'failback')).to.include({ blocks: 4 });
      const carried = lab.bench.lines.remote.counts()[1].carriedBytes - before;
      expect(carried).to.be.within(4 * blockBytes, 5 * blockBytes);
      expect((await image(lab, 'host')).equals(expected), 'what main shows').to.equal(true);
      await expectEqualSites(lab);

      await lab.write(9, 1);
      expect(await lab.image()).to.equal(3);
      const blocks = method === 'copy' ? 9 : 1;
      expect(mark(lab, 'main', 'complete'), 'the next freeze').to.include({ generation: 3, blocks });
      await expectEqualSites(lab);
      await lab.bench.run(lab.bench.subHost.takeover(true));
      expect((await lab.bench.run(lab.bench.subHost.status())).epoch).to.equal(3);
    });
  }

  it('waits for host writes at the sub that are under way, and refuses those that come after', async () => {
    const lab = await pairOf('differential', { diskTimes: slowDisks });
    await lab.bench.run(lab.bench.subHost.takeover(true));
    await image(lab); // Takes the unit attention of power on out of the way.
    // The second waits for the first, so that its blocks are noted as changed last of all.
    const first = lab.bench.subHost.write(0, 3 * blockBytes, Buffer.alloc(blockBytes, 'first'));
    const early = lab.bench.subHost.write(0, 3 * blockBytes, Buffer.alloc(2 * blockBytes, 'early'));
    for (const { done } of [first, early]) done.catch(() => {});
    await lab.bench.pass(3000);
    const failback = lab.bench.subHost.failback(true);
    await lab.bench.pass(2000);
    const late = lab.bench.subHost.write(0, 7 * blockBytes, Buffer.alloc(blockBytes, 'late'));
    expect(await refusalOf(lab, late.done)).to.equal('scsi-error');
    await lab.bench.run(early.done);
    await lab.bench.run(failback);
    await regained(lab);
    expect((await image(lab, 'host')).subarray(4 * blockBytes, 5 * blockBytes).includes('early')).to.equal(true);
    await expectEqualSites(lab);
  });

  it('fails with the reason when main’s shadow area has no room, and the sub goes on taking writes', async () => {
    const lab = await pairOf('differential', { shadowBytes: 4 * blockBytes });
    await lab.bench.run(lab.bench.subHost.takeover(true));
    await lab.write(0, 6, lab.bench.subHost);
    const { generation } = await lab.bench.run(lab.bench.subHost.failback(true));
    expect(await refusalOf(lab, lab.bench.subHost.wait(generation))).to.equal('staging-full');
    await lab.write(7, 1, lab.bench.subHost);
    const again = await lab.bench.run(lab.bench.subHost.failback(true));
    expect(again.generation, 'a number of its own').to.equal(generation + 1);
  });

  it('comes after a generation that main froze and the sub never had', async () => {
    const lab = await pairOf('differential');
    await lab.write(1, 1);
    lab.cutRemote();
    const frozen = await lab.freeze();
    lab.restoreRemote();
    await lab.bench.run(lab.bench.subHost.takeover(true));
    const { generation } = await lab.bench.run(lab.bench.subHost.failback(true));
    expect(generation).to.be.greaterThan(frozen);
    await regained(lab);
    await expectEqualSites(lab);
  });

  it('needs no room twice for what had arrived before a power cut', async () => {
    for (let cut = 1; cut <= 12; cut += 1) {
      const lab = await pairOf('differential', {
        remoteLine: { latencyUs: 500, bitErrorRate: 0, dropRate: 0, baud: 12_000_000 },
        shadowBytes: 7 * blockBytes,
      });
      await lab.bench.run(lab.bench.subHost.takeover(true));
      await lab.write(0, 6, lab.bench.subHost);
      await lab.bench.run(lab.bench.subHost.failback(true));
      await lab.bench.pass(cut * 2000);
      lab.bench.powerCut('main');
      await lab.bench.pass(5000);
      lab.bench.powerOn('main');
      await regained(lab);
      await expectEqualSites(lab);
    }
  });

  it('ends well when the power goes again and again, at either site, every few milliseconds of it', async () => {
    for (let cut = 0; cut < 24; cut += 1) {
      const lab = await pairOf('differential', {
        remoteLine: { latencyUs: 500, bitErrorRate: 0, dropRate: 0, baud: 921_600 },
      });
      await lab.bench.run(lab.bench.subHost.takeover(true));
      for (const block of [0, 3, 6, 9]) await lab.write(block, 1, lab.bench.subHost);
      const expected = await image(lab);
      const first = refusalOf(lab, lab.bench.subHost.failback(true));
      await lab.bench.pass(cut * 4000);
      for (const who of cut % 3 === 2 ? (['main', 'sub'] as const) : ([cut % 3 === 0 ? 'main' : 'sub'] as const)) {
        lab.bench.powerCut(who);
        await lab.bench.pass(5000);
        lab.bench.powerOn(who);
      }
      expect((await image(lab)).equals(expected), `what the sub shows after cut ${cut}`).to.equal(true);
      // Refused when the power went before it was recorded: then the host asks again.
      if ((await first) === 'sub-unreachable') await failBack(lab);
      await regained(lab);
      expect((await image(lab, 'host')).equals(expected), `what main shows after cut ${cut}`).to.equal(true);
      await expectEqualSites(lab);
    }
  });
});
