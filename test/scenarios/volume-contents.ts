/**
 * What the sectors of volumes may hold. A sector is of one write, whose number and own address fill it. Where a write is
 * under way, or its controller was killed under it, a sector holds one of several.
 */
import { expect } from 'chai';

const sectorBytes = 512;
const headerBytes = 16;

export interface TrackedWrite {
  /** 0 for zeros. */
  readonly number: number;
  readonly volume: number;
  readonly from: number;
  readonly end: number;
}

/** The sectors of a write as they lie on the volume. */
export function bytesOf({ number, volume, from, end }: TrackedWrite): Buffer {
  const bytes = Buffer.alloc((end - from) * sectorBytes);
  for (let sector = from; sector < end; sector += 1) {
    bytes.fill(sectorOf(number, volume, sector), (sector - from) * sectorBytes, (sector - from + 1) * sectorBytes);
  }
  return bytes;
}

function sectorOf(number: number, volume: number, sector: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  if (number === 0) return header;
  for (const [index, word] of [number, ~number >>> 0, sector, volume].entries()) header.writeUInt32LE(word, index * 4);
  return header;
}

/** The contents of all volumes at one moment, as far as they are known. */
export class Image {
  readonly #sure: readonly Uint32Array[];
  /** The writes that a sector may be of, by volume and sector; only where there are several. */
  readonly #open: readonly Map<number, Set<number>>[];

  private constructor(sure: readonly Uint32Array[], open: readonly Map<number, Set<number>>[]) {
    this.#sure = sure;
    this.#open = open;
  }

  static zeros(sectors: readonly number[]): Image {
    return new Image(
      sectors.map((count) => new Uint32Array(count)),
      sectors.map(() => new Map()),
    );
  }

  copy(): Image {
    const open = this.#open.map((each) => new Map([...each].map(([sector, numbers]) => [sector, new Set(numbers)])));
    return new Image(
      this.#sure.map((each) => each.slice()),
      open,
    );
  }

  /** Whether the write has happened is not known. */
  allow({ number, volume, from, end }: TrackedWrite): void {
    const sure = this.#sureOf(volume);
    const open = this.#openOf(volume);
    for (let sector = from; sector < end; sector += 1) {
      open.set(sector, (open.get(sector) ?? new Set([sure[sector] ?? 0])).add(number));
    }
  }

  /** The write has happened. */
  set({ number, volume, from, end }: TrackedWrite): void {
    this.#sureOf(volume).fill(number, from, end);
    for (let sector = from; sector < end; sector += 1) this.#openOf(volume).delete(sector);
  }

  /** Expects that each sector holds what it may hold. */
  expect(volume: number, data: Buffer, what: string): void {
    const sure = this.#sureOf(volume);
    const open = this.#openOf(volume);
    expect(data.length, `${what}: bytes of volume ${volume}`).to.equal(sure.length * sectorBytes);
    for (let sector = 0; sector < sure.length; sector += 1) {
      const found = writeIn(data, volume, sector);
      const allowed = [...(open.get(sector) ?? [sure[sector]])];
      if (allowed.includes(found)) continue;
      const is = found === undefined ? 'of no write' : `of write ${found}`;
      throw new Error(`${what}: volume ${volume}, sector ${sector} is ${is}, not ${allowed.join(' or ')}`);
    }
  }

  /** Of what there may be, what was seen is what there is, and must be seen from now on. */
  settle(volume: number, data: Buffer, mayChange: ReadonlySet<number> = new Set()): void {
    for (const [sector, numbers] of [...this.#openOf(volume)]) {
      const number = writeIn(data, volume, sector);
      if (number === undefined || !numbers.has(number) || mayChange.has(sector)) continue;
      this.set({ number, volume, from: sector, end: sector + 1 });
    }
  }

  /** The whole volume, with either content where it is not known. */
  bytes(volume: number): Buffer {
    const open = this.#openOf(volume);
    const sectors = [...this.#sureOf(volume)].map((sure, from) => {
      const [number = sure] = open.get(from) ?? [];
      return bytesOf({ number, volume, from, end: from + 1 });
    });
    return Buffer.concat(sectors);
  }

  #sureOf(volume: number): Uint32Array {
    return this.#sure[volume] ?? new Uint32Array(0);
  }

  #openOf(volume: number): Map<number, Set<number>> {
    return this.#open[volume] ?? new Map();
  }
}

/** The write that a sector is of, or undefined when it is torn, moved, or of none. */
function writeIn(data: Buffer, volume: number, sector: number): number | undefined {
  const found = data.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
  const number = found.readUInt32LE(0);
  return found.equals(Buffer.alloc(sectorBytes, sectorOf(number, volume, sector))) ? number : undefined;
}

/** The volumes as their host knows them, with the writes that are under way. */
export class VolumeContents {
  now: Image;
  readonly sectors: readonly number[];
  #numbers = 0;
  readonly #underWay = new Set<TrackedWrite>();
  /** Images of freezes that have not been answered. */
  readonly #freezing = new Set<Image>();

  constructor(sectors: readonly number[]) {
    this.sectors = sectors;
    this.now = Image.zeros(sectors);
  }

  get underWay(): number {
    return this.#underWay.size;
  }

  /** Begins a write, or gives undefined where another one is under way: their order would be nobody's promise. */
  begin(place: Omit<TrackedWrite, 'number'>, content: 'data' | 'zeros'): TrackedWrite | undefined {
    for (const each of this.#underWay) {
      if (each.volume === place.volume && place.from < each.end && each.from < place.end) return undefined;
    }
    if (content === 'data') this.#numbers += 1;
    const write = { ...place, number: content === 'data' ? this.#numbers : 0 };
    this.#underWay.add(write);
    for (const image of [this.now, ...this.#freezing]) image.allow(write);
    return write;
  }

  acknowledge(write: TrackedWrite): void {
    this.#underWay.delete(write);
    this.now.set(write);
  }

  /** Nobody will repeat it: it has happened or not, sector by sector. */
  abandon(write: TrackedWrite): void {
    this.#underWay.delete(write);
  }

  /** The image of a freeze that is being sent; `frozen` when it has been answered. */
  freezing(): { readonly image: Image; frozen(): void } {
    const image = this.now.copy();
    this.#freezing.add(image);
    return { image, frozen: () => this.#freezing.delete(image) };
  }

  /** To be called when a read of a volume is sent; then with what it read. No write must begin meanwhile. */
  reading(volume: number): (data: Buffer, what: string) => void {
    const since = this.now.copy();
    const mayChange = new Set(this.#sectorsUnderWay(volume));
    return (data, what) => {
      since.expect(volume, data, what);
      this.now.settle(volume, data, mayChange);
    };
  }

  *#sectorsUnderWay(volume: number): Generator<number> {
    for (const { volume: of, from, end } of this.#underWay) {
      if (of === volume) for (let sector = from; sector < end; sector += 1) yield sector;
    }
  }
}
