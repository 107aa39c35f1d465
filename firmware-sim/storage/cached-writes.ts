/**
 * Writes that lie in a disk's volatile cache. None overlap: of an older one only what is not overwritten is kept, for when
 * they are written again the disk may carry them out in any order.
 */
import { sectorBytes } from '../../protocol/ids.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import type { Operation } from './operation.js';

type CachedWrite = Extract<MediumCommand, { op: 'write' | 'writeSame' | 'unmap' }>;

/** Sectors `lba` … `end` (exclusive). */
interface Span {
  readonly lba: number;
  readonly end: number;
}

export class CachedWrites {
  readonly #writes = new Map<CachedWrite, Operation>();
  /** Those of them that the flush under way makes durable. */
  #covered: CachedWrite[] = [];

  get size(): number {
    return this.#writes.size;
  }

  /** In the order in which they came, as far as none has been cut. */
  [Symbol.iterator](): Iterator<MediumCommand> {
    return this.#writes.keys();
  }

  /** Whose a write is. */
  ownerOf(command: MediumCommand): Operation | undefined {
    return this.#writes.get(command as CachedWrite);
  }

  /** Notes a write that stays in the cache until a flush; a command that does not is passed over. */
  add(command: MediumCommand, operation: Operation): void {
    if (!isCached(command)) return;
    for (const span of spansOf(command)) this.#cut(span);
    this.#writes.set(command, operation);
  }

  /** It has failed: something newer may be written in its place, and it must not be written again after that. */
  delete(command: MediumCommand): void {
    this.#writes.delete(command as CachedWrite);
  }

  /** A flush is issued: it covers all but what has not ended. */
  cover(notEnded: () => ReadonlySet<MediumCommand>): void {
    this.#covered = [];
    if (this.#writes.size === 0) return;
    const except = notEnded();
    this.#covered = [...this.#writes.keys()].filter((each) => !except.has(each));
  }

  /** The flush has ended well. */
  flushed(): void {
    for (const each of this.#covered) this.#writes.delete(each);
  }

  #cut(over: Span): void {
    for (const [older, operation] of this.#writes) {
      if (!spansOf(older).some((each) => overlap(each, over))) continue;
      const rest = restOf(older, over);
      this.#writes.delete(older);
      for (const each of rest) this.#writes.set(each, operation);
      if (this.#covered.includes(older)) this.#covered.push(...rest);
    }
  }
}

function isCached(command: MediumCommand): command is CachedWrite {
  return command.op === 'write' ? command.fua !== true : command.op === 'writeSame' || command.op === 'unmap';
}

function spansOf(command: CachedWrite): readonly Span[] {
  if (command.op === 'unmap') return command.ranges.map(({ lba, sectors }) => ({ lba, end: lba + sectors }));
  const sectors = command.op === 'write' ? command.data.length / sectorBytes : command.sectors;
  return [{ lba: command.lba, end: command.lba + sectors }];
}

const overlap = (a: Span, b: Span): boolean => a.lba < b.end && b.lba < a.end;

/** What of a span lies outside another: up to two parts. */
function outside({ lba, end }: Span, over: Span): Span[] {
  if (!overlap({ lba, end }, over)) return [{ lba, end }];
  return [
    { lba, end: over.lba },
    { lba: over.end, end },
  ].filter((part) => part.lba < part.end);
}

function restOf(command: CachedWrite, over: Span): CachedWrite[] {
  const rest = spansOf(command).flatMap((span) => outside(span, over));
  switch (command.op) {
    case 'unmap': {
      const ranges = rest.map(({ lba, end }) => ({ lba, sectors: end - lba }));
      return ranges.length === 0 ? [] : [{ ...command, ranges }];
    }
    case 'writeSame':
      return rest.map(({ lba, end }) => ({ ...command, lba, sectors: end - lba }));
    case 'write':
      return rest.map(({ lba, end }) => {
        const [from, to] = [lba, end].map((sector) => (sector - command.lba) * sectorBytes);
        return { ...command, lba, data: command.data.subarray(from, to) };
      });
  }
}
