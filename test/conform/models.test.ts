import { expect } from 'chai';
import { type CheckRecord, countsOf, hindranceText } from '../../hil/conform/suite-record.js';
import type { Device } from '../../protocol/device.js';
import { blockNumber } from '../../protocol/ids.js';
import { type Tampering, WrongDevice } from './tampering.js';
import { conform, failedNumbers, type VirtualOptions } from './virtual-models.js';

const key = Buffer.alloc(32, 'the key of the conformance tests');

/** A sub that says that it takes no run of two blocks of 512 bytes, and refuses such. */
const singleBlocks: Tampering = {
  messageOut: (message) => (message.kind === 'pairing' ? { ...message, runBytesMax: 512 } : message),
  messageIn: (message) => {
    const isRun = message.kind === 'blockRun' || message.kind === 'compressedRun' || message.kind === 'heldRun';
    return isRun && message.count > 1 ? { ...message, first: pastVolume } : message;
  },
};
const pastVolume = blockNumber(2 ** 30);

/** The device as one whose window at the line between the controllers is smaller than a block. */
const fewUnits = (device: Device) =>
  new WrongDevice(device, 'remote', {
    openOut: (open) => ({ ...open, limits: { ...open.limits, windowUnits: 16, payloadUnitsMax: 2 } }),
  });

/** Models that are held to everything, in virtual time. */
const models: Readonly<Record<string, VirtualOptions>> = {
  'a disk': { role: 'disk' },
  'a disk at 57600 baud': { role: 'disk', baud: 57_600 },
  'a main without a sub': { role: 'main' },
  'a main with a sub, sealed': { role: 'main', key, isPaired: true },
  'a sub without an image': { role: 'sub' },
  'a sub with an image, sealed': { role: 'sub', key, isPaired: true },
  'a main whose sub is the suite': { role: 'main', hasRemote: true },
  'a main whose sub is the suite, sealed, copy': { role: 'main', key, hasRemote: true, method: 'copy' },
  'a main whose sub is the suite, streaming': { role: 'main', hasRemote: true, method: 'streaming', blockBytes: 512 },
  'a main whose sub is the suite, and whose power stays on': { role: 'main', hasRemote: true, canCutPower: false },
  'a main that takes a few units at once': { role: 'main', hasRemote: true, wrap: (device) => fewUnits(device) },
  'a sub that takes a few units at once': {
    ...{ role: 'sub', hasRemote: true, slotBytes: 65_536 },
    wrap: (device) => fewUnits(device),
  },
  'a sub whose main is the suite': { role: 'sub', hasRemote: true, slotBytes: 65_536 },
  'a main whose sub is the suite, at 115200 baud': { role: 'main', hasRemote: true, baud: 115_200 },
  'a sub whose main is the suite, sealed, at 115200 baud': { role: 'sub', key, hasRemote: true, baud: 115_200 },
  'a sub whose main is the suite, sealed': { role: 'sub', key, hasRemote: true, blockBytes: 512 },
  'a sub that takes runs of one block': {
    ...{ role: 'sub', hasRemote: true, blockBytes: 512, slotBytes: 32_768 },
    wrap: (device) => new WrongDevice(device, 'remote', singleBlocks),
  },
  'a sub with blocks as long as a run': { role: 'sub', hasRemote: true, blockBytes: 65_536 },
  'a sub that takes seconds to write a block': { role: 'sub', hasRemote: true, slotBytes: 65_536, writeUs: 4_000_000 },
};

/** Checks of the replication that were not made because the window had no room. */
const leftOut = (records: readonly CheckRecord[]) =>
  records.flatMap(({ number, outcome }) =>
    outcome.kind === 'notRun' && /^[IRG]-/.test(number) && outcome.reason.includes('at once') ? [number] : [],
  );

describe('the conformance suite and our models', () => {
  for (const [name, options] of Object.entries(models)) {
    it(`finds nothing wrong with ${name}`, async () => {
      const records = await conform(options);
      const found = records.flatMap(({ number, outcome }) =>
        outcome.kind === 'failed'
          ? [`${number}: expected ${outcome.expected}; came ${outcome.came}`, ...outcome.frames]
          : [],
      );
      expect(found.join('\n')).to.equal('');
      expect(hindranceText({ checks: records })).to.equal(undefined);
      expect(leftOut(records)).to.deep.equal([]);
      expect(countsOf({ checks: records }).passed).to.be.greaterThan(50);
    });
  }

  it('makes no check that loses data without leave, and says so', async () => {
    const records = await conform({ role: 'disk', allowDataLoss: false });
    expect(failedNumbers(records)).to.deep.equal([]);
    const { outcome } = records.find(({ number }) => number === 'F-9') ?? {};
    expect(outcome).to.deep.include({ kind: 'notRun' });
    expect(JSON.stringify(outcome)).to.contain('--allow-data-loss');
  });
});
