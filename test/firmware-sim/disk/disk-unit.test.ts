import { expect } from 'chai';
import { DiskUnit } from '../../../firmware-sim/disk/disk-unit.js';
import { MemoryStore } from '../../../firmware-sim/disk/memory-store.js';
import { persistAtOnce } from '../../../firmware-sim/disk/persist-at-once.js';
import { encodeCdb } from '../../../protocol/scsi/cdb-encode.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { requestOf } from '../../../protocol/scsi/initiator-commands.js';
import { coldframeIdentity } from '../../../protocol/scsi/unit-profile.js';

function bench() {
  const store = new MemoryStore();
  const identity = coldframeIdentity({ product: 'EMULATED DISK', serial: 'test' });
  const unit = new DiskUnit({ identity, capacitySectors: 4096, store });
  const execute = (cdb: Uint8Array, dataOut: Uint8Array = new Uint8Array(0)): Completion => {
    const [ended] = persistAtOnce(unit, store, unit.execute(cdb, dataOut, 1));
    if (ended === undefined) throw new Error('the command did not end');
    return ended.completion;
  };
  const run = (command: MediumCommand) => {
    const { cdb, dataOut } = requestOf(command, 0);
    return execute(cdb, dataOut);
  };
  const ready = () => execute(encodeCdb({ op: 'testUnitReady' }));
  return { store, unit, execute, run, ready };
}

const sectors = (count: number, fill: number) => Buffer.alloc(count * 512, fill);
const done: Completion = { status: 'good', data: Buffer.alloc(0) };

describe('the emulated disk as a logical unit', () => {
  it('says that power came on, at first and after each power cut, and has lost what was not flushed', () => {
    const { store, unit, run, ready } = bench();
    expect(ready()).to.deep.equal(checkCondition('powerOn'));
    expect(ready()).to.deep.equal(done);
    run({ op: 'write', lba: 0, data: sectors(1, 1), fua: true });
    run({ op: 'write', lba: 1, data: sectors(1, 2) });
    expect(unit.unflushed()).to.have.length(1);
    store.apply(unit.powerCut());
    expect(ready()).to.deep.equal(checkCondition('powerOn'));
    const read = run({ op: 'read', lba: 0, sectors: 2 });
    expect(read).to.deep.equal({ status: 'good', data: Buffer.concat([sectors(1, 1), sectors(1, 0)]) });
  });

  it('has an enabled write cache in its mode data', () => {
    const { ready, execute } = bench();
    ready();
    const mode = execute(Buffer.from('1a0808001800', 'hex'));
    if (mode.status !== 'good') throw new Error('MODE SENSE was refused');
    expect(Buffer.from(mode.data).toString('hex').slice(0, 14)).to.equal('17001000081204');
  });

  it('flushes before it stops', () => {
    const { store, unit, run, ready, execute } = bench();
    ready();
    run({ op: 'write', lba: 0, data: sectors(1, 1) });
    expect(execute(encodeCdb({ op: 'startStopUnit', start: false, flush: true }))).to.deep.equal(done);
    expect(run({ op: 'read', lba: 0, sectors: 1 })).to.deep.equal(checkCondition('stopped'));
    store.apply(unit.powerCut());
    ready();
    expect(run({ op: 'read', lba: 0, sectors: 1 })).to.deep.equal({ status: 'good', data: sectors(1, 1) });
  });

  it('fails the command that a full store cannot make durable', () => {
    const { unit, ready } = bench();
    ready();
    const { cdb, dataOut } = requestOf({ op: 'write', lba: 0, data: sectors(1, 1), fua: true }, 0);
    const [effect] = unit.execute(cdb, dataOut ?? Buffer.alloc(0), 9);
    if (effect?.kind !== 'persist') throw new Error('no durable step began');
    expect(unit.failed(effect.ticket, 'full')).to.deep.equal([
      { kind: 'completed', tag: 9, completion: checkCondition('spaceExhausted') },
    ]);
  });
});
