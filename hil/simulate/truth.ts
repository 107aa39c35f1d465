/**
 * What volumes may hold, sector by sector. Every write has a number and fills its sectors with it, so that a sector that
 * is read says which write it is of, and where that was meant to go. Zeros are number 0.
 */
import { sectorBytes } from '../../protocol/ids.js';

const patternBytes = 16;

/** The bytes that write `number` puts into these sectors of a volume. */
export function contentOf(number: number, place: SectorPlace & { readonly sectors: number }): Buffer {
  if (number === 0) return Buffer.alloc(place.sectors * sectorBytes);
  const bytes = Buffer.allocUnsafe(place.sectors * sectorBytes);
  for (let at = 0; at < bytes.length; at += sectorBytes) {
    bytes.writeUInt32LE(number, at);
    bytes.writeUInt32LE(place.lba + at / sectorBytes, at + 4);
    bytes.writeUInt32LE((~number ^ (place.volume << 24)) >>> 0, at + 8);
    bytes.writeUInt32LE(0xa5a5a5a5, at + 12);
    for (let done = patternBytes; done < sectorBytes; done *= 2) bytes.copyWithin(at + done, at, at + done);
  }
  return bytes;
}

export interface SectorPlace {
  readonly volume: number;
  readonly lba: number;
}

/** What a sector holds: a write's number and the place it was meant for; undefined when it is of no write at all. */
export function readSector(bytes: Buffer, at: number): ({ readonly number: number } & SectorPlace) | undefined {
  const end = at + sectorBytes;
  const number = bytes.readUInt32LE(at);
  const repeats = bytes.compare(bytes, at + patternBytes, end, at, end - patternBytes) === 0;
  if (!repeats) return undefined;
  const lba = bytes.readUInt32LE(at + 4);
  const mixed = bytes.readUInt32LE(at + 8);
  const last = bytes.readUInt32LE(at + 12);
  if (number === 0) return lba === 0 && mixed === 0 && last === 0 ? { number, volume: 0, lba: 0 } : undefined;
  const volume = ((mixed ^ ~number) >>> 24) & 0xff;
  const whole = last === 0xa5a5a5a5 && ((mixed ^ ~number) & 0xffffff) === 0;
  return whole ? { number, volume, lba } : undefined;
}

/** Why a sector is wrong, in words; undefined when it is right. */
export function faultOfSector(
  truth: Truth,
  bytes: Buffer,
  at: number,
  { volume, lba }: SectorPlace,
): string | undefined {
  const found = readSector(bytes, at);
  // A write under way when the power went may leave a sector torn: until it is given again, nobody knows what it holds.
  if (found === undefined)
    return truth.isOpen({ volume, from: lba, end: lba + 1 }) ? undefined : 'holds bytes of no write';
  if (found.number !== 0 && (found.volume !== volume || found.lba !== lba)) {
    return `holds write ${found.number} of volume ${found.volume}, sector ${found.lba}`;
  }
  if (truth.allows(volume, lba, found.number)) return undefined;
  return `holds ${nameOf(found.number)}, not ${truth.describe(volume, lba)}`;
}

/** For each sector the number that it holds, and, where a write may or may not have happened, others that it may hold. */
export class Truth {
  readonly #certain: readonly Uint32Array[];
  /** By sector: writes that may have happened there, each with its number. Two that bring zeros are two. */
  readonly #others: readonly Map<number, Map<Written, number>>[];
  #isForgotten = false;

  constructor(volumeSectors: readonly number[] | Truth) {
    if (volumeSectors instanceof Truth) {
      this.#isForgotten = volumeSectors.#isForgotten;
      this.#certain = volumeSectors.#certain.map((each) => each.slice());
      this.#others = volumeSectors.#others.map(
        (each) => new Map([...each].map(([sector, writes]) => [sector, new Map(writes)])),
      );
    } else {
      this.#certain = volumeSectors.map((sectors) => new Uint32Array(sectors));
      this.#others = volumeSectors.map(() => new Map());
    }
  }

  clone(): Truth {
    return new Truth(this);
  }

  /** From now on nobody knows what the volumes hold: everything is allowed. */
  forget(): void {
    this.#isForgotten = true;
  }

  allows(volume: number, sector: number, number: number): boolean {
    if (this.#isForgotten) return true;
    return this.#certain[volume]?.[sector] === number || this.#numbersAt(volume, sector).includes(number);
  }

  /** These sectors hold this and nothing else. */
  settle({ volume, from, end }: SectorRun, number: number): void {
    this.#certain[volume]?.fill(number, from, end);
    const others = this.#others[volume];
    if (others !== undefined && others.size > 0)
      for (let sector = from; sector < end; sector += 1) others.delete(sector);
  }

  /** The sectors of this write may hold it too. */
  allow(write: Written): void {
    const others = this.#others[write.volume];
    for (let sector = write.from; sector < write.end; sector += 1) {
      const writes = others?.get(sector);
      if (writes === undefined) others?.set(sector, new Map([[write, write.number]]));
      else writes.set(write, write.number);
    }
  }

  /** These sectors, all of the write's unless told, do not hold it after all. */
  forbid(write: Written, { volume, from, end }: SectorRun = write): void {
    const others = this.#others[volume];
    for (let sector = from; sector < end; sector += 1) {
      const writes = others?.get(sector);
      writes?.delete(write);
      if (writes?.size === 0) others?.delete(sector);
    }
  }

  /** Whether more than one number may be in some sector of this run. */
  isOpen({ volume, from, end }: SectorRun): boolean {
    if (this.#isForgotten) return true;
    const others = this.#others[volume];
    if (others === undefined || others.size === 0) return false;
    for (let sector = from; sector < end; sector += 1) if (others.has(sector)) return true;
    return false;
  }

  /** What these sectors hold; undefined where that is open. */
  bytesOf(run: SectorRun): Buffer | undefined {
    if (this.isOpen(run)) return undefined;
    const { volume, from, end } = run;
    const numbers = this.#certain[volume]?.subarray(from, end) ?? [];
    return Buffer.concat([...numbers].map((number, at) => contentOf(number, { volume, lba: from + at, sectors: 1 })));
  }

  /** The sectors in which more than one number may be. */
  *open(): Iterable<SectorPlace> {
    for (const [volume, others] of this.#others.entries()) {
      for (const lba of [...others.keys()].sort((a, b) => a - b)) yield { volume, lba };
    }
  }

  /** Equal for truths that allow the same, by as many writes, in words. */
  get key(): string {
    const others = this.#others.map((each) =>
      [...each].map(([sector, writes]) => `${sector}:${[...writes.values()].sort((a, b) => a - b).join('/')}`).sort(),
    );
    const volumes = this.#certain.map((each, volume) => `${each.join(' ')};${(others[volume] ?? []).join(' ')}`);
    return `${this.#isForgotten ? 'forgotten ' : ''}${volumes.join('|')}`;
  }

  describe(volume: number, sector: number): string {
    const numbers = new Set([this.#certain[volume]?.[sector] ?? 0, ...this.#numbersAt(volume, sector)]);
    return [...numbers].map(nameOf).join(' or ');
  }

  #numbersAt(volume: number, sector: number): number[] {
    return [...(this.#others[volume]?.get(sector)?.values() ?? [])];
  }
}

/** A write, known by itself: its number says what it holds. */
export interface Written extends SectorRun {
  readonly number: number;
}

export interface SectorRun {
  readonly volume: number;
  readonly from: number;
  readonly end: number;
}

function nameOf(number: number): string {
  return number === 0 ? 'zeros' : `write ${number}`;
}
