import { expect } from 'chai';
import { type DiskEffect, type DiskOperation, planSchema } from '../../../hil/simulate/plan.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';
import { DiskTimeline, fault, firstBytes, flush, read, unmap, write } from './disk-timeline.js';

const nothing = { sectors: 'none', torn: 'no', seed: 1 } as const;
const everything = { sectors: 'all', torn: 'no', seed: 1 } as const;
const faulty = (operation: DiskOperation, nth: number, effect: DiskEffect) =>
  new DiskTimeline({ faults: [fault(operation, nth, effect)] });
const senseOf = (completion: Completion) =>
  completion.status === 'checkCondition'
    ? [completion.sense.key, completion.sense.asc, completion.sense.ascq, completion.sense.information]
    : completion.status;
const bytesOf = (completion: Completion) => (completion.status === 'good' ? [...completion.data] : completion);
const endOf = (ended: { completion?: Completion }) => ended.completion && senseOf(ended.completion);

describe('a disk that fails as planned', () => {
  describe('and its cache', () => {
    it('holds a write that ended at risk until a flush that began after it has ended', () => {
      const line = new DiskTimeline();
      line.run(write(3, 1, 7));
      const flushed = line.begin(flush);
      line.begin(write(4, 1, 8));
      line.pass(29);
      expect(flushed.completion).to.equal(undefined);
      expect(firstBytes(line.disk.afterPowerCut(nothing), 3, 2)).to.deep.equal([0, 0]);
      line.pass(1);
      expect(endOf(flushed)).to.equal('good');
      // The second write ended before the flush, but began after it.
      expect(firstBytes(line.disk.afterPowerCut(nothing), 3, 2)).to.deep.equal([7, 0]);
      expect(line.seen(3, 2)).to.deep.equal([7, 8]);
    });

    for (const late of [false, true]) {
      it(`holds a forced write at risk until its own end, ${late ? 'taking effect then' : 'seen at once'}`, () => {
        const line = new DiskTimeline({ times: { accessUs: 10, flushUs: 30, late } });
        line.run(write(0, 2, 5));
        line.begin(write(0, 1, 6, true));
        line.pass(9);
        expect(line.seen(0, 1)).to.deep.equal([late ? 5 : 6]);
        expect(line.disk.atRisk().map(({ endedAt }) => endedAt === undefined)).to.deep.equal([false, true]);
        expect(firstBytes(line.disk.afterPowerCut(everything), 0, 2)).to.deep.equal([6, 5]);
        expect(firstBytes(line.disk.afterPowerCut(nothing), 0, 2)).to.deep.equal([0, 0]);
        line.pass(1);
        expect(line.seen(0, 2)).to.deep.equal([6, 5]);
        expect(firstBytes(line.disk.afterPowerCut(nothing), 0, 2)).to.deep.equal([6, 0]);
      });
    }

    it('never gives up a newer version for an older one that becomes durable', () => {
      const line = new DiskTimeline();
      line.run(write(0, 1, 1));
      line.begin(flush);
      line.run(write(0, 1, 2));
      expect(line.seen(0, 1)).to.deep.equal([2]);
      expect(firstBytes(line.disk.afterPowerCut(nothing), 0, 1)).to.deep.equal([1]);
      line.run(write(0, 1, 3, true));
      expect(line.disk.atRisk()).to.deep.equal([]);
      expect(firstBytes(line.disk.afterPowerCut(everything), 0, 1)).to.deep.equal([3]);
    });

    it('makes durable what a forced read reads, and no more', () => {
      const line = new DiskTimeline();
      line.run(write(0, 3, 1));
      line.run({ op: 'read', lba: 1, sectors: 1, fua: true });
      expect(firstBytes(line.disk.afterPowerCut(nothing), 0, 3)).to.deep.equal([0, 1, 0]);
      line.run({ op: 'synchronizeCache', lba: 0, sectors: 1 });
      expect(firstBytes(line.disk.afterPowerCut(nothing), 0, 3)).to.deep.equal([1, 1, 0]);
    });

    it('takes UNMAP, WRITE SAME and COMPARE AND WRITE as writes', () => {
      const line = new DiskTimeline();
      line.run(write(0, 8, 1));
      line.run(flush);
      line.run(unmap(1, 2));
      line.run({ op: 'writeSame', lba: 4, sectors: 2, pattern: Buffer.alloc(512, 9), unmap: false });
      const swap = { op: 'compareAndWrite', lba: 7, data: Buffer.alloc(512, 5) } as const;
      expect(senseOf(line.run({ ...swap, compare: Buffer.alloc(512, 2) }))).to.deep.equal(['miscompare', 0x1d, 0, 0]);
      expect(line.seen(0, 8)).to.deep.equal([1, 0, 0, 1, 9, 9, 1, 1]);
      expect(senseOf(line.run({ ...swap, compare: Buffer.alloc(512, 1) }))).to.equal('good');
      expect(line.seen(0, 8)).to.deep.equal([1, 0, 0, 1, 9, 9, 1, 5]);
      expect(firstBytes(line.disk.afterPowerCut(nothing), 0, 8)).to.deep.equal([1, 1, 1, 1, 1, 1, 1, 1]);
      line.run(flush);
      expect(firstBytes(line.disk.afterPowerCut(nothing), 0, 8)).to.deep.equal([1, 0, 0, 1, 9, 9, 1, 5]);
    });

    it('is gone after a power cut, which ends no command', () => {
      const line = new DiskTimeline();
      line.run(write(0, 1, 1));
      const left = line.begin(write(1, 1, 2));
      line.disk.powerCut({ sectors: 'all', torn: 'no', seed: 0 });
      line.pass();
      expect(left.completion).to.equal(undefined);
      expect(line.disk.atRisk()).to.deep.equal([]);
      line.disk.powerCut();
      expect(line.seen(0, 2)).to.deep.equal([1, 2]);
    });

    it('goes with a clone, and neither sees what the other does', () => {
      const line = new DiskTimeline();
      line.run(write(0, 2, 1));
      const clone = line.disk.clone();
      expect(clone.fingerprint()).to.equal(line.disk.fingerprint());
      line.run(write(0, 1, 2));
      line.run(flush);
      expect(firstBytes(clone, 0, 2)).to.deep.equal([1, 1]);
      expect(firstBytes(clone.afterPowerCut(nothing), 0, 2)).to.deep.equal([0, 0]);
      clone.powerCut(everything);
      expect(firstBytes(clone, 0, 2)).to.deep.equal([1, 1]);
      expect(line.seen(0, 2)).to.deep.equal([2, 1]);
    });

    it('refuses what passes its end and fails nothing for it', () => {
      const line = faulty('read', 1, { kind: 'error', sense: 'medium' });
      expect(senseOf(line.run(read(63, 2)))).to.deep.equal(['illegalRequest', 0x21, 0, 64]);
      expect(senseOf(line.run(read(0, 1)))).to.equal('good');
      expect(line.applied).to.deep.equal([]);
    });
  });

  describe('and its faults', () => {
    const errors = [
      ['medium', 'read', ['mediumError', 0x11, 0, 5]],
      ['medium', 'write', ['mediumError', 0x0c, 0, 5]],
      ['medium', 'flush', ['mediumError', 0x0c, 0, undefined]],
      ['hardware', 'write', ['hardwareError', 0x44, 0, undefined]],
      ['aborted', 'write', ['abortedCommand', 0x4b, 0, undefined]],
      ['notReady', 'write', ['notReady', 0x04, 0, undefined]],
      ['busy', 'write', 'busy'],
      ['taskSetFull', 'flush', 'taskSetFull'],
    ] as const;
    for (const [sense, operation, expected] of errors) {
      it(`ends a ${operation} with ${sense} once, not carried out; retries count as commands`, () => {
        const line = faulty(operation, 2, { kind: 'error', sense });
        line.run(write(5, 1, 1));
        if (operation !== 'write') line.run(operation === 'flush' ? flush : read(5, 1));
        const command: MediumCommand = { read: read(5, 1), write: write(5, 1, 2), flush }[operation];
        if (operation === 'flush') line.run(write(6, 1, 3));
        expect(senseOf(line.run(command))).to.deep.equal(expected);
        if (operation === 'write') expect(line.seen(5, 1)).to.deep.equal([1]);
        if (operation === 'flush') expect(firstBytes(line.disk.afterPowerCut(nothing), 6, 1)).to.deep.equal([0]);
        expect(senseOf(line.run(command))).to.equal('good');
        expect(line.applied).to.have.length(1);
      });
    }

    it('keeps a sticky sector bad for reads, writes and flushes over it, until it is healed', () => {
      const line = faulty('write', 2, { kind: 'sticky' });
      line.run(write(8, 1, 1));
      expect(senseOf(line.run(write(8, 4, 2)))).to.deep.equal(['mediumError', 0x0c, 0, 8]);
      expect(senseOf(line.run(read(6, 3)))).to.deep.equal(['mediumError', 0x11, 0, 8]);
      expect(senseOf(line.run(read(9, 3)))).to.equal('good');
      expect(senseOf(line.run(unmap(0, 16)))).to.deep.equal(['mediumError', 0x0c, 0, 8]);
      // What was cached for it cannot reach the medium.
      expect(senseOf(line.run(flush))).to.deep.equal(['mediumError', 0x0c, 0, 8]);
      line.disk.heal();
      expect(senseOf(line.run(flush))).to.equal('good');
      expect(bytesOf(line.run(read(8, 1)))).to.deep.equal(Array(512).fill(1));
      expect(line.applied).to.have.length(1);
    });

    it('changes one byte of what a write writes, or of what a read gives', () => {
      const written = faulty('write', 1, { kind: 'corrupt', at: 1024 + 513, xor: 3 });
      const { data } = write(0, 2, 8) as Extract<MediumCommand, { op: 'write' }>;
      expect(senseOf(written.run({ op: 'write', lba: 0, data }))).to.equal('good');
      expect(data.every((byte) => byte === 8)).to.equal(true);
      const expected = Array(1024).fill(8);
      expected[513] = 11;
      expect(bytesOf(written.run(read(0, 2)))).to.deep.equal(expected);
      const given = faulty('read', 1, { kind: 'corrupt', at: 513, xor: 3 });
      given.run(write(0, 2, 8));
      expect(bytesOf(given.run(read(0, 2)))).to.deep.equal(expected);
      expect(bytesOf(given.run(read(0, 2)))).to.deep.equal(Array(1024).fill(8));
      expect([written.applied.length, given.applied.length]).to.deep.equal([1, 1]);
    });

    it('changes one byte of zeros that UNMAP makes', () => {
      const line = faulty('write', 2, { kind: 'corrupt', at: 512, xor: 3 });
      line.run(write(0, 4, 9));
      line.run(unmap(0, 3));
      expect(line.seen(0, 4)).to.deep.equal([0, 3, 0, 9]);
      expect(line.disk.riskSectors).to.have.length(4 + 3);
    });

    it('loses a write that ended well', () => {
      const line = faulty('write', 2, { kind: 'lose' });
      line.run(write(0, 1, 1));
      expect(senseOf(line.run(write(0, 1, 2, true)))).to.equal('good');
      expect(line.seen(0, 1)).to.deep.equal([1]);
      expect(line.applied).to.have.length(1);
    });

    it('lies about a flush; the next one makes durable', () => {
      const line = faulty('flush', 2, { kind: 'lose' });
      line.run(flush);
      line.run(write(0, 1, 1));
      expect(senseOf(line.run(flush))).to.equal('good');
      expect(firstBytes(line.disk.afterPowerCut(nothing), 0, 1)).to.deep.equal([0]);
      expect(line.applied).to.have.length(1);
      line.run(flush);
      expect(firstBytes(line.disk.afterPowerCut(nothing), 0, 1)).to.deep.equal([1]);
    });

    it('does not count a lie about a flush of nothing as applied', () => {
      const line = faulty('flush', 1, { kind: 'lose' });
      line.run(flush);
      expect(line.applied).to.deep.equal([]);
    });

    it('lets a command go astray, from the end to the beginning, whole', () => {
      const line = faulty('write', 2, { kind: 'misdirect', sectors: 5 });
      line.run(write(60, 4, 1));
      line.run(write(58, 4, 2));
      expect(line.seen(56, 8)).to.deep.equal([0, 0, 0, 0, 1, 1, 1, 1]);
      // 61 places for four sectors; 58 + 5 is two past the last of them.
      expect(line.seen(0, 8)).to.deep.equal([0, 0, 2, 2, 2, 2, 0, 0]);
      const reading = faulty('read', 1, { kind: 'misdirect', sectors: 2 });
      reading.run(write(2, 1, 7));
      expect(bytesOf(reading.run(read(0, 1)))).to.deep.equal(Array(512).fill(7));
      expect(reading.applied).to.have.length(1);
      expect(bytesOf(reading.run(read(0, 1)))).to.deep.equal(Array(512).fill(0));
    });

    it('reads what each sector held before it was last written', () => {
      const line = faulty('read', 1, { kind: 'stale' });
      line.run(write(0, 4, 1));
      line.run(flush);
      line.run(write(1, 3, 2));
      line.run(unmap(2, 1));
      const data = bytesOf(line.run(read(0, 5))) as number[];
      expect([0, 1, 2, 3, 4].map((sector) => data[sector * 512])).to.deep.equal([0, 1, 2, 1, 0]);
      expect(line.seen(0, 5)).to.deep.equal([1, 2, 0, 2, 0]);
      expect(line.applied).to.have.length(1);
    });

    for (const late of [false, true]) {
      it(`is slow with one command, and others overtake it, with effect at ${late ? 'end' : 'begin'}`, () => {
        const times = { accessUs: 10, flushUs: 30, late };
        const line = new DiskTimeline({ times, faults: [fault('write', 1, { kind: 'slow', us: 100 })] });
        const slow = line.begin(write(0, 1, 1));
        line.begin(write(0, 1, 2));
        line.pass(109);
        expect(slow.completion).to.equal(undefined);
        expect(line.seen(0, 1)).to.deep.equal([2]);
        line.pass(1);
        expect(endOf(slow)).to.equal('good');
        expect(line.seen(0, 1)).to.deep.equal([late ? 1 : 2]);
      });
    }

    for (const late of [false, true]) {
      it(`loses its cache in a reset and all commands with it, with effect at ${late ? 'end' : 'begin'}`, () => {
        const times = { accessUs: 10, flushUs: 30, late };
        const line = new DiskTimeline({ times, faults: [fault('read', 1, { kind: 'reset' })] });
        line.run(write(0, 1, 1));
        line.run(flush);
        line.run(write(0, 2, 2));
        const commands = [line.begin(write(2, 1, 3, true)), line.begin(flush), line.begin(read(0, 1))];
        expect(commands.map(endOf)).to.deep.equal([undefined, undefined, undefined]);
        line.pass();
        for (const each of commands) expect(endOf(each)).to.deep.equal(['unitAttention', 0x29, 0, undefined]);
        expect(line.seen(0, 3)).to.deep.equal([1, 0, 0]);
        expect(line.disk.atRisk()).to.deep.equal([]);
        expect(senseOf(line.run(write(0, 1, 4)))).to.equal('good');
        expect(line.applied).to.have.length(1);
      });
    }

    it('forgets faults not yet met when it is healed', () => {
      const line = faulty('read', 2, { kind: 'error', sense: 'busy' });
      line.run(read(0, 1));
      line.disk.heal();
      expect(senseOf(line.run(read(0, 1)))).to.equal('good');
    });

    it('takes every fault that a plan can hold', () => {
      // A kind that the plan gains has to be thought of here.
      const kinds = planSchema.shape.faults.element.options.flatMap((option) =>
        option.shape.kind.value === 'disk' && 'effect' in option.shape
          ? option.shape.effect.options.map((effect) => effect.shape.kind.value)
          : [],
      );
      expect(kinds).to.have.members(['error', 'sticky', 'corrupt', 'lose', 'misdirect', 'stale', 'slow', 'reset']);
    });
  });

  describe('and its fingerprint', () => {
    it('is that of the contents, however they came about', () => {
      const [a, b] = [new DiskTimeline(), new DiskTimeline()];
      const empty = a.disk.fingerprint();
      a.run(write(0, 2, 1));
      b.run(write(1, 1, 1));
      b.run(write(0, 1, 1));
      expect(a.disk.fingerprint()).not.to.equal(empty);
      a.run(flush);
      b.run(flush);
      expect(a.disk.fingerprint()).to.equal(b.disk.fingerprint());
      a.run(write(0, 2, 0, true));
      expect(a.disk.fingerprint()).to.equal(empty);
    });

    it('tells cached from durable, under way from ended, and one order from the other', () => {
      const seen = new Set<string>();
      const line = new DiskTimeline();
      const look = () => seen.add(line.disk.fingerprint());
      look();
      line.begin(write(0, 1, 1));
      look();
      line.pass();
      look();
      line.begin(flush);
      look();
      line.pass();
      look();
      line.run(write(0, 1, 2));
      look();
      line.run(write(0, 1, 3));
      look();
      line.disk.powerCut();
      line.run(write(0, 1, 3));
      line.run(write(0, 1, 2));
      look();
      expect(seen.size).to.equal(8);
    });
  });
});
