import { expect } from 'chai';
import { metaBytesMin } from '../../../firmware-sim/controller/controller.js';
import { mainRecordCodec } from '../../../firmware-sim/main/main-records.js';
import { encodeBatch } from '../../../firmware-sim/storage/journal-format.js';
import { SimulatedDisk } from '../../../hil/simulate/simulated-disk.js';
import type { Message } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { ControllerLab, numbered, ProbeController, recordOf } from './controller-lab.js';

const wait = (generation: number): Message =>
  ({ kind: 'wait', request: 3, generation, target: 'committed' }) as unknown as Message;
const committed = (epoch: number): Message =>
  ({ kind: 'committed', epoch, generation: 1, digest: Buffer.alloc(16) }) as unknown as Message;

/** A meta disk with these records in its journal. */
function metaWith(...records: readonly Buffer[]): SimulatedDisk {
  const meta = new SimulatedDisk(metaBytesMin);
  const place = { kind: 'snapshotEnd', checkpoint: 1, sequence: 0, stamp: Buffer.alloc(16) } as const;
  meta.submit({ op: 'write', lba: 0, data: encodeBatch(place, records), fua: true }, () => {});
  return meta;
}
const encoded = (number: number) => Buffer.from(mainRecordCodec.encode({ ...numbered(number) }));

describe('a controller without power', () => {
  it('does nothing, whatever comes', () => {
    const lab = new ControllerLab(new ProbeController());
    lab.step({ kind: 'line', port: 'host', up: true }).step({ kind: 'line', port: 'host', up: false });
    lab.step({ kind: 'line', port: 'remote', up: true });
    lab.step({ kind: 'frame', port: 'remote', bytes: Buffer.alloc(20) }).step({ kind: 'timer' });
    lab.controller.send('host', wait(1));
    expect(lab.controller.transmit('host', 0)).to.equal(undefined);
    expect(lab.controller.heardUs('host')).to.equal(0);
    expect([lab.controller.isOpen('remote'), lab.controller.deadline()]).to.deep.equal([false, undefined]);
    expect([lab.effects, lab.controller.worked, lab.controller.happened]).to.deep.equal([[], 0, []]);
    expect(() => lab.controller.record(numbered(1))).to.throw('once the journal has been read');
  });

  it('is closed at once', () => {
    const lab = new ControllerLab(new ProbeController()).step({ kind: 'shutdown' });
    expect(lab.effects).to.deep.equal([{ kind: 'closed' }]);
  });
});

