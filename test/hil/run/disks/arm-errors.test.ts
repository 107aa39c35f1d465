import { expect } from 'chai';
import { ArmedErrors } from '../../../../firmware-sim/disk/armed-errors.js';
import { answerOrder, errorOrderText } from '../../../../hil/run/disks/arm-errors.js';
import type { DiskName } from '../../../../protocol/device.js';

const read = { op: 'read', lba: 0, sectors: 1 } as const;
const write = { op: 'write', lba: 0, data: Buffer.alloc(512) } as const;

describe('a console that takes orders for disks', () => {
  const errors = new ArmedErrors();
  const disks = new Map<DiskName, { readonly errors?: ArmedErrors }>([
    ['staging0', { errors }],
    ['secondary0', {}],
  ]);

  it('lets so many commands of the kind fail, and says ok', () => {
    expect(errorOrderText({ disk: 'staging0', command: 'write', times: 2 })).to.equal('error staging0 write 2');
    expect(answerOrder(disks, '  error staging0  write 2 ')).to.equal('ok');
    const failed = [write, read, write, write].map((each) => errors.faultOf(each) !== undefined);
    expect(failed).to.deep.equal([true, false, true, false]);
    expect(answerOrder(disks, 'error staging0 read 9')).to.equal('ok');
    expect(answerOrder(disks, 'error staging0 read 0')).to.equal('ok');
    expect(errors.faultOf(read), 'mended').to.equal(undefined);
  });

  it('says of what it does not do why not', () => {
    const usage = 'refused argument-invalid: an order is error DISK read|write TIMES';
    for (const line of [
      '',
      'help',
      'error',
      'error staging0 flush 1',
      'error staging0 write',
      'error staging0 write -1',
    ]) {
      expect(answerOrder(disks, line), line).to.equal(usage);
    }
    expect(answerOrder(disks, 'error staging1 write 1')).to.equal('refused unknown-volume: there is no disk staging1');
    expect(answerOrder(disks, 'error secondary0 read 1')).to.equal(
      'refused capability-missing: secondary0 is at a line',
    );
  });
});
