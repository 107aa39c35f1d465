/** VERIFY without data of a whole large volume, at either controller: it has no limit of length. */
import { expect } from 'chai';
import { checkCondition } from '../../protocol/scsi/conditions.js';
import { blockBytes, type DeviceLab } from './device-lab.js';
import { started } from './main/main-device.js';
import { joined } from './sub/sub-device.js';

/** 64 GiB. */
const volumeBlocks = 2 ** 36 / blockBytes;
const whole = { op: 'verify', lba: 0, sectors: volumeBlocks * 2 } as const;

const controllers: readonly (readonly [string, string, () => DeviceLab])[] = [
  ['main', 'primary0', () => started({}, { volumes: [volumeBlocks], slots: 16 })],
  ['the sub', 'secondary0', pairedSub],
];

/** Holds an image, and its host has heard its first unit attention. */
function pairedSub(): DeviceLab {
  const lab = joined([volumeBlocks]).image(1, 0, 'abcdef');
  lab.read(0, 1);
  return lab;
}

/** Begins to verify; every command of the volume's disk waits for the test. */
function verifying(lab: DeviceLab, disk: string) {
  const longest = { sectors: 0, count: 0 };
  const wait = () => {
    lab.trouble = (name, command) => {
      if (name !== disk || command.op !== 'read') return undefined;
      longest.sectors = Math.max(longest.sectors, command.sectors);
      longest.count += 1;
      return 'wait';
    };
  };
  wait();
  const tag = lab.submit(whole);
  /** Lets what waits end, and what follows wait again. */
  const next = (...how: Parameters<DeviceLab['end']>) => {
    lab.end(...how);
    return lab.ended(tag);
  };
  return { tag, longest, next };
}

for (const [name, disk, controller] of controllers) {
  describe(`VERIFY of 64 GiB at ${name}`, () => {
    it('goes through the volume in reads of at most one transfer, one at a time', () => {
      const { longest, next } = verifying(controller(), disk);
      for (let count = 1; count <= 20; count += 1) {
        expect(longest).to.deep.equal({ sectors: 2048, count });
        expect(next()).to.equal(undefined);
      }
    });

    it('lets others in between its pieces', () => {
      const lab = controller();
      const { next } = verifying(lab, disk);
      for (let count = 0; count < 3; count += 1) next();
      const tags = [
        lab.submit({ op: 'read', lba: 0, sectors: 2 }),
        lab.submit({ op: 'read', lba: 2 ** 26, sectors: 2 }),
      ];
      next();
      expect(tags.map((tag) => lab.ended(tag)?.status)).to.deep.equal(['good', 'good']);
    });

    it('ends at the first medium error, with its sector', () => {
      const lab = controller();
      const { next, longest } = verifying(lab, disk);
      for (let count = 0; count < 4; count += 1) next();
      const failed = checkCondition('unrecoveredReadError', { information: 4 * 2048 + 77 });
      // The first two are tried again.
      expect([next(failed), next(failed), next(failed)]).to.deep.equal([undefined, undefined, failed]);
      expect([longest.count, lab.holding]).to.deep.equal([7, false]);
    });

    it('ends with the piece under way when it is aborted, and only then the abort is complete', () => {
      const lab = controller();
      const { tag, next, longest } = verifying(lab, disk);
      next();
      lab.say('host', { kind: 'taskManagement', request: 5, function: 'abortTask', lun: 0, managedTag: tag });
      expect(lab.heard('host', 'taskResponse')).to.deep.equal([]);
      expect([next(), longest.count, lab.holding]).to.deep.equal([undefined, 2, false]);
      expect(lab.heard('host', 'taskResponse').map(({ request }) => request)).to.deep.equal([5]);
    });
  });
}

describe('VERIFY at main', () => {
  it('locks the piece under way, and nothing else: others write before and behind it', () => {
    const lab = started({}, { volumes: [volumeBlocks], slots: 16 });
    const { next } = verifying(lab, 'primary0');
    for (let count = 0; count < 3; count += 1) next();
    const piece = (3 * 2048) / 2;
    const writes = [0, piece - 1, piece + 1024].map((block) => lab.write(block, 'X'));
    expect(writes).to.deep.equal(['good', 'good', 'good']);
    const tag = lab.submit({ op: 'unmap', ranges: [{ lba: piece * 2, sectors: 1 }] });
    expect(lab.ended(tag)).to.equal(undefined);
    next();
    expect(lab.ended(tag)?.status).to.equal('good');
  });
});
