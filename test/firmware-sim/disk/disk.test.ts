import { expect } from 'chai';
import { Disk, type DiskOptions, type DiskOutcome } from '../../../firmware-sim/disk/disk.js';
import { MemoryStore } from '../../../firmware-sim/disk/memory-store.js';
import { persistAtOnce } from '../../../firmware-sim/disk/persist-at-once.js';
import { decodeLbaStatus } from '../../../protocol/scsi/capacity-data.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';
import { type ConditionName, checkCondition, senseOf } from '../../../protocol/scsi/conditions.js';

const capacitySectors = 2 ** 31;
const sectors = (count: number, fill: number) => Buffer.alloc(count * 512, fill);
const flush: MediumCommand = { op: 'synchronizeCache', lba: 0, sectors: 0 };

/** A disk over memory whose durable steps take no time. */
function bench(options: Partial<DiskOptions> = {}) {
  const store = new MemoryStore();
  const disk = new Disk({ capacitySectors, store, ...options });
  const run = (command: MediumCommand): Completion => {
    const [ended, ...more] = persistAtOnce(disk, store, disk.step(command, 7));
    if (ended === undefined) throw new Error(`${command.op} did not end`);
    expect(more).to.deep.equal([]);
    expect(ended.tag).to.equal(7);
    return ended.completion;
  };
  const read = (lba: number, count: number) => dataOf(run({ op: 'read', lba, sectors: count }));
  const cut = (...survivors: Parameters<Disk['powerCut']>) => store.apply(disk.powerCut(...survivors));
  return { store, disk, run, read, cut };
}

function dataOf(completion: Completion): Buffer {
  if (completion.status !== 'good') throw new Error(`ended with ${completion.status}`);
  return Buffer.from(completion.data);
}

function ticketOf(outcome: DiskOutcome): number {
  const effect = outcome.find(({ kind }) => kind === 'persist');
  if (effect?.kind !== 'persist') throw new Error('no durable step began');
  return effect.ticket;
}
const tagsEnded = (outcome: DiskOutcome) =>
  outcome.flatMap((effect) => (effect.kind === 'completed' ? [effect.tag] : []));
const failure = (name: ConditionName) => checkCondition(name);

