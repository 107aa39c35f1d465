/** A freeze and what the sub says at the same time: the order in which both become durable must not matter. */
import { expect } from 'chai';
import { epoch, type Generation, generation } from '../../../protocol/ids.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { blockBytes, Lab, refusalOf } from '../lab.js';
import { RemotePeer } from '../remote-peer.js';

/** What the sub of this pair says when nothing has happened. */
function pairingOf(lab: Lab): MessageNamed<'pairing'> {
  const { pair, epoch: now, method, volumeBytes: volumes, committed, commitDigest, structured } = lab.bench.main.state;
  return {
    ...{ kind: 'pairing', pair, epoch: now, method, blockBytes, volumes, committed, commitDigest, structured },
    ...{ frozen: committed, state: 'PAIR', receiving: generation(0), takenOver: false },
    ...{ runBytesMax: 65536, windowBytes: 1 << 20 },
  };
}

function marked(lab: Lab, name: string): number {
  return lab.bench.kernel.notes.filter(
    ({ device, effect }) => device === 'main' && effect.kind === 'mark' && effect.name === name,
  ).length;
}

/** A main with an image at its sub and changes since; the test speaks for the sub, and records take their time. */
async function begin(method: 'differential' | 'streaming' | 'copy' = 'differential') {
  const lab = new Lab({ method });
  await lab.write(0, 6);
  await lab.image();
  const sub = RemotePeer.attach(lab, 'main');
  await lab.until(() => sub.heard('pairing').length > 0);
  sub.say(pairingOf(lab));
  await lab.until(() => marked(lab, 'paired') > 1);
  await lab.write(2, 3);
  const meta = lab.bench.disks.get('meta');
  if (meta === undefined) throw new Error('no meta disk');
  meta.delayUs = () => 20_000;
  return { lab, sub };
}

type Begun = Awaited<ReturnType<typeof begin>>;

/** Says something as the sub while a freeze is on its way to the disk, or freezes while what it said is. */
async function both({ lab, sub }: Begun, first: 'freeze' | 'sub', said: MessageNamed<'pairing'>): Promise<number> {
  const paired = marked(lab, 'paired');
  const saidToMain = () => marked(lab, 'paired') > paired;
  const taken = () => marked(lab, 'freezeTaken') > 1;
  let frozen: Promise<number> | undefined;
  if (first === 'freeze') {
    frozen = lab.startFreeze();
    await lab.until(taken);
    sub.say(said);
    await lab.until(saidToMain);
  } else {
    sub.say(said);
    await lab.until(saidToMain);
    frozen = lab.startFreeze();
    await lab.until(taken);
  }
  expect(marked(lab, 'frozen'), 'frozen before the other became durable').to.equal(1);
  return lab.bench.run(frozen);
}

