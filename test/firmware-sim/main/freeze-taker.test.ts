import { expect } from 'chai';
import type { HostCommand } from '../../../firmware-sim/controller/host-port.js';
import { FreezeTaker } from '../../../firmware-sim/main/freeze-taker.js';
import type { MainRecord } from '../../../firmware-sim/main/main-records.js';
import { epoch, generation } from '../../../protocol/ids.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { MainLab } from './main-lab.js';

const of = (unanswered: readonly number[], session = 0) => ({ session, unanswered });

class FreezeLab extends MainLab {
  readonly answers: MessageNamed<'frozen' | 'refused'>[] = [];
  readonly taker = new FreezeTaker(this.core, (answer) => this.answers.push(answer));

  asked(request: number, token: number): MessageNamed<'freeze'> {
    return { kind: 'freeze', request, token: Buffer.alloc(16, token) };
  }

  held(id: number): HostCommand {
    return { id, tag: id, session: 0, volume: 0, command: { op: 'write', lba: 0, data: Buffer.alloc(512) } };
  }

  marks(): string[] {
    return this.effects
      .splice(0)
      .flatMap((each) => (each.kind === 'mark' ? [`${each.name} ${Object.values(each.values).join()}`] : []));
  }
}

describe('a freeze', () => {
  it('is recorded when no write is under way any more, and answered when that is durable', () => {
    const lab = new FreezeLab();
    lab.primary(0, 'ab');
    expect([lab.taker.busy, lab.taker.hold(lab.held(1))]).to.deep.equal([false, false]);
    lab.taker.drained();
    expect(lab.records, 'nobody has asked').to.deep.equal([]);
    lab.taker.start(lab.asked(5, 1), of([7, 8, 9]));
    expect([lab.taker.busy, lab.taker.hold(lab.held(1)), lab.records, lab.marks()]).to.deep.equal([
      ...[true, true, [], ['freezeTaken 3']],
    ]);
    lab.taker.exclude({ tag: 8, session: 0 });
    lab.taker.exclude({ tag: 9, session: 1 });
    lab.taker.drained();
    lab.taker.drained();
    expect(lab.records.map(({ record }) => record)).to.deep.equal([
      { kind: 'frozen', generation: 1, full: true, token: Uint8Array.from(Buffer.alloc(16, 1)), included: [7, 9] },
    ]);
    expect([lab.answers, lab.taker.hold(lab.held(2)), lab.taker.release()]).to.deep.equal([[], true, []]);
    lab.durable();
    expect(lab.answers).to.deep.equal([{ kind: 'frozen', request: 5, epoch: 1, generation: 1, included: [7, 9] }]);
    expect([lab.taker.busy, lab.marks()]).to.deep.equal([false, ['frozen 1']]);
    expect(lab.taker.release().map(({ id }) => id)).to.deep.equal([1, 2]);
    expect(lab.taker.release(), 'once').to.deep.equal([]);
  });

  it('is answered once more when it is repeated, while it is taken up and later, and makes no other generation', () => {
    const lab = new FreezeLab();
    expect(lab.taker.isRepeated(lab.asked(1, 0)), 'nothing was frozen').to.equal(false);
    lab.taker.start(lab.asked(5, 1), of([]));
    expect([lab.taker.isRepeated(lab.asked(6, 1)), lab.taker.isRepeated(lab.asked(6, 2))]).to.deep.equal([true, false]);
    lab.taker.repeat(lab.asked(6, 1));
    expect(lab.answers).to.deep.equal([]);
    lab.taker.drained();
    lab.durable();
    expect(lab.answers.map(({ request }) => request)).to.deep.equal([5, 6]);
    expect([lab.taker.isRepeated(lab.asked(7, 1)), lab.taker.isRepeated(lab.asked(7, 2))]).to.deep.equal([true, false]);
    lab.taker.repeat(lab.asked(7, 1));
    expect(lab.answers.at(-1)).to.deep.include({ kind: 'frozen', request: 7, generation: 1 });
    expect(lab.records).to.deep.equal([]);
  });

  it('is answered as before, too, when the next one is being taken up', () => {
    const lab = new FreezeLab();
    lab.taker.start(lab.asked(5, 1), of([]));
    lab.taker.drained();
    lab.durable();
    lab.taker.start(lab.asked(6, 2), of([]));
    expect([1, 2, 3].map((token) => lab.taker.isRepeated(lab.asked(7, token)))).to.deep.equal([true, true, false]);
    const before = lab.answers.length;
    lab.taker.repeat(lab.asked(7, 1));
    lab.taker.repeat(lab.asked(8, 2));
    expect(lab.answers.slice(before).map(({ request }) => request)).to.deep.equal([7]);
  });

  it('is not repeated by a freeze without a token, when the newest generation was made by none', () => {
    const lab = new FreezeLab();
    lab.core.state.lastFrozen = generation(3);
    expect(lab.taker.isRepeated(lab.asked(1, 0))).to.equal(false);
    const token = Buffer.from('00'.repeat(15).concat('01'), 'hex');
    const made = { epoch: epoch(1), generation: generation(3), included: [] };
    lab.core.state.freezes.add({ ...made, token });
    expect(lab.taker.isRepeated({ ...lab.asked(1, 0), token })).to.equal(true);
  });

  it('is whole until an image is committed, and where the method or the sub asks for it', () => {
    const fullOf = (method: 'copy' | 'differential', needed: boolean) => {
      const lab = new FreezeLab({ method });
      lab.core.state.fullNeeded = needed;
      lab.taker.start(lab.asked(1, 1), of([]));
      lab.taker.drained();
      return lab.records.map(({ record }) => record.kind === 'frozen' && record.full);
    };
    expect([fullOf('differential', false), fullOf('differential', true), fullOf('copy', false)]).to.deep.equal([
      ...[[false], [true], [true]],
    ]);
  });

  it('is refused, and lets its held writes go, when the sub has taken over meanwhile', () => {
    const lab = new FreezeLab();
    lab.taker.start(lab.asked(1, 1), of([]));
    lab.taker.repeat(lab.asked(2, 1));
    lab.taker.hold(lab.held(3));
    lab.core.state.apply({ kind: 'takenOver', epoch: epoch(2) });
    lab.taker.drained();
    const code = refusals['taken-over'].number;
    expect(lab.answers).to.deep.equal([1, 2].map((request) => ({ kind: 'refused', request, code, detail: '' })));
    expect([lab.records, lab.taker.busy, lab.taker.release().length]).to.deep.equal([[], false, 1]);
  });

  it('has itself in hand until it is answered, and the writes behind it', () => {
    const lab = new FreezeLab();
    expect(lab.taker.inHand()).to.deep.equal([]);
    lab.core.unsettled.add(0);
    lab.taker.start(lab.asked(1, 1), of([]));
    const seen = [lab.taker.inHand()];
    const step = (go: () => void) => {
      go();
      seen.push(lab.taker.inHand());
    };
    step(() => lab.taker.drained());
    step(() => lab.taker.hold(lab.held(3)));
    step(() => lab.disk());
    step(() => lab.durable());
    const behind = 'host write with tag 3 (behind the freeze)';
    expect(seen).to.deep.equal([
      ...[['freeze (draining)'], ['freeze (settling)'], ['freeze (settling)', behind], ['freeze (recording)', behind]],
      [],
    ]);
  });

  it('is recorded when the disks of all volumes with a failed write have made their caches durable', () => {
    const lab = new FreezeLab({ others: [32, 32] });
    for (const volume of [0, 2]) lab.core.unsettled.add(volume);
    lab.taker.start(lab.asked(1, 1), of([]));
    lab.taker.drained();
    expect(lab.waiting).to.deep.equal(['primary0 synchronizeCache', 'primary2 synchronizeCache']);
    lab.disk();
    lab.taker.drained();
    expect([lab.records, lab.core.unsettled.size], 'one is not there yet').to.deep.equal([[], 2]);
    lab.disk();
    expect(lab.records.map(({ record }) => record.kind)).to.deep.equal(['frozen']);
    expect(lab.core.unsettled.size).to.equal(0);
  });

  it('is refused when one of those disks does not, whichever ends first, and the next freeze asks all of them again', () => {
    for (const failing of ['primary0', 'primary1']) {
      const lab = new FreezeLab({ others: [32] });
      for (const volume of [0, 1]) lab.core.unsettled.add(volume);
      lab.taker.start(lab.asked(1, 1), of([]));
      lab.taker.drained();
      while (lab.waiting.length > 0)
        lab.disk(lab.waiting[0]?.startsWith(failing) ? checkCondition('writeError') : undefined);
      const refused = { kind: 'refused', request: 1, code: refusals['disk-error'].number, detail: '' };
      expect([lab.answers, lab.records, lab.taker.busy]).to.deep.equal([[refused], [], false]);
      lab.taker.start(lab.asked(2, 2), of([]));
      lab.taker.drained();
      expect(lab.waiting).to.have.length(2);
      lab.settle();
      expect(lab.answers.at(-1)).to.deep.include({ kind: 'frozen', request: 2, generation: 1 });
    }
  });

  it('is refused when the sub has taken over while a disk made its cache durable', () => {
    const lab = new FreezeLab();
    lab.core.unsettled.add(0);
    lab.taker.start(lab.asked(1, 1), of([]));
    lab.taker.drained();
    lab.core.state.apply({ kind: 'takenOver', epoch: epoch(2) });
    lab.disk();
    expect(lab.answers).to.deep.equal([
      { kind: 'refused', request: 1, code: refusals['taken-over'].number, detail: '' },
    ]);
    expect([lab.records, lab.taker.busy]).to.deep.equal([[], false]);
  });
});