describe('the emulated disk and a power cut', () => {
  it('loses exactly what was not flushed', () => {
    const { run, read, cut } = bench();
    run({ op: 'write', lba: 10, data: sectors(4, 1) });
    run(flush);
    run({ op: 'write', lba: 12, data: sectors(4, 2) });
    expect(read(10, 6)).to.deep.equal(Buffer.concat([sectors(2, 1), sectors(4, 2)]));
    cut();
    expect(read(10, 6)).to.deep.equal(Buffer.concat([sectors(4, 1), sectors(2, 0)]));
  });

  it('a write with FUA makes itself durable, and nothing else', () => {
    const { run, read, cut } = bench();
    run({ op: 'write', lba: 0, data: sectors(1, 1) });
    run({ op: 'write', lba: 1, data: sectors(1, 2), fua: true });
    cut();
    expect(read(0, 2)).to.deep.equal(Buffer.concat([sectors(1, 0), sectors(1, 2)]));
  });

  it('a flush of a range leaves the rest volatile; sectors 0 stands for the rest of the disk', () => {
    const { run, read, cut } = bench();
    run({ op: 'write', lba: 0, data: sectors(4, 1) });
    run({ op: 'synchronizeCache', lba: 1, sectors: 2 });
    run({ op: 'write', lba: 100, data: sectors(1, 1) });
    run({ op: 'synchronizeCache', lba: 50, sectors: 0 });
    cut();
    expect(read(0, 4)).to.deep.equal(Buffer.concat([sectors(1, 0), sectors(2, 1), sectors(1, 0)]));
    expect(read(100, 1)).to.deep.equal(sectors(1, 1));
  });

  it('a read with FUA makes what it reads durable', () => {
    const { run, read, cut } = bench();
    run({ op: 'write', lba: 0, data: sectors(2, 3) });
    expect(dataOf(run({ op: 'read', lba: 0, sectors: 1, fua: true }))).to.deep.equal(sectors(1, 3));
    cut();
    expect(read(0, 2)).to.deep.equal(Buffer.concat([sectors(1, 3), sectors(1, 0)]));
  });

  it('loses unmapped and zeroed ranges that were not flushed, as it loses writes', () => {
    const { run, read, cut } = bench();
    run({ op: 'write', lba: 0, data: sectors(4, 1) });
    run(flush);
    run({ op: 'unmap', ranges: [{ lba: 0, sectors: capacitySectors }] });
    expect(read(0, 4)).to.deep.equal(sectors(4, 0));
    cut();
    expect(read(0, 4)).to.deep.equal(sectors(4, 1));
  });

  it('keeps the sectors that survive, the newest of those that were written twice, and garbage where it tore', () => {
    const { disk, run, read, cut } = bench();
    run({ op: 'write', lba: 0, data: sectors(4, 1) });
    const under = disk.step(flush, 1);
    expect(ticketOf(under)).to.equal(1);
    disk.step({ op: 'write', lba: 1, data: sectors(1, 2) }, 2);
    expect(disk.unflushed().map(({ layer, first, sectors }) => ({ layer, first, sectors }))).to.deep.equal([
      { layer: 'persisting', first: 0, sectors: 4 },
      { layer: 'cache', first: 1, sectors: 1 },
    ]);
    cut((extent) =>
      extent.layer === 'cache'
        ? [{ first: 1, sectors: 1 }]
        : [
            { first: 1, sectors: 2 },
            { first: 3, sectors: 1, data: sectors(1, 0xee) },
          ],
    );
    expect(read(0, 4)).to.deep.equal(Buffer.concat([sectors(1, 0), sectors(1, 2), sectors(1, 1), sectors(1, 0xee)]));
  });

  it('keeps of an extent the sectors that survive, from its middle on', () => {
    const { run, read, cut } = bench();
    run({ op: 'write', lba: 5, data: Buffer.concat([sectors(1, 1), sectors(1, 2), sectors(1, 3), sectors(1, 4)]) });
    cut(() => [{ first: 7, sectors: 2 }]);
    expect(read(5, 4)).to.deep.equal(Buffer.concat([sectors(2, 0), sectors(1, 3), sectors(1, 4)]));
  });

  it('no command that waited ends after it', () => {
    const { disk } = bench();
    disk.step({ op: 'write', lba: 0, data: sectors(1, 1), fua: true }, 1);
    expect(disk.step(flush, 3)).to.deep.equal([]);
    disk.powerCut();
    expect(() => disk.persisted(1)).to.throw('no durable step 1');
    expect(disk.step(flush, 2)).to.deep.equal([{ kind: 'completed', tag: 2, completion: dataless }]);
  });
});

const dataless: Completion = { status: 'good', data: new Uint8Array(0) };

