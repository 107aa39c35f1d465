import { expect } from 'chai';
import type { Failure, Operation, Outcome } from '../../../firmware-sim/storage/operation.js';
import { contentDigests, GenerationDigest } from '../../../protocol/digest.js';
import { epoch, generation } from '../../../protocol/ids.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blockBytes, blocksOf, ReplicaLab } from './replica-lab.js';

/** Generation `number` with these letters from block 0 on, committed and about to be structured. */
function committed(letters: string, lab = new ReplicaLab({ volumes: [64] }), number = 1, full = false): ReplicaLab {
  lab.begin(number, full);
  const digest = new GenerationDigest();
  let zeroBlocks = 0;
  for (const [block, letter] of Array.from(letters).entries()) {
    if (letter === '.') {
      zeroBlocks += 1;
      lab.zeros(100 + block, { first: block, count: 1, generation: number });
    } else lab.run(100 + block, { first: block, letters: letter, generation: number });
    digest.add(0, block, contentDigests(blocksOf(letter), blockBytes));
  }
  while (lab.state.volume(0).staged.size < letters.length) if (!lab.disk()) lab.durable();
  lab.complete(number, { blocks: letters.length, zeroBlocks, digest: digest.finish() });
  while (lab.state.committed !== number) if (!lab.durable() && !lab.disk()) throw new Error('it was not committed');
  lab.told();
  return lab;
}

/** Who asks for blocks to be placed, with what it was told. */
interface Asker {
  readonly operation: Operation;
  readonly outcomes: Outcome['kind'][];
  readonly failures: Failure[];
}

function asker(lab: ReplicaLab): Asker {
  const outcomes: Outcome['kind'][] = [];
  const failures: Failure[] = [];
  const resume = (outcome: Outcome) => {
    outcomes.push(outcome.kind);
    if (outcome.kind === 'failed') failures.push(outcome.completion);
  };
  const operation = { name: 'asker', resume };
  lab.locks.claim(operation, { volume: 0, first: 0, count: 64, shared: false });
  return { operation, outcomes, failures };
}