describe('a freeze whose record others overtake', () => {
  /** A difference that has been frozen when all of this was durable before it. */
  function overtaken(...records: readonly MainRecord[]): FreezeLab {
    const lab = new FreezeLab();
    lab.core.state.fullNeeded = false;
    lab.taker.start(lab.asked(1, 1), of([]));
    lab.taker.drained();
    for (const record of records) lab.core.state.apply(record);
    lab.durable();
    expect(lab.answers, 'the freeze itself has ended well').to.have.length(1);
    return lab;
  }

  const failure = (lab: FreezeLab) =>
    lab.records.flatMap(({ record }) => (record.kind === 'failed' ? [[record.generation, record.code]] : []));
  const logs = (lab: FreezeLab) => lab.effects.flatMap((each) => (each.kind === 'log' ? [each.text] : []));
  const takenOver: MainRecord = { kind: 'takenOver', epoch: epoch(2) };
  const fullNeeded: MainRecord = { kind: 'fullNeeded', code: refusals['older-sub'].number };
  const suspended = (code: 'disk-error' | 'suspended'): MainRecord => ({
    ...{ kind: 'pairState', state: 'PSUE', code: refusals[code].number },
  });

  it('fails as taken over, whatever else has come to pass', () => {
    for (const also of [[], [fullNeeded], [suspended('disk-error')]]) {
      const lab = overtaken(takenOver, ...also);
      expect(failure(lab)).to.deep.equal([[1, refusals['taken-over'].number]]);
      expect(logs(lab)).to.deep.equal(['generation 1 failed: taken-over']);
    }
  });

  it('fails as a difference to an image that the sub turned out not to have', () => {
    const lab = overtaken(fullNeeded);
    expect(failure(lab)).to.deep.equal([[1, refusals['older-sub'].number]]);
    expect(logs(lab)).to.deep.equal(['generation 1 failed: older-sub']);
  });

  it('fails with the reason why the pair has been suspended', () => {
    for (const code of ['disk-error', 'suspended'] as const) {
      expect(failure(overtaken(suspended(code)))).to.deep.equal([[1, refusals[code].number]]);
    }
    expect(failure(overtaken())).to.deep.equal([]);
  });

  it('goes on for nobody when the session of the host ends, and is answered in the next one when it is repeated', () => {
    const lab = new FreezeLab();
    lab.taker.start(lab.asked(1, 1), of([7]));
    lab.taker.sessionClosed();
    lab.taker.drained();
    lab.taker.repeat(lab.asked(9, 1));
    lab.durable();
    expect(lab.answers.map(({ request }) => request)).to.deep.equal([9]);
    lab.taker.repeat(lab.asked(10, 1));
    expect(lab.answers.at(-1)).to.deep.include({ request: 10, generation: 1, included: [7] });
  });
});
