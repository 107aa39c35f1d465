import { expect } from 'chai';
import { blockBytes, Lab } from './lab.js';

/** The slot of staging that holds a block for the generation on its way. */
function stagedSlot(lab: Lab, block: number): number {
  const { staged, overlay } = lab.bench.sub.replica.volume(0);
  return staged.slotOf(block) ?? overlay.slotOf(block) ?? 0;
}

const spoilt = (slot: number) => ({
  writes: [{ offset: slot * blockBytes, data: Buffer.alloc(512, 0xbd) }],
  punches: [],
});

describe('what comes late, or lies spoilt under what comes', () => {
  it('merges no write with a deferred block whose content is not what was kept', async () => {
    const lab = new Lab({ method: 'differential' });
    await lab.write(0, 6);
    await lab.image();
    await lab.write(2, 1);
    lab.cutRemote();
    await lab.freeze();
    await lab.write(2, 1);
    const slot = lab.bench.main.state.volume(0).deferred.slotOf(2) ?? 0;
    lab.bench.disks.get('shadow0')?.store.apply(spoilt(slot));
    const part = lab.bench.host.write(0, 2 * blockBytes + 1024, Buffer.alloc(512, 0x11)).done;
    const ended = await lab.bench.run(part.then(() => 'good').catch((error: Error) => error.message));
    expect(ended).to.include('MEDIUM ERROR');
    expect(lab.bench.main.state.pairState).to.equal('PSUE');
  });

  it('lets no generation fail while the record of its commit is on its way', async () => {
    const lab = new Lab({ method: 'differential' });
    await lab.write(0, 6);
    await lab.image();
    lab.cutRemote();
    await lab.write(1, 3);
    const generation = await lab.freeze();
    lab.restoreRemote();
    await lab.until(() => lab.bench.main.state.volume(0).sent.size === 3);
    lab.bench.subDisks.get('staging0')?.store.apply(spoilt(stagedSlot(lab, 2)));
    const meta = lab.bench.disks.get('meta');
    if (meta !== undefined) meta.delayUs = () => 100_000;
    await lab.bench.pass(3_000_000);
    const { committed, failures, pairState } = lab.bench.main.state;
    expect([committed, failures.has(generation), pairState]).to.deep.equal([generation, false, 'PSUE']);
  });

  it('believes no holdings that come after the commit of what they are about', async () => {
    for (const delayUs of [60_000, 90_000, 120_000, 150_000, 180_000, 210_000]) {
      const lab = new Lab({
        method: 'differential',
        remoteLine: { latencyUs: 20_000, bitErrorRate: 0, dropRate: 0, baud: 3_000_000 },
      });
      await lab.write(0, 6);
      await lab.image();
      await lab.write(1, 3);
      const generation = await lab.freeze();
      await lab.until(() => lab.bench.main.state.volume(0).sent.size === 3);
      await lab.write(2, 1);
      const [subMeta, mainMeta] = [lab.bench.subDisks.get('meta'), lab.bench.disks.get('meta')];
      if (subMeta !== undefined) subMeta.delayUs = () => delayUs;
      if (mainMeta !== undefined) mainMeta.delayUs = ({ op }) => (op === 'write' ? 25_000 : 50);
      await lab.until(() =>
        lab.bench.kernel.notes.some(({ device, effect }) => {
          if (device !== 'sub' || effect.kind !== 'mark') return false;
          return effect.name === 'complete' && effect.values.generation === generation;
        }),
      );
      lab.bench.powerCut('main');
      lab.bench.powerOn('main');
      await lab.bench.pass(4_000_000);
      const { committed, failures } = lab.bench.main.state;
      expect([committed, [...failures]], `${delayUs} µs`).to.deep.equal([generation, []]);
    }
  });
});