describe('a controller at power on', () => {
  it('formats a fresh meta disk, and finds the same records again', () => {
    const lab = new ControllerLab(new ProbeController()).powerOn();
    expect([lab.controller.phase, lab.controller.numbers]).to.deep.equal(['running', [1]]);
    for (const number of [2, 3]) recordOf(lab, number);
    expect(lab.controller.numbers).to.deep.equal([1, 2, 3]);
    lab.meta.powerCut();
    const again = new ControllerLab(new ProbeController(), lab.meta).powerOn();
    expect([again.controller.phase, again.controller.numbers]).to.deep.equal(['running', [1, 2, 3]]);
    expect(again.marks('running')).to.have.length(1);
  });

  it('forgets everything, and reads its records anew', () => {
    const lab = new ControllerLab(new ProbeController()).powerOn();
    lab.connect('remote');
    lab.step({ kind: 'shutdown' }).powerOn();
    expect([lab.controller.numbers, lab.controller.phase]).to.deep.equal([[1], 'running']);
    expect(lab.controller.happened).to.deep.equal(['forgot', 'opened remote', 'forgot']);
    expect(lab.controller.isOpen('remote')).to.equal(false);
    const { worked } = lab.controller;
    lab.step({ kind: 'timer' });
    expect(lab.controller.worked, 'no longer closing').to.equal(worked + 1);
  });

  it('works only when it has read its records', () => {
    const lab = new ControllerLab(new ProbeController());
    lab.holding = true;
    lab.powerOn().step({ kind: 'timer' });
    expect([lab.controller.phase, lab.controller.worked]).to.deep.equal(['recovering', 0]);
    expect(() => lab.controller.deadline()).to.not.throw();
    lab.release();
    expect(lab.controller.phase).to.equal('running');
    expect(lab.controller.worked).to.be.greaterThan(0);
    lab.controller.deadlineUs = 77;
    expect(lab.controller.deadline()).to.equal(77);
  });

  it('halts over a meta disk that is too small, and over one byte less than enough', () => {
    for (const sectors of [0, metaBytesMin / 512 - 1]) {
      const lab = new ControllerLab(new ProbeController()).powerOn(sectors);
      expect([lab.controller.phase, lab.halted?.code]).to.deep.equal(['halted', 'file-size']);
      expect(lab.effects[0]).to.deep.include({ kind: 'log', level: 'error' });
      expect(lab.controller.worked).to.equal(0);
    }
  });

  it('halts over records that it does not understand, or that are not its own', () => {
    const junk = new ControllerLab(new ProbeController(), metaWith(encoded(1), Buffer.from([0xee, 1, 2]))).powerOn();
    expect(junk.halted?.code).to.equal('records-corrupt');
    const foreign = new ControllerLab(new ProbeController(), metaWith(encoded(1), encoded(666), encoded(2))).powerOn();
    expect([foreign.halted, foreign.controller.numbers]).to.deep.equal([
      { code: 'volume-mismatch', detail: 'told so' },
      [1],
    ]);
    expect(foreign.controller.phase).to.equal('halted');
  });

  it('halts over a journal that is damaged', () => {
    const lab = new ControllerLab(new ProbeController()).powerOn();
    for (const number of [2, 3, 4]) recordOf(lab, number);
    const data = Buffer.alloc(1024, 0xbd);
    lab.meta.store.apply({ writes: [{ offset: 0, data }], punches: [] });
    const again = new ControllerLab(new ProbeController(), lab.meta).powerOn();
    expect([again.controller.phase, again.halted?.code]).to.deep.equal(['halted', 'records-corrupt']);
  });

  it('stays halted, whatever it finds out first', () => {
    const controller = new ProbeController();
    controller.begin = () => {
      controller.haltWith({ code: 'foreign-area', detail: 'shadow0' });
      controller.runNow();
    };
    const lab = new ControllerLab(controller).powerOn();
    expect([controller.phase, lab.marks('running')]).to.deep.equal(['halted', []]);
    lab.connect('host');
    controller.refuseAsTold();
    lab.exchange();
    const refused = lab.peers.get('host')?.received.filter(({ kind }) => kind === 'refused');
    expect(refused).to.deep.equal([
      { kind: 'refused', request: 8, code: refusals['foreign-area'].number, detail: 'shadow0' },
      { kind: 'refused', request: 9, code: refusals['pair-healthy'].number, detail: 'this' },
    ]);
  });
});

describe('a controller that loses its meta disk', () => {
  it('halts when the disk refuses a record', () => {
    const lab = new ControllerLab(new ProbeController()).powerOn();
    lab.failing = () => checkCondition('writeProtected');
    recordOf(lab, 2);
    expect([lab.controller.phase, lab.halted?.code]).to.deep.equal(['halted', 'disk-error']);
    expect(lab.controller.numbers).to.deep.equal([1]);
  });

  it('halts when its records do not fit a half', () => {
    class Large extends ProbeController {
      protected override *snapshot() {
        for (let number = 1; number < 400_000; number += 1) yield numbered(number);
      }
    }
    const lab = new ControllerLab(new Large()).powerOn();
    expect([lab.controller.phase, lab.halted?.code]).to.deep.equal(['halted', 'file-size']);
  });
});

describe('a controller’s records', () => {
  it('are replaced by a snapshot as often as it was told, or seldom', () => {
    const often = new ControllerLab(new ProbeController({ journalGrowthBytesMin: 64 })).powerOn();
    const seldom = new ControllerLab(new ProbeController()).powerOn();
    for (let number = 2; number < 30; number += 1) for (const lab of [often, seldom]) recordOf(lab, number);
    expect(often.controller.snapshots).to.be.greaterThan(3);
    expect(seldom.controller.snapshots).to.equal(1);
  });

  it('are made durable as many at once as it was told, or all that came together', () => {
    const writes = [{ journalBatchBytesMax: 1 }, {}].map((options) => {
      const lab = new ControllerLab(new ProbeController(options)).powerOn();
      lab.holding = true;
      for (const number of [2, 3, 4, 5]) lab.controller.record(numbered(number));
      lab.step({ kind: 'timer' });
      let batches = 0;
      lab.failing = ({ op }) => {
        if (op === 'write') batches += 1;
        return undefined;
      };
      lab.release();
      expect(lab.controller.numbers).to.deep.equal([1, 2, 3, 4, 5]);
      return batches;
    });
    expect(writes).to.deep.equal([4, 2]);
  });
});