describe('the emulated disk while a durable step is under way', () => {
  it('reads the newest data, takes writes, and ends each flush by a step of its own', () => {
    const { disk, read, cut, store } = bench();
    disk.step({ op: 'write', lba: 0, data: sectors(2, 1) }, 1);
    const first = disk.step(flush, 2);
    expect(tagsEnded(first)).to.deep.equal([]);
    expect(read(0, 2)).to.deep.equal(sectors(2, 1));
    expect(tagsEnded(disk.step({ op: 'write', lba: 1, data: sectors(1, 2) }, 3))).to.deep.equal([3]);
    expect(disk.step(flush, 4)).to.deep.equal([]);
    expect(read(0, 2)).to.deep.equal(Buffer.concat([sectors(1, 1), sectors(1, 2)]));

    store.apply({ writes: [{ offset: 0, data: sectors(2, 1) }], punches: [] });
    const second = disk.persisted(ticketOf(first));
    expect(tagsEnded(second)).to.deep.equal([2]);
    expect(second).to.deep.include({
      kind: 'persist',
      ticket: 2,
      writes: [{ offset: 512, data: sectors(1, 2) }],
      punches: [],
    });
    cut();
    expect(read(0, 2)).to.deep.equal(sectors(2, 1));
  });

  it('a flush that finds nothing cached still waits for the step that is under way', () => {
    const { disk } = bench();
    const first = disk.step({ op: 'write', lba: 0, data: sectors(1, 1), fua: true }, 1);
    expect(disk.step(flush, 2)).to.deep.equal([]);
    expect(tagsEnded(disk.persisted(ticketOf(first)))).to.deep.equal([1, 2]);
  });

  for (const [reason, condition] of [
    ['full', 'spaceExhausted'],
    ['io', 'writeError'],
  ] as const) {
    it(`a step that fails (${reason}) fails its commands, and a later flush writes the newest of the same sectors`, () => {
      const { disk, read } = bench();
      disk.step({ op: 'write', lba: 0, data: sectors(3, 1) }, 1);
      const first = disk.step(flush, 2);
      disk.step({ op: 'write', lba: 1, data: sectors(1, 2) }, 3);
      expect(disk.failed(ticketOf(first), reason)).to.deep.equal([
        { kind: 'completed', tag: 2, completion: failure(condition) },
      ]);
      expect(read(0, 3)).to.deep.equal(Buffer.concat([sectors(1, 1), sectors(1, 2), sectors(1, 1)]));
      const [again] = disk.step(flush, 4);
      expect(again).to.deep.equal({
        kind: 'persist',
        ticket: 2,
        writes: [
          { offset: 0, data: sectors(1, 1) },
          { offset: 512, data: sectors(1, 2) },
          { offset: 1024, data: sectors(1, 1) },
        ],
        punches: [],
      });
    });
  }

  it('takes word only of that step', () => {
    const { disk } = bench();
    const step = ticketOf(disk.step({ op: 'write', lba: 0, data: sectors(1, 1), fua: true }, 1));
    expect(() => disk.persisted(step + 1)).to.throw('no durable step 2');
    expect(() => disk.failed(step - 1, 'io')).to.throw('no durable step 0');
    expect(tagsEnded(disk.persisted(step))).to.deep.equal([1]);
  });

  it('does not begin another for what passes its cache meanwhile', () => {
    const { disk } = bench({ cacheBytesMax: 1024 });
    const first = disk.step({ op: 'write', lba: 0, data: sectors(1, 1), fua: true }, 1);
    expect(disk.step({ op: 'write', lba: 9, data: sectors(3, 1) }, 2).map(({ kind }) => kind)).to.deep.equal([
      'completed',
    ]);
    expect(tagsEnded(disk.persisted(ticketOf(first)))).to.deep.equal([1]);
    const next = disk.step({ op: 'read', lba: 0, sectors: 1 }, 3);
    expect(
      next.map(({ kind }) => kind),
      'now it does',
    ).to.deep.equal(['completed', 'persist']);
  });

  it('makes durable by itself what passes its cache, without ending any command by it', () => {
    const { disk, store, read, cut } = bench({ cacheBytesMax: 1024 });
    expect(disk.step({ op: 'write', lba: 0, data: sectors(2, 1) }, 1)).to.have.length(1);
    const outcome = disk.step({ op: 'write', lba: 2, data: sectors(1, 1) }, 2);
    expect(outcome.map(({ kind }) => kind)).to.deep.equal(['completed', 'persist']);
    expect(persistAtOnce(disk, store, outcome)).to.have.length(1);
    cut();
    expect(read(0, 3)).to.deep.equal(sectors(3, 1));
  });
});

describe('the cache of the emulated disk', () => {
  it('counts what it holds, not what was written over', () => {
    const { disk } = bench({ cacheBytesMax: 2048 });
    for (let tag = 0; tag < 20; tag += 1) {
      const outcome = disk.step({ op: 'write', lba: tag % 3, data: sectors(2, tag) }, tag);
      expect(outcome).to.have.length(1);
    }
  });
});