describe('structuring', () => {
  it('reads staging, writes the image, flushes it and records it, in this order', () => {
    const lab = committed('ab');
    const steps: string[] = [];
    expect(lab.locks.isFree({ volume: 0, first: 1, count: 1, shared: true }), 'it has its blocks alone').to.equal(
      false,
    );
    while (lab.waiting.length > 0) {
      steps.push(...lab.waiting);
      lab.disk();
    }
    expect(steps).to.deep.equal(['staging0 read', 'secondary0 write', 'secondary0 synchronizeCache']);
    expect(lab.records.map(({ record }) => record.kind)).to.deep.equal(['placed']);
    expect([lab.state.overlaid, lab.letters('secondary0', 0, 3)]).to.deep.equal([2, 'ab.']);
    lab.durable();
    expect([lab.state.overlaid, lab.records.map(({ record }) => record.kind)]).to.deep.equal([0, ['settled']]);
    expect(lab.locks.isFree({ volume: 0, first: 0, count: 64, shared: false })).to.equal(true);
    lab.settle();
    expect(lab.told()).to.deep.equal(['structured 1']);
  });

  it('unmaps zeros without reading anything', () => {
    const lab = committed('ab');
    lab.settle();
    committed('..', lab, 2);
    expect(lab.waiting).to.deep.equal(['secondary0 unmap']);
    lab.settle();
    expect([lab.letters('secondary0', 0, 2), lab.state.structured]).to.deep.equal(['..', 2]);
  });

  it('keeps four runs of at most sixteen blocks under way', () => {
    const lab = committed('abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl');
    expect(lab.waiting).to.deep.equal(Array(4).fill('staging0 read'));
    lab.settle();
    expect(lab.letters('secondary0', 0, 64)).to.equal(
      'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijkl',
    );
    const more = new ReplicaLab({ volumes: [96], stagingSlots: 96 });
    committed('a.b.c.d.e.f.', more);
    expect(more.waiting).to.deep.equal(['staging0 read', 'secondary0 unmap', 'staging0 read', 'secondary0 unmap']);
    more.settle();
    expect(more.letters('secondary0', 0, 12)).to.equal('a.b.c.d.e.f.');
  });

  it('suspends the pair when staging gives back something else, and leaves that block, and no other, where it is', () => {
    const lab = committed('abc');
    const slot = lab.state.volume(0).overlay.slotOf(1) ?? 0;
    lab.media.get('staging0')?.fill('x', slot * blockBytes, slot * blockBytes + 1);
    lab.settle();
    expect(lab.suspended).to.deep.equal(['staging-corrupt: volume 0, block 1']);
    expect([lab.receiver.structuring.damaged, lab.state.overlaid, lab.state.structured]).to.deep.equal([true, 1, 0]);
    expect([lab.letters('secondary0', 0, 3), lab.waiting, lab.records]).to.deep.equal(['a.c', [], []]);
    expect(lab.receiver.structuring.stuck).to.equal(true);
    expect(lab.locks.isFree({ volume: 0, first: 0, count: 64, shared: false })).to.equal(true);
  });

  it('suspends the pair when a disk fails, whichever step it is', () => {
    for (const step of [0, 1, 2]) {
      const lab = committed('ab');
      for (let before = 0; before < step; before += 1) lab.disk();
      lab.disk(checkCondition('lbaOutOfRange'));
      // The blocks one by one.
      for (let block = 0; block < 2; block += 1) lab.disk(checkCondition('lbaOutOfRange'));
      lab.settle();
      expect(lab.suspended).to.deep.equal(['disk-error: volume 0, block 0']);
      expect([lab.receiver.structuring.damaged, lab.state.overlaid]).to.deep.equal([true, 2]);
      expect(lab.locks.isFree({ volume: 0, first: 0, count: 64, shared: false })).to.equal(true);
    }
  });

  it('is tried again when it is told to, suspends the pair once, and ends as if nothing had been', () => {
    const lab = committed('abc');
    const fail = () => {
      lab.disk();
      for (let attempt = 0; attempt < 4; attempt += 1) lab.disk(checkCondition('lbaOutOfRange'));
      lab.settle();
    };
    fail();
    expect([lab.suspended.length, lab.waiting, lab.state.structured]).to.deep.equal([1, [], 0]);
    lab.receiver.pump();
    expect(lab.waiting, 'not by itself').to.deep.equal([]);
    lab.receiver.structuring.placeAgain();
    lab.receiver.pump();
    fail();
    expect([lab.suspended.length, lab.receiver.structuring.damaged, lab.state.overlaid]).to.deep.equal([1, true, 3]);
    lab.receiver.structuring.placeAgain();
    lab.settle();
    expect([lab.letters('secondary0', 0, 4), lab.state.structured, lab.state.overlaid]).to.deep.equal(['abc.', 1, 0]);
    expect([lab.told(), lab.receiver.structuring.damaged, lab.suspended.length]).to.deep.equal([
      ['structured 1'],
      false,
      1,
    ]);
  });

  it('lets a full generation, and no other, be committed over what could not be structured', () => {
    for (const full of [false, true]) {
      const lab = committed('ab');
      for (let attempt = 0; attempt < 3; attempt += 1) lab.disk(checkCondition('lbaOutOfRange'));
      lab.settle();
      if (full) committed('c', lab, 2, full);
      else expect(() => committed('c', lab, 2, full)).to.throw('not committed');
      expect(lab.state.committed).to.equal(full ? 2 : 1);
      if (!full) continue;
      lab.settle();
      expect([lab.receiver.structuring.damaged, lab.state.structured, lab.letters('secondary0', 0, 2)]).to.deep.equal([
        ...[false, 2, 'c.'],
      ]);
    }
  });

  it('waits for the lock of its blocks, and looks again when others have placed some of them meanwhile', () => {
    for (const placed of [false, true]) {
      const lab = new ReplicaLab({ volumes: [64] });
      const { operation, outcomes } = asker(lab);
      committed('abc', lab);
      expect(lab.waiting).to.deep.equal([]);
      if (placed) {
        expect(lab.receiver.structuring.placeFor(operation, 0, 1, 1)).to.equal(true);
        while (outcomes.length === 0) if (!lab.disk()) lab.durable();
        expect([outcomes, lab.letters('secondary0', 0, 3), lab.state.overlaid]).to.deep.equal([['done'], '.b.', 2]);
        lab.media.get('secondary0')?.fill('z', blockBytes, 2 * blockBytes);
      }
      lab.receiver.structuring.unlock(operation, 0);
      lab.settle();
      expect(lab.letters('secondary0', 0, 3)).to.equal(placed ? 'azc' : 'abc');
      expect([lab.state.structured, lab.suspended]).to.deep.equal([1, []]);
    }
  });

  it('goes on in its turn when the lock is given to it, and gives it on when it ends', () => {
    for (const [letters, next] of [
      ['abc', 'staging0 read'],
      ['...', 'secondary0 unmap'],
    ] as const) {
      const lab = new ReplicaLab({ volumes: [64] });
      const before = asker(lab);
      committed(letters, lab);
      const { operation, outcomes } = asker(lab);
      lab.receiver.structuring.unlock(before.operation, 0);
      expect([lab.waiting, outcomes]).to.deep.equal([[next], []]);
      lab.settle();
      expect([outcomes, lab.state.overlaid]).to.deep.equal([['locked'], 0]);
      expect(lab.locks.isFree({ volume: 0, first: 0, count: 1, shared: true })).to.equal(false);
      lab.receiver.structuring.unlock(operation, 0);
    }
  });

  it('goes on after power on with what the records say is not placed yet, in every volume', () => {
    const lab = new ReplicaLab({ volumes: [8, 8] });
    const digests = contentDigests(blocksOf('ab'), blockBytes);
    for (const volume of [0, 1]) {
      lab.allocators[volume]?.occupy(4, 2);
      lab.media.get(`staging${volume}`)?.set(blocksOf('ab'), 4 * blockBytes);
      lab.state.volume(volume).overlay.set(3, 2, 4, digests);
    }
    const image = { epoch: epoch(1), committed: generation(1), structured: generation(0), digest: new Uint8Array(16) };
    lab.state.apply({ kind: 'image', ...image });
    expect(lab.receiver.structuring.damaged).to.equal(false);
    lab.settle();
    expect([lab.letters('secondary0', 0, 6), lab.letters('secondary1', 0, 6)]).to.deep.equal(['...ab.', '...ab.']);
    expect([lab.told(), lab.allocators[1]?.free]).to.deep.equal([['structured 1'], 64]);
  });

  it('does not commit a full generation over what is still being structured', () => {
    const lab = committed('a.b');
    expect(lab.waiting).to.deep.equal(['staging0 read', 'secondary0 unmap', 'staging0 read']);
    lab.disk(checkCondition('lbaOutOfRange'));
    const of = { epoch: epoch(1), generation: generation(2), base: generation(0), full: true, state: 'COPY' } as const;
    lab.receiver.begin({ kind: 'begin', ...of });
    lab.durable();
    lab.complete(2, { blocks: 0, zeroBlocks: 0, digest: new Uint8Array(16) });
    expect([lab.records, lab.receiver.structuring.damaged]).to.deep.equal([[], true]);
    lab.settle();
    expect([lab.state.committed, lab.state.structured]).to.deep.equal([2, 2]);
  });

  it('places for an operation what it asks for, cut at its ends, and says when there is nothing', () => {
    const lab = new ReplicaLab({ volumes: [64] });
    const { operation, outcomes } = asker(lab);
    committed('abcdef', lab);
    expect(lab.receiver.structuring.placeFor(operation, 0, 6, 4)).to.equal(false);
    expect(lab.receiver.structuring.placeFor(operation, 0, 2, 2)).to.equal(true);
    while (outcomes.length === 0) if (!lab.disk()) lab.durable();
    expect(lab.letters('secondary0', 0, 6)).to.equal('..cd..');
    expect(lab.receiver.structuring.placeFor(operation, 0, 2, 2)).to.equal(false);
    expect(lab.receiver.structuring.placeFor(operation, 0, 2, 3)).to.equal(true);
    lab.disk(checkCondition('lbaOutOfRange'));
    expect([outcomes, lab.suspended]).to.deep.equal([['done', 'failed'], ['disk-error: volume 0, block 4']]);
  });

  it('fails an operation when staging gave back something else, and says from where on', () => {
    const lab = new ReplicaLab({ volumes: [64] });
    const { operation, outcomes, failures } = asker(lab);
    committed('abcd', lab);
    lab.media.get('staging0')?.fill('x', 2 * blockBytes, 3 * blockBytes);
    lab.receiver.structuring.placeFor(operation, 0, 1, 3);
    lab.disk();
    expect([outcomes, lab.suspended]).to.deep.equal([['failed'], []]);
    const sectorsPerBlock = blockBytes / 512;
    expect(failures).to.deep.equal([checkCondition('unrecoveredReadError', { information: 2 * sectorsPerBlock })]);
  });

  it('fails an operation with the sector of the image, whichever slot staging could not read', () => {
    const lab = new ReplicaLab({ volumes: [64] });
    const { operation, failures } = asker(lab);
    lab.allocators[0]?.occupy(0, 3);
    committed('ab', lab);
    lab.receiver.structuring.placeFor(operation, 0, 1, 1);
    const sectorsPerBlock = blockBytes / 512;
    lab.disk(checkCondition('lbaOutOfRange', { information: 4 * sectorsPerBlock }));
    expect(failures).to.deep.equal([checkCondition('lbaOutOfRange', { information: sectorsPerBlock })]);
  });
});
