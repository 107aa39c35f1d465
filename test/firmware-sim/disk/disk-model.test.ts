import { expect } from 'chai';
import fc from 'fast-check';
import { Disk, type DiskEffect } from '../../../firmware-sim/disk/disk.js';
import { MemoryStore } from '../../../firmware-sim/disk/memory-store.js';
import type { MediumCommand } from '../../../protocol/scsi/commands.js';

/** Spans several pages of the store, with their borders at odd places. */
const capacitySectors = 300;

type Action =
  | { readonly kind: 'command'; readonly plan: Plan }
  /** The step under way ends, well or not. */
  | { readonly kind: 'settle'; readonly outcome: 'persisted' | 'failed' }
  | { readonly kind: 'powerCut'; readonly survives: readonly boolean[] };

interface Span {
  readonly lba: number;
  readonly sectors: number;
}

const span: fc.Arbitrary<Span> = fc
  .nat(capacitySectors - 1)
  .chain((lba) =>
    fc.record({ lba: fc.constant(lba), sectors: fc.integer({ min: 1, max: Math.min(140, capacitySectors - lba) }) }),
  );
/** What a command does; the value that it writes is the number of its write, so that each is told from all others. */
type Plan = (value: number) => MediumCommand;
const patternOf = (value: number, sectors: number) =>
  Buffer.alloc(sectors * 512, Buffer.from(Uint32Array.of(value).buffer));
const plan: fc.Arbitrary<Plan> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(span, fc.boolean()).map(([at, fua]) => writeOf(at, fua)) },
  {
    weight: 2,
    arbitrary: span.map(
      (at): Plan =>
        () => ({ op: 'unmap', ranges: [at] }),
    ),
  },
  { weight: 2, arbitrary: fc.tuple(span, fc.boolean()).map(([at, zeros]) => fillOf(at, zeros)) },
  {
    weight: 3,
    arbitrary: span.map(
      (at): Plan =>
        () => ({ op: 'synchronizeCache', ...at }),
    ),
  },
  { weight: 2, arbitrary: fc.constant<Plan>(() => ({ op: 'synchronizeCache', lba: 0, sectors: 0 })) },
);
function writeOf({ lba, sectors }: Span, fua: boolean): Plan {
  return (value) => ({ op: 'write', lba, data: patternOf(value, sectors), fua });
}
function fillOf(at: Span, zeros: boolean): Plan {
  return (value) => ({ op: 'writeSame', ...at, pattern: patternOf(zeros ? 0 : value, 1), unmap: false });
}
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 12, arbitrary: plan.map((each) => ({ kind: 'command', plan: each }) as const) },
  { weight: 5, arbitrary: fc.constant({ kind: 'settle', outcome: 'persisted' } as const) },
  { weight: 1, arbitrary: fc.constant({ kind: 'settle', outcome: 'failed' } as const) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.boolean(), { minLength: 1, maxLength: 7 })
      .map((survives) => ({ kind: 'powerCut', survives }) as const),
  },
);

/**
 * A disk as plain arrays of one number for a sector: what reads see, and all that a power cut may leave, oldest first,
 * each with the write that put it there. A flush that ends drops what is older than it found.
 */
class Model {
  newest = new Uint32Array(capacitySectors);
  possible = Array.from({ length: capacitySectors }, () => [{ write: 0, value: 0 }]);
  writes = 0;
  /** Flushes under way, and the newest write when they were asked for. */
  readonly flushes = new Map<number, Span & { readonly write: number }>();

  write({ lba, sectors }: Span, value: number): void {
    this.newest.fill(value, lba, lba + sectors);
    for (const each of this.possible.slice(lba, lba + sectors)) each.push({ write: this.writes, value });
  }

  flushEnds(tag: number): void {
    const flush = this.flushes.get(tag);
    this.flushes.delete(tag);
    if (flush === undefined) return;
    for (const each of this.possible.slice(flush.lba, flush.lba + flush.sectors)) {
      each.splice(
        0,
        each.findLastIndex(({ write }) => write <= flush.write),
      );
    }
  }