describe('the emulated disk’s commands', () => {
  it('unmap and WRITE SAME of zeros take a range, however long, and cost nothing', () => {
    const { run, read, store } = bench();
    run({ op: 'write', lba: capacitySectors - 1, data: sectors(1, 1) });
    run({ op: 'unmap', ranges: [{ lba: 0, sectors: capacitySectors }] });
    run(flush);
    run({ op: 'writeSame', lba: 0, sectors: capacitySectors, pattern: sectors(1, 0), unmap: false });
    run(flush);
    expect(read(capacitySectors - 1, 1)).to.deep.equal(sectors(1, 0));
    expect(store.allocatedBytes).to.equal(0);
  });

  it('WRITE SAME repeats its pattern', () => {
    const { run, read } = bench();
    const pattern = Buffer.from(Array.from({ length: 512 }, (_, index) => index & 0xff));
    run({ op: 'writeSame', lba: 5, sectors: 3, pattern, unmap: true });
    expect(read(4, 5)).to.deep.equal(Buffer.concat([sectors(1, 0), pattern, pattern, pattern, sectors(1, 0)]));
  });

  it('VERIFY compares, and tells the first byte that differs', () => {
    const { run } = bench();
    run({ op: 'write', lba: 0, data: sectors(2, 1) });
    expect(run({ op: 'verify', lba: 0, sectors: 2 })).to.deep.equal(dataless);
    expect(run({ op: 'verify', lba: 0, sectors: 2, data: sectors(2, 1) })).to.deep.equal(dataless);
    const other = sectors(2, 1);
    other.writeUInt8(9, 700);
    expect(run({ op: 'verify', lba: 0, sectors: 2, data: other })).to.deep.equal(
      checkCondition('miscompare', { information: 700 }),
    );
  });

  it('COMPARE AND WRITE writes only when all is as expected', () => {
    const { run, read } = bench();
    const command = { op: 'compareAndWrite', lba: 3, data: sectors(2, 9) } as const;
    const wrong = Buffer.concat([sectors(1, 0), sectors(1, 5)]);
    expect(run({ ...command, compare: wrong })).to.deep.equal(checkCondition('miscompare', { information: 512 }));
    expect(read(3, 2)).to.deep.equal(sectors(2, 0));
    expect(run({ ...command, compare: sectors(2, 0) })).to.deep.equal(dataless);
    expect(read(3, 2)).to.deep.equal(sectors(2, 9));
  });

  it('GET LBA STATUS tells mapped from deallocated, in the cache and in the store', () => {
    const { run } = bench();
    run({ op: 'write', lba: 128, data: sectors(128, 1) });
    run(flush);
    run({ op: 'write', lba: 10, data: sectors(2, 1) });
    run({ op: 'unmap', ranges: [{ lba: 130, sectors: 10 }] });
    const status = dataOf(run({ op: 'getLbaStatus', lba: 11, allocationBytes: 4096 }));
    expect(status.readUInt32BE(0)).to.equal(status.length - 4);
    expect(decodeLbaStatus(status)).to.deep.equal([
      { lba: 11, sectors: 1, status: 'mapped' },
      { lba: 12, sectors: 116, status: 'deallocated' },
      { lba: 128, sectors: 2, status: 'mapped' },
      { lba: 130, sectors: 10, status: 'deallocated' },
      { lba: 140, sectors: 116, status: 'mapped' },
      { lba: 256, sectors: capacitySectors - 256, status: 'deallocated' },
    ]);
    expect(decodeLbaStatus(dataOf(run({ op: 'getLbaStatus', lba: 11, allocationBytes: 40 })))).to.have.length(2);
  });

  it('GET LBA STATUS takes the newest word while a durable step is under way', () => {
    const { disk } = bench();
    disk.step({ op: 'write', lba: 0, data: sectors(4, 1), fua: true }, 1);
    disk.step({ op: 'unmap', ranges: [{ lba: 1, sectors: 1 }] }, 2);
    const [effect] = disk.step({ op: 'getLbaStatus', lba: 0, allocationBytes: 4096 }, 3);
    if (effect?.kind !== 'completed') throw new Error('the command did not end');
    expect(
      decodeLbaStatus(dataOf(effect.completion)).map(({ sectors, status }) => `${sectors} ${status}`),
    ).to.deep.equal(['1 mapped', '1 deallocated', '2 mapped', `${capacitySectors - 4} deallocated`]);
  });

  it('refuses what passes its end, and changes nothing', () => {
    const { run, read } = bench();
    const end = capacitySectors - 1;
    expect(run({ op: 'write', lba: end, data: sectors(2, 1) })).to.deep.equal(
      checkCondition('lbaOutOfRange', { information: capacitySectors }),
    );
    expect(read(end, 1)).to.deep.equal(sectors(1, 0));
  });

  it('keeps data by reference without ever changing it', () => {
    const { run } = bench();
    const data = sectors(128, 1);
    run({ op: 'write', lba: 0, data });
    run(flush);
    run({ op: 'write', lba: 1, data: sectors(1, 2) });
    run(flush);
    expect(data).to.deep.equal(sectors(128, 1));
  });
});

