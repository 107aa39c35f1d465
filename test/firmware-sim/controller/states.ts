/** Brings the models into each state of the instruction table, with nothing on its way that would change a disk. */
import { MainController } from '../../../firmware-sim/main/main-controller.js';
import { SubController } from '../../../firmware-sim/sub/sub-controller.js';
import type { HostClient } from '../../../host/client.js';
import { Lab, type LabOptions } from '../lab.js';

export interface Reached {
  readonly lab: Lab;
  /** The host whose instructions are looked at. */
  readonly client: HostClient;
  /** The generation that wait and digests name; 1 exists in all states but those before it. */
  readonly generation: number;
}

type States = Readonly<Record<string, () => Promise<Reached>>>;

const settleUs = 300_000;

async function reached(lab: Lab, client: HostClient, generation = 1): Promise<Reached> {
  await lab.bench.pass(settleUs);
  return { lab, client, generation };
}

/** A pair with one committed image. */
async function paired(options: LabOptions = {}): Promise<Lab> {
  const lab = new Lab(options);
  await lab.write(0, 6);
  await lab.image();
  return lab;
}

/** Power on with disks so slow that reading the records takes a second. */
async function recovering(who: 'main' | 'sub'): Promise<Reached> {
  const lab = await paired({ diskTimes: { accessUs: 100_000, flushUs: 100_000, lateEffect: true } });
  await lab.bench.pass(2_000_000);
  lab.bench.powerCut(who);
  await lab.bench.pass(1000);
  lab.bench.powerOn(who);
  const client = who === 'main' ? lab.bench.host : lab.bench.subHost;
  await lab.until(() => client.machine.isOpen);
  return { lab, client, generation: 1 };
}

async function failed(): Promise<Lab> {
  // No room for what the host writes, and no line: the image loses.
  const lab = await paired({ shadowBytes: 3 * 4096, hostStallUsMax: 1_000_000 });
  await lab.write(0, 6);
  lab.cutRemote();
  await lab.freeze();
  await lab.write(0, 6);
  lab.restoreRemote();
  await lab.until(() => lab.bench.sub.state.pairState === 'PSUE');
  return lab;
}

async function takenOver(): Promise<Lab> {
  const lab = await paired();
  await lab.bench.run(lab.bench.subHost.takeover(true));
  await lab.until(() => lab.bench.main.state.takenOver);
  return lab;
}

/** The line is lost in the middle, so that nothing goes on. */
async function failingBack(): Promise<Lab> {
  const lab = await takenOver();
  await lab.write(2, 4, lab.bench.subHost);
  await lab.bench.run(lab.bench.subHost.failback());
  lab.cutRemote();
  return lab;
}

const halted = { host: {}, remote: {}, blockBytes: 4096, volumeCount: 1 };

export const mainStates: States = {
  recovering: () => recovering('main'),
  halted: async () => {
    const lab = await paired();
    lab.bench.powerCut('main');
    const client = lab.start('another main', new MainController({ ...halted, method: 'copy' }), lab.bench.disks);
    return reached(lab, client);
  },
  idle: async () => {
    const lab = await paired();
    return reached(lab, lab.bench.host);
  },
  transfer: async () => {
    const lab = await paired();
    await lab.write(0, 6);
    lab.cutRemote();
    await lab.freeze();
    return reached(lab, lab.bench.host);
  },
  suspended: async () => {
    const lab = await paired();
    await lab.bench.run(lab.bench.host.suspend());
    return reached(lab, lab.bench.host);
  },
  failed: async () => {
    const lab = await failed();
    return reached(lab, lab.bench.host);
  },
  'taken over': async () => {
    const lab = await takenOver();
    return reached(lab, lab.bench.host);
  },
  'failing back': async () => {
    const lab = await takenOver();
    await lab.write(2, 4, lab.bench.subHost);
    // The image arrives, and cannot be read again: so it stays between its commit and the end of its structuring.
    lab.bench.disks.get('shadow0')?.errors.arm('read', Number.POSITIVE_INFINITY);
    await lab.bench.run(lab.bench.subHost.failback());
    const { replica } = lab.bench.main;
    await lab.until(() => replica.committed > replica.structured);
    lab.cutRemote();
    return reached(lab, lab.bench.host);
  },
};

export const subStates: States = {
  recovering: () => recovering('sub'),
  halted: async () => {
    const lab = await paired();
    lab.bench.powerCut('sub');
    const client = lab.start('another sub', new SubController({ ...halted, blockBytes: 8192 }), lab.bench.subDisks);
    return reached(lab, client);
  },
  'no image': async () => {
    const lab = new Lab();
    await lab.write(0, 6);
    return reached(lab, lab.bench.subHost);
  },
  paired: async () => {
    const lab = await paired();
    return reached(lab, lab.bench.subHost);
  },
  'main away': async () => {
    const lab = await paired();
    lab.cutRemote();
    return reached(lab, lab.bench.subHost);
  },
  suspended: async () => {
    const lab = await paired();
    await lab.bench.run(lab.bench.host.suspend());
    return reached(lab, lab.bench.subHost);
  },
  'taken over': async () => {
    const lab = await takenOver();
    return reached(lab, lab.bench.subHost);
  },
  'taken over, main away': async () => {
    const lab = await takenOver();
    lab.cutRemote();
    return reached(lab, lab.bench.subHost);
  },
  'failing back': async () => {
    const lab = await failingBack();
    return reached(lab, lab.bench.subHost);
  },
};