describe('a freeze that the sub overtakes', () => {
  for (const first of ['freeze', 'sub'] as const) {
    it(`fails, as a difference, when the sub turns out older (${first} first); what follows is whole`, async () => {
      const begun = await begin();
      const { lab, sub } = begun;
      const frozen = await both(begun, first, { ...pairingOf(lab), commitDigest: Buffer.alloc(16, 7) });
      expect(frozen).to.equal(2);
      expect(await refusalOf(lab, lab.bench.host.wait(frozen))).to.equal('older-sub');
      await lab.until(() => sub.heard('abandon').length > 0);
      expect(sub.heard('abandon')[0]).to.deep.include({ generation: 2, code: refusals['older-sub'].number });
      const { transfer, pairState, reason, fullNeeded } = lab.bench.main.state;
      expect([transfer, pairState, reason, fullNeeded]).to.deep.equal([undefined, 'PSUE', 'older-sub', true]);
      expect(sub.heard('blockRun'), 'nothing of it was sent').to.deep.equal([]);

      await lab.bench.run(lab.bench.host.resync());
      sub.say({ ...pairingOf(lab), commitDigest: Buffer.alloc(16, 7) });
      const third = await lab.freeze();
      await lab.until(() => sub.heard('begin').some((each) => each.generation === third));
      expect(sub.heard('begin').at(-1)).to.deep.include({ generation: 3, base: 1, full: true });
      expect(lab.bench.main.state.volume(0).frozen.size).to.equal(6);
    });

    it(`fails when the sub takes over (${first} first), and host writes are refused`, async () => {
      const begun = await begin();
      const { lab, sub } = begun;
      const taken = { ...pairingOf(lab), epoch: epoch(2), takenOver: true, state: 'SSWS' } as const;
      const frozen = await both(begun, first, taken);
      expect(frozen).to.equal(2);
      expect(await refusalOf(lab, lab.bench.host.wait(frozen))).to.equal('taken-over');
      await lab.until(() => sub.heard('abandon').length > 0);
      expect(sub.heard('abandon')[0]).to.deep.include({ generation: 2, code: refusals['taken-over'].number });
      const { transfer, takenOver, epoch: now, pairState } = lab.bench.main.state;
      expect([transfer, takenOver, now, pairState]).to.deep.equal([undefined, true, 2, 'PSUE']);
      const write = lab.bench.host.write(0, 0, Buffer.alloc(blockBytes, 'late')).done;
      expect(await refusalOf(lab, write)).to.equal('scsi-error');
      expect(sub.heard('blockRun'), 'nothing of it was sent').to.deep.equal([]);
    });
  }

  it('goes on when it sends the whole image anyhow and the sub turns out older', async () => {
    for (const first of ['freeze', 'sub'] as const) {
      const begun = await begin('copy');
      const { lab, sub } = begun;
      const frozen = await both(begun, first, { ...pairingOf(lab), commitDigest: Buffer.alloc(16, 7) });
      await lab.until(() => sub.heard('begin').some((each) => each.generation === frozen));
      expect(sub.heard('begin').at(-1)).to.deep.include({ generation: 2, full: true });
      expect(lab.bench.main.state.failures.size, first).to.equal(0);
    }
  });

  it('is given up before it is recorded when the takeover is durable before the writes that it waits for', async () => {
    const { lab, sub } = await begin();
    const primary = lab.bench.disks.get('primary0');
    if (primary === undefined) throw new Error('no primary disk');
    primary.delayUs = () => 300_000;
    const write = lab.bench.host.write(0, 8 * blockBytes, Buffer.alloc(blockBytes, 'late')).done;
    await lab.bench.pass(5000);
    const frozen = lab.startFreeze();
    await lab.until(() => marked(lab, 'freezeTaken') > 1);
    sub.say({ ...pairingOf(lab), epoch: epoch(2), takenOver: true, state: 'SSWS' });
    expect(await refusalOf(lab, frozen)).to.equal('taken-over');
    await lab.bench.run(write);
    const { lastFrozen, transfer, failures } = lab.bench.main.state;
    expect([lastFrozen, transfer, failures.size]).to.deep.equal([1, undefined, 0]);
  });
});

describe('a difference that streams to a sub that turns out older', () => {
  it('begins again as the whole image', async () => {
    const { lab, sub } = await begin('streaming');
    const second = 2 as Generation;
    await lab.until(() => sub.heard('begin').length > 0);
    expect(sub.heard('begin')[0]).to.deep.include({ generation: second, base: 1, full: false });
    sub.say({ kind: 'holdings', generation: second, volume: 0, chunks: [], last: true } as never);
    await lab.until(() => sub.heard('blockRun').length > 0);
    sub.say({ ...pairingOf(lab), commitDigest: Buffer.alloc(16, 7) });
    await lab.until(() => sub.heard('begin').length > 1);
    expect(sub.heard('begin')[1]).to.deep.include({ generation: second, base: 1, full: true });
    sub.say({ kind: 'holdings', generation: second, volume: 0, chunks: [], last: true } as never);
    await lab.bench.pass(2_000_000);
    const blocks = new Set<number>();
    for (const { first, count } of sub.heard('blockRun')) {
      for (let index = 0; index < count; index += 1) blocks.add(first + index);
    }
    expect([...blocks].sort((a, b) => a - b)).to.deep.equal([0, 1, 2, 3, 4, 5]);
  });
});