describe('faults of the emulated disk', () => {
  const sense = senseOf('unrecoveredReadError', { information: 5 });
  const corrupt = (data: Uint8Array) => {
    const other = Buffer.from(data);
    other.writeUInt8(other.readUInt8(0) ^ 1, 0);
    return other;
  };

  it('come by the number of the command and leave the others alone', () => {
    const faults = {
      faultOf: (_: MediumCommand, ordinal: number) =>
        ordinal === 2 ? ({ kind: 'complete', completion: { status: 'checkCondition', sense } } as const) : undefined,
    };
    const { run } = bench({ faults });
    expect(run({ op: 'read', lba: 5, sectors: 1 })).to.have.property('status', 'good');
    expect(run({ op: 'read', lba: 5, sectors: 1 })).to.deep.equal({ status: 'checkCondition', sense });
    expect(run({ op: 'read', lba: 5, sectors: 1 })).to.have.property('status', 'good');
  });

  it('a lost write answers GOOD and changes nothing; a flush that lies makes nothing durable', () => {
    const lose = (op: MediumCommand['op']) => ({
      faultOf: (command: MediumCommand) => (command.op === op ? ({ kind: 'lose' } as const) : undefined),
    });
    const lost = bench({ faults: lose('write') });
    expect(lost.run({ op: 'write', lba: 0, data: sectors(1, 1) })).to.deep.equal(dataless);
    expect(lost.read(0, 1)).to.deep.equal(sectors(1, 0));
    const lying = bench({ faults: lose('synchronizeCache') });
    lying.run({ op: 'write', lba: 0, data: sectors(1, 1) });
    expect(lying.run(flush)).to.deep.equal(dataless);
    lying.cut();
    expect(lying.read(0, 1)).to.deep.equal(sectors(1, 0));
  });

  it('silent corruption changes what is written, or what is read', () => {
    const on = (op: MediumCommand['op']) => ({
      faultOf: (command: MediumCommand) => (command.op === op ? ({ kind: 'corrupt', corrupt } as const) : undefined),
    });
    const writing = bench({ faults: on('write') });
    const data = sectors(1, 4);
    writing.run({ op: 'write', lba: 0, data });
    expect(writing.read(0, 1)[0]).to.equal(5);
    expect(data[0]).to.equal(4);
    const reading = bench({ faults: on('read') });
    reading.run({ op: 'write', lba: 0, data });
    expect(reading.read(0, 1)[0]).to.equal(5);
    expect(reading.run({ op: 'verify', lba: 0, sectors: 1, data })).to.deep.equal(dataless);
  });
});
