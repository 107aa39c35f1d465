import { expect } from 'chai';
import { type PairingFacts, recoveryRow } from '../../../firmware-sim/controller/recovery-table.js';
import { MainController } from '../../../firmware-sim/main/main-controller.js';
import { SubController } from '../../../firmware-sim/sub/sub-controller.js';
import type { Device, DeviceEffect, DeviceEvent, DiskName, PortName } from '../../../protocol/device.js';
import { encodeMessage } from '../../../protocol/message/messages.js';
import { HandMadePeer } from '../../protocol/session/hand-made-peer.js';
import { Lab, refusalOf } from '../lab.js';

const shape = { blockBytes: 4096, volumeCount: 1 };
const keyed = (byte: number) => {
  const key = Buffer.alloc(32, byte);
  return { host: { key }, remote: { key } };
};
const plain = { host: {}, remote: {} };

async function labWithImage(): Promise<Lab> {
  const lab = new Lab();
  await lab.write(0, 6);
  await lab.image();
  return lab;
}

function haltOf(lab: Lab, name: string): string | undefined {
  const halts = lab.bench.kernel.notes.flatMap(({ device, effect }) =>
    device === name && effect.kind === 'halted' ? [effect.refusal.code] : [],
  );
  return halts.at(-1);
}

/** Somebody at a host port who speaks another version. */
class Stranger implements Device {
  readonly peer: HandMadePeer;

  constructor(peer: HandMadePeer) {
    this.peer = peer;
  }

  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[] {
    if (event.kind === 'line' && event.up) this.peer.lineUp(nowUs);
    else if (event.kind === 'frame') this.peer.receiveFrame(event.bytes, nowUs);
    else if (event.kind === 'timer') this.peer.tick(nowUs);
    return [];
  }

  transmit(_port: PortName, nowUs: number): Uint8Array | undefined {
    return this.peer.transmit(nowUs);
  }

  deadline(): number | undefined {
    return this.peer.deadline();
  }
}