describe('a controller that is being closed', () => {
  it('says so once nothing is on its way to its disks, and begins nothing new', () => {
    const lab = new ControllerLab(new ProbeController()).powerOn();
    lab.holding = true;
    recordOf(lab, 2);
    const { worked } = lab.controller;
    lab.step({ kind: 'shutdown' }).step({ kind: 'timer' });
    expect([lab.count('closed'), lab.controller.worked]).to.deep.equal([0, worked]);
    lab.release();
    expect([lab.count('closed'), lab.controller.numbers]).to.deep.equal([1, [1, 2]]);
    lab.step({ kind: 'timer' });
    expect(lab.count('closed'), 'once').to.equal(1);
  });
});

describe('a controller’s ports', () => {
  it('tell of sessions, and of when they were heard', () => {
    const lab = new ControllerLab(new ProbeController()).powerOn();
    const { controller } = lab;
    lab.nowUs = 5000;
    lab.connect('remote');
    expect(lab.marks('session')).to.deep.equal([{ port: 'remote', peer: 'sub' }]);
    expect([controller.isOpen('remote'), controller.isOpen('host')]).to.deep.equal([true, false]);
    expect(controller.heardUs('remote')).to.be.within(5000, lab.nowUs);
    lab.step({ kind: 'line', port: 'remote', up: false });
    expect(controller.isOpen('remote'), 'the session waits for its line').to.equal(false);
    expect(controller.happened).to.deep.equal(['forgot', 'opened remote']);
  });

  it('tell of what nobody understands, and of the session that it ends', () => {
    const lab = new ControllerLab(new ProbeController()).powerOn();
    lab.connect('remote').say(Buffer.from([0xff, 0xff, 1]));
    lab.exchange();
    expect(lab.controller.happened.slice(0, 3)).to.deep.equal(['forgot', 'opened remote', 'closed remote']);
    const [refused] = lab.marks('refused');
    expect([refused?.port, refused?.code]).to.deep.equal(['remote', 'message-truncated']);
    expect(refused?.detail).to.be.a('string');
    expect(lab.marks('sessionClosed')).to.deep.equal([{ port: 'remote', reason: 'line-lost' }]);
  });

  it('take no numbers from the other controller that leave none behind them, and any from a host', () => {
    const lab = new ControllerLab(new ProbeController()).powerOn();
    lab.connect('remote');
    lab.connect('host');
    lab.say('remote', committed(2 ** 31 - 1));
    lab.say('remote', committed(2 ** 31));
    lab.say('host', wait(2 ** 31));
    expect(lab.controller.happened.filter((each) => each.includes(':'))).to.deep.equal([
      'remote: committed',
      'host: wait',
    ]);
    expect(lab.marks('refused')).to.deep.equal([{ port: 'remote', code: 'message-value', detail: 'committed: epoch' }]);
  });

  it('send what they are told to', () => {
    const lab = new ControllerLab(new ProbeController()).powerOn();
    const peer = lab.connect('host');
    lab.controller.refuseWith('recovering');
    lab.exchange();
    const code = refusals.recovering.number;
    expect(peer.received.at(-1)).to.deep.equal({ kind: 'refused', request: 7, code, detail: 'because' });
  });

  it('log and mark what a person should see', () => {
    const lab = new ControllerLab(new ProbeController()).powerOn();
    lab.controller.log('warning', 'a text');
    lab.controller.mark('named', { of: 1 });
    lab.step({ kind: 'timer' });
    expect(lab.effects.slice(-2)).to.deep.equal([
      { kind: 'log', level: 'warning', text: 'a text' },
      { kind: 'mark', name: 'named', values: { of: 1 } },
    ]);
  });
});