  powerCut(left: Uint32Array<ArrayBuffer>): void {
    for (const [sector, value] of left.entries()) {
      const possible = this.possible[sector]?.map((each) => each.value) ?? [];
      if (!possible.includes(value)) throw new Error(`sector ${sector} holds ${value}, not one of ${possible.join()}`);
    }
    this.newest = left;
    this.possible = Array.from(left, (value) => [{ write: this.writes, value }]);
    this.flushes.clear();
  }
}

/** Runs actions on a disk and its model. */
class Comparison {
  readonly store = new MemoryStore();
  readonly disk = new Disk({ capacitySectors, store: this.store });
  readonly model = new Model();
  #tag = 0;
  #step: Extract<DiskEffect, { kind: 'persist' }> | undefined;

  run(each: Action): void {
    if (each.kind === 'command') this.#command(each.plan);
    else if (each.kind === 'settle') this.#settle(each.outcome);
    else this.#powerCut(each.survives);
    expect([...this.read()].join()).to.equal([...this.model.newest].join());
  }

  read(): Uint32Array<ArrayBuffer> {
    const [effect] = this.disk.step({ op: 'read', lba: 0, sectors: capacitySectors }, 0);
    if (effect?.kind !== 'completed' || effect.completion.status !== 'good') throw new Error('the read failed');
    const data = Buffer.from(effect.completion.data);
    return Uint32Array.from({ length: capacitySectors }, (_, sector) => {
      const value = data.readUInt32LE(sector * 512);
      if (data.readUInt32LE(sector * 512 + 508) !== value) throw new Error(`sector ${sector} is torn`);
      return value;
    });
  }

  #command(make: Plan): void {
    this.#tag += 1;
    this.model.writes += 1;
    const command = make(this.model.writes);
    for (const { span: at, value } of written(command)) this.model.write(at, value);
    const lasting = flushedBy(command);
    if (lasting !== undefined) this.model.flushes.set(this.#tag, { ...lasting, write: this.model.writes });
    this.#take(this.disk.step(command, this.#tag));
  }

  #settle(outcome: 'persisted' | 'failed'): void {
    const step = this.#step;
    if (step === undefined) return;
    this.#step = undefined;
    if (outcome === 'persisted') this.store.apply(step);
    this.#take(outcome === 'persisted' ? this.disk.persisted(step.ticket) : this.disk.failed(step.ticket, 'io'));
  }

  #take(effects: readonly DiskEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'persist') this.#step = effect;
      else if (effect.completion.status === 'good') this.model.flushEnds(effect.tag);
      else this.model.flushes.delete(effect.tag);
    }
  }

  #powerCut(survives: readonly boolean[]): void {
    const chosen = this.disk.powerCut(({ first, sectors }) =>
      Array.from({ length: sectors }, (_, index) => ({ first: first + index, sectors: 1 })).filter(
        (run) => survives[run.first % survives.length] === true,
      ),
    );
    this.#step = undefined;
    this.store.apply(chosen);
    this.model.powerCut(this.read());
  }
}

function written(command: MediumCommand): { readonly span: Span; readonly value: number }[] {
  const numberIn = (data: Uint8Array) => Buffer.from(data).readUInt32LE(0);
  if (command.op === 'unmap') return command.ranges.map((each) => ({ span: each, value: 0 }));
  if (command.op === 'writeSame') return [{ span: command, value: numberIn(command.pattern) }];
  if (command.op !== 'write') return [];
  return [{ span: { lba: command.lba, sectors: command.data.length / 512 }, value: numberIn(command.data) }];
}

function flushedBy(each: MediumCommand): Span | undefined {
  if (each.op === 'write' && each.fua === true) return { lba: each.lba, sectors: each.data.length / 512 };
  if (each.op !== 'synchronizeCache') return undefined;
  return { lba: each.lba, sectors: each.sectors === 0 ? capacitySectors - each.lba : each.sectors };
}

describe('the emulated disk against a plain array', () => {
  it('reads the newest data, and after a power cut holds what was flushed or a newer write, sector by sector', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
        const comparison = new Comparison();
        for (const each of actions) comparison.run(each);
        comparison.run({ kind: 'powerCut', survives: [false] });
      }),
      { numRuns: 150 },
    );
  });
});