describe('sides that do not fit together', () => {
  it('of which one has another method: main halts with wrong-method and changes no byte', async () => {
    const lab = await labWithImage();
    lab.bench.powerCut('main');
    const before = lab.fingerprint();
    for (const method of ['copy', 'streaming'] as const) {
      const name = `${method} main`;
      const client = lab.start(name, new MainController({ ...plain, ...shape, method }), lab.bench.disks);
      expect(await refusalOf(lab, client.status())).to.equal('wrong-method');
      expect(await refusalOf(lab, client.freeze(Buffer.alloc(16, 9)))).to.equal('wrong-method');
      expect(haltOf(lab, name)).to.equal('wrong-method');
      lab.bench.kernel.powerCut(name);
    }
    expect(lab.fingerprint()).to.equal(before);
  });

  it('of which one has a shadow or staging area of another pair: it halts with foreign-area and changes no byte', async () => {
    const ours = await labWithImage();
    const theirs = new Lab({ seed: 'theirs' });
    await theirs.write(0, 3);
    await theirs.image();
    for (const lab of [ours, theirs]) for (const who of ['main', 'sub'] as const) lab.bench.powerCut(who);
    const mixed = (own: ReadonlyMap<DiskName, never>, foreign: ReadonlyMap<DiskName, never>, name: DiskName) => {
      const disk = foreign.get(name);
      if (disk === undefined) throw new Error(`no ${name}`);
      return new Map([...own, [name, disk] as const]);
    };
    const before = [ours.fingerprint(), theirs.fingerprint()];
    const mainDisks = mixed(ours.bench.disks as never, theirs.bench.disks as never, 'shadow0');
    const main = ours.start('a main', new MainController({ ...plain, ...shape, method: 'differential' }), mainDisks);
    const subDisks = mixed(ours.bench.subDisks as never, theirs.bench.subDisks as never, 'staging0');
    const sub = ours.start('a sub', new SubController({ ...plain, ...shape }), subDisks);
    for (const client of [main, sub]) {
      expect(await refusalOf(ours, client.status())).to.equal('foreign-area');
      expect(await refusalOf(ours, client.read(0, 0, 4096))).to.equal('scsi-error');
    }
    expect([haltOf(ours, 'a main'), haltOf(ours, 'a sub')]).to.deep.equal(['foreign-area', 'foreign-area']);
    expect([ours.fingerprint(), theirs.fingerprint()]).to.deep.equal(before);
  });

  it('of which the sub is fresh and has another shape: main says what does not fit instead of waiting for it to join', () => {
    const facts = { pair: 'none', epoch: 'older', sub: 'follows', main: 'main side', image: 'older or other' } as const;
    const codeFor = (shapeOfSub: PairingFacts['shape']) => recoveryRow({ ...facts, shape: shapeOfSub }).code;
    expect(codeFor('other block size')).to.equal('block-size-mismatch');
    expect(codeFor('other volumes')).to.equal('volume-mismatch');
    expect(codeFor('same')).to.equal(undefined);
  });

  it('of which the sub is of another pair: main is suspended with foreign-pair, and the sub changes no byte', async () => {
    const ours = await labWithImage();
    const theirs = new Lab({ seed: 'theirs' });
    await theirs.write(0, 3);
    await theirs.image();
    ours.bench.powerCut('main');
    theirs.bench.powerCut('sub');
    const untouched = [...theirs.bench.subDisks.values()].map((disk) => disk.fingerprint());
    const main = ours.start(
      'main',
      new MainController({ ...plain, ...shape, method: 'differential' }),
      ours.bench.disks,
    );
    const sub = ours.start('sub', new SubController({ ...plain, ...shape }), theirs.bench.subDisks);
    ours.join('main', 'sub');
    ours.bench.kernel.powerCut('main');
    ours.bench.kernel.powerCut('sub');
    ours.bench.kernel.powerOn('main', Buffer.alloc(32, 3));
    ours.bench.kernel.powerOn('sub', Buffer.alloc(32, 4));
    await ours.bench.pass(2_000_000);
    const status = await ours.bench.run(main.status());
    expect([status.pairState, status.reason]).to.deep.equal(['PSUE', 88]);
    expect(await refusalOf(ours, main.freeze(Buffer.alloc(16, 9)))).to.equal('pair-suspended');
    expect((await ours.bench.run(sub.status())).pairState).to.equal('PAIR');
    expect([...theirs.bench.subDisks.values()].map((disk) => disk.fingerprint())).to.deep.equal(untouched);
  });

  it('of which the host has another key, or none: it is refused and changes no byte', async () => {
    const lab = new Lab({ key: Buffer.alloc(32, 1) });
    await lab.write(0, 6);
    await lab.image();
    const before = lab.fingerprint();
    lab.bench.powerCut('main');
    lab.bench.powerCut('sub');
    const main = new MainController({ ...keyed(1), ...shape, method: 'differential' });
    const stranger = lab.start('keyed main', main, lab.bench.disks, Buffer.alloc(32, 2));
    expect(await refusalOf(lab, stranger.freeze(Buffer.alloc(16, 9)))).to.equal('wrong-key');
    const sub = new SubController({ ...keyed(1), ...shape });
    const keyless = lab.start('keyed sub', sub, lab.bench.subDisks);
    expect(await refusalOf(lab, keyless.takeover(true))).to.equal('key-unknown');
    expect(lab.fingerprint()).to.equal(before);
  });

  it('of which the host speaks another version: it is told so, and no byte changes', async () => {
    const lab = await labWithImage();
    lab.bench.powerCut('main');
    const before = lab.fingerprint();
    const peer = new HandMadePeer({ version: 2, role: 'host' });
    const main = new MainController({ ...plain, ...shape, method: 'differential' });
    lab.add('main of old', main, lab.bench.disks);
    lab.plug('stranger', new Stranger(peer), 'main of old');
    peer.say(encodeMessage({ kind: 'freeze', request: 1, token: Buffer.alloc(16, 9) }));
    await lab.bench.pass(2_000_000);
    const codes = peer.received.flatMap((each) => (each.kind === 'refused' ? [each.code] : []));
    expect(codes).to.deep.equal([32]);
    expect(lab.fingerprint()).to.equal(before);
  });
});
