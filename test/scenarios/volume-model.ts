/**
 * What a host may find on its volumes, sector by sector: every write has a number and fills its sectors with it, so that
 * a sector read back says which write it is of. Writes under way may have happened or not; acknowledged ones have.
 */
import { expect } from 'chai';

const sectorBytes = 512;
/** Words of a sector's pattern: the number of its write, and as much again to tell it from any other bytes. */
const patternBytes = 16;

export interface ModelWrite {
  /** 0 for zeros. */
  readonly number: number;
  readonly volume: number;
  readonly from: number;
  readonly end: number;
  readonly submittedAt: number;
  acknowledgedAt: number | undefined;
  /** The host's tag of it, the newest one. */
  readonly tag: () => number;
  /** How often main had lost its power when it was submitted. */
  readonly life: number;
}

/** For each sector the one write that it holds, or (`open`) those of which it holds one. */
export interface ModelImage {
  readonly sectors: Uint32Array[];
  readonly open: Map<number, Set<number>>[];
}

export function patternOf(number: number, sectors: number): Buffer {
  if (number === 0) return Buffer.alloc(sectors * sectorBytes);
  const pattern = Buffer.alloc(patternBytes, 0xa5);
  pattern.writeUInt32LE(number, 0);
  pattern.writeUInt32LE(~number >>> 0, 8);
  return Buffer.alloc(sectors * sectorBytes, pattern);
}

/** The write that a sector is of. Throws when it is of none: torn, or never written. */
function writeIn(data: Buffer, sector: number, what: string): number {
  const found = data.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
  const number = found.readUInt32LE(0);
  expect(found.equals(patternOf(number, 1)), `${what}: sector ${sector} is of one write`).to.equal(true);
  return number;
}

export class VolumeModel {
  readonly sectors: number;
  /** The newest acknowledged write of each sector. */
  readonly acknowledged: Uint32Array[];
  /** How often main has lost its power. */
  life = 0;
  #clock = 0;
  #writes: ModelWrite[] = [];
  #numbers = 0;

  constructor(volumes: number, sectors: number) {
    this.sectors = sectors;
    this.acknowledged = Array.from({ length: volumes }, () => new Uint32Array(sectors));
  }

  /** A moment: writes acknowledged before it are what any later read must show at least. */
  now(): number {
    this.#clock += 1;
    return this.#clock;
  }

  get underWay(): readonly ModelWrite[] {
    return this.#writes.filter(({ acknowledgedAt }) => acknowledgedAt === undefined);
  }

  submit(volume: number, from: number, end: number, zeros: boolean, tag: () => number): ModelWrite {
    if (!zeros) this.#numbers += 1;
    const number = zeros ? 0 : this.#numbers;
    const place = { number, volume, from, end, tag, life: this.life };
    const write = { ...place, submittedAt: this.now(), acknowledgedAt: undefined };
    this.#writes.push(write);
    return write;
  }

  acknowledge(write: ModelWrite): void {
    write.acknowledgedAt = this.now();
    this.acknowledged[write.volume]?.fill(write.number, write.from, write.end);
  }

  /** What a read shows that was sent when `since` was what had been acknowledged. */
  expectRead(data: Buffer, volume: number, since: { readonly at: number; readonly acknowledged: Uint32Array }): void {
    const during = this.#writes.filter(
      (each) => each.volume === volume && (each.acknowledgedAt === undefined || each.acknowledgedAt > since.at),
    );
    for (let sector = 0; sector < this.sectors; sector += 1) {
      const what = `read of volume ${volume}`;
      const number = writeIn(data, sector, what);
      if (number === since.acknowledged[sector]) continue;
      const allowed = during.filter(({ from, end }) => from <= sector && sector < end).map((each) => each.number);
      expect([since.acknowledged[sector], ...allowed], `${what}, sector ${sector}`).to.include(number);
    }
  }

  snapshot(): { readonly at: number; readonly sectors: Uint32Array[] } {
    return { at: this.now(), sectors: this.acknowledged.map((each) => each.slice()) };
  }

  /**
   * The image of a freeze that was sent at `before` and has now been answered. A write under way meanwhile is in it just
   * if the answer names it; when main has lost its power since, it may be or not.
   */
  imageOf(before: ReturnType<VolumeModel['snapshot']>, life: number, included: readonly number[]): ModelImage {
    const image: ModelImage = { sectors: before.sectors, open: before.sectors.map(() => new Map()) };
    for (const write of this.#writes) {
      if (write.acknowledgedAt !== undefined && write.acknowledgedAt < before.at) continue;
      const isCertain = write.life === this.life && life === this.life;
      if (isCertain && included.includes(write.tag())) include(image, write);
      else if (!isCertain) allow(image, write);
    }
    return image;
  }

  /** What the sub shows is this image; from now on it must show just the same. */
  expectImage(data: Buffer, volume: number, image: ModelImage, what: string): void {
    const sectors = image.sectors[volume];
    const open = image.open[volume];
    for (let sector = 0; sector < this.sectors; sector += 1) {
      const number = writeIn(data, sector, what);
      const allowed = open?.get(sector) ?? [sectors?.[sector]];
      expect([...allowed], `${what}, volume ${volume}, sector ${sector}`).to.include(number);
      if (sectors !== undefined) sectors[sector] = number;
    }
    open?.clear();
  }

  /** Forgets writes that no freeze or read can be about any more. */
  forget(): void {
    this.#writes = this.#writes.filter(({ acknowledgedAt }) => acknowledgedAt === undefined);
  }
}

function include(image: ModelImage, { volume, number, from, end }: ModelWrite): void {
  image.sectors[volume]?.fill(number, from, end);
  for (let sector = from; sector < end; sector += 1) image.open[volume]?.delete(sector);
}

function allow(image: ModelImage, { volume, number, from, end }: ModelWrite): void {
  const open = image.open[volume];
  for (let sector = from; sector < end; sector += 1) {
    const numbers = open?.get(sector) ?? new Set([image.sectors[volume]?.[sector] ?? 0]);
    open?.set(sector, numbers.add(number));
  }
}
