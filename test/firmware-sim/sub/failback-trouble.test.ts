import { expect } from 'chai';
import { generation, volumeNumber } from '../../../protocol/ids.js';
import type { Message } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { completing, FailbackLab, sending } from './failback-lab.js';
import { blocksOf } from './sub-lab.js';

describe('a failback that meets trouble', () => {
  it('sends a run again that main did not take', () => {
    const lab = sending();
    lab.told();
    expect(lab.says({ kind: 'runRefused', generation: generation(6), run: 1, code: 1 })).to.equal(true);
    expect(lab.told()).to.deep.equal(['3: 1 XXYY']);
    lab.stored(2, 3);
    expect(lab.told()).to.deep.equal(['complete 6: 3 0']);
  });

  it('sends everything again when main refuses complete, and gives up the third time', () => {
    const lab = completing();
    const refused: Message = {
      kind: 'completeRefused',
      generation: generation(6),
      code: refusals['digest-mismatch'].number,
    };
    lab.says({ ...refused, generation: generation(5) } as Message);
    expect(lab.told(), 'another generation').to.deep.equal([]);
    let run = 3;
    for (let time = 0; time < 2; time += 1, run += 2) {
      lab.says(refused);
      expect(lab.told()).to.deep.equal([`${run}: 1 XXYY`, `${run + 1}: 5 ff`]);
      lab.says(refused);
      expect(lab.told(), 'what was not completed').to.deep.equal([]);
      lab.stored(run, run + 1);
      expect(lab.told()).to.deep.equal(['complete 6: 3 0']);
    }
    lab.says(refused);
    expect([lab.told(), lab.given, lab.failback.busy]).to.deep.equal([[], ['6 digest-mismatch'], false]);
    expect([lab.state.failback, lab.state.failbackEnded, lab.state.takenOver]).to.deep.equal([undefined, 6, true]);
    expect(lab.marks().at(-1)).to.equal('failed 6,digest-mismatch');
  });

  it('counts refused completes anew when it begins again', () => {
    const lab = completing();
    const refused: Message = { kind: 'completeRefused', generation: generation(6), code: 60_000 };
    lab.says(refused);
    lab.stored(3, 4);
    lab.failback.lost();
    lab.start(true).differs(2, [5]);
    lab.stored(5, 6);
    for (const runs of [
      [7, 8],
      [9, 10],
    ]) {
      lab.says(refused);
      expect(lab.given).to.deep.equal([]);
      lab.stored(...runs);
    }
    lab.says(refused);
    expect(lab.given, 'a reason that is not known').to.deep.equal(['6 digest-mismatch']);
  });

  it('gives up when main does, and the secondary area stays the one that hosts write to', () => {
    for (const lab of [sending(), completing()]) {
      const abandon: Message = {
        kind: 'abandon',
        generation: generation(6),
        code: refusals['shadow-full'].number,
        state: 'PSUE',
      };
      lab.says({ ...abandon, generation: generation(5) });
      expect(lab.given).to.deep.equal([]);
      lab.says(abandon);
      expect([lab.given, lab.state.takenOver, lab.state.failback]).to.deep.equal([['6 shadow-full'], true, undefined]);
      expect(lab.effects.filter(({ kind }) => kind === 'log')).to.have.length(1);
      lab.told();
      lab.start().differs(2, [1]);
      expect(lab.told()[1], 'the next has another number').to.equal('begin 7 on 4 SSWS');
    }
    const unknown = sending();
    unknown.says({ kind: 'abandon', generation: generation(6), code: 60_000, state: 'PSUE' });
    expect(unknown.given).to.deep.equal(['6 disk-error']);
  });

  it('gives up when a block cannot be read, or is not what was kept', () => {
    const failing = new FailbackLab();
    failing.changed(1, 'X');
    failing.start();
    failing.failback.message({
      kind: 'failbackDifference',
      request: 1,
      volume: volumeNumber(0),
      chunks: [],
      last: true,
    });
    failing.failback.pump();
    failing.durable();
    failing.failback.pump();
    failing.disk(checkCondition('lbaOutOfRange'));
    failing.go();
    expect(failing.given).to.deep.equal(['6 disk-error']);
    const corrupt = new FailbackLab().start().differs(1, [1]);
    corrupt.put('secondary0', 2, blocksOf('?'));
    corrupt.says({ kind: 'runRefused', generation: generation(6), run: 1, code: 1 });
    expect(corrupt.given).to.deep.equal(['6 image-corrupt']);
    expect(corrupt.effects.some((each) => each.kind === 'log' && each.text.includes('blocks 1+1'))).to.equal(true);
  });

  it('gives up when some of the image that it took over cannot be structured', () => {
    const lab = new FailbackLab();
    lab.overlaid(7, 'Z');
    lab.put('staging0', 0, Buffer.alloc(1024, '?'));
    lab.core.receiver.pump();
    lab.go();
    expect(lab.core.receiver.structuring.stuck).to.equal(true);
    lab.changed(1, 'X');
    lab.start(true).differs(1, []);
    expect([lab.given, lab.state.takenOver, lab.failback.busy]).to.deep.equal([['6 staging-corrupt'], true, false]);
  });

  it('is told that the session ended when it has not begun', () => {
    for (const draining of [false, true]) {
      const lab = new FailbackLab();
      lab.core.hostWrites = 1;
      lab.start();
      if (draining) lab.differs(1, [1]);
      lab.failback.lost();
      lab.core.hostWrites = 0;
      lab.go();
      expect([lab.started, lab.failback.busy, lab.records]).to.deep.equal([['sub-unreachable'], false, []]);
    }
  });

  it('waits to be begun again when the session ends while its record is on its way, or later', () => {
    const recording = new FailbackLab().start();
    recording.failback.message({
      ...{ kind: 'failbackDifference', request: 1, volume: volumeNumber(0), chunks: [], last: true },
    } as Message);
    recording.failback.pump();
    recording.failback.lost();
    recording.go();
    expect([recording.started, recording.failback.busy, recording.state.failback]).to.deep.equal([
      [undefined],
      false,
      6,
    ]);
    expect(recording.told()).to.deep.equal(['failbackAsk']);
    for (const lab of [sending(), completing()]) {
      lab.told();
      lab.failback.lost();
      lab.go();
      expect([lab.failback.busy, lab.told(), lab.state.failback]).to.deep.equal([false, [], 6]);
      lab.start(true).differs(2, [2]);
      expect(lab.told().slice(0, 2)).to.deep.equal(['failbackAsk', 'begin 6 on 4 SSWS']);
      expect(lab.started).to.deep.equal([undefined, undefined]);
    }
  });

  it('does not forget that main has committed when the session ends while that is being recorded', () => {
    const lab = completing();
    lab.main('committed');
    lab.failback.message({ kind: 'structured', generation: generation(6) });
    lab.failback.lost();
    expect(lab.failback.busy).to.equal(true);
    lab.go();
    expect([lab.state.takenOver, lab.failback.busy]).to.deep.equal([false, false]);
    const failing = sending();
    failing.failback.message({ kind: 'abandon', generation: generation(6), code: 1, state: 'PSUE' });
    failing.failback.lost();
    expect(failing.failback.busy).to.equal(true);
    failing.go();
    expect([failing.given.length, failing.failback.busy]).to.deep.equal([1, false]);
  });

  it('takes commit and structuring for its own generation, in their order, and once', () => {
    const lab = completing();
    lab.main('structured');
    lab.main('committed', 5);
    lab.main('structured');
    expect(lab.state.takenOver).to.equal(true);
    lab.main('committed');
    lab.main('structured', 5);
    expect(lab.state.takenOver).to.equal(true);
    lab.says({ kind: 'abandon', generation: generation(6), code: 1, state: 'PSUE' });
    lab.says({ kind: 'completeRefused', generation: generation(6), code: 1 });
    expect([lab.given, lab.told()], 'too late').to.deep.equal([[], []]);
    lab.main('structured');
    expect(lab.state.takenOver).to.equal(false);
  });

  it('believes main that it has committed already when it begins again', () => {
    const lab = sending();
    lab.main('committed');
    lab.told();
    lab.stored(1, 2);
    expect(lab.told(), 'no complete').to.deep.equal([]);
    lab.main('structured');
    expect(lab.state.takenOver).to.equal(false);
  });
});
