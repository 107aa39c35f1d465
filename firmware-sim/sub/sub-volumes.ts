/** The volumes at the sub as a host reads them: the secondary area, and what is committed in staging over it. */
import type { Completion } from '../../protocol/scsi/commands.js';
import type { Geometry } from '../controller/geometry.js';
import type { BlockSpan, ReadableVolumes, SectorRange } from '../controller/readable-volumes.js';
import { zeroSlot } from '../storage/stored-blocks.js';
import { ImageRead } from './image-read.js';
import type { SubCore } from './sub-core.js';

export class SubVolumes implements ReadableVolumes {
  readonly #core: SubCore;

  constructor(core: SubCore) {
    this.#core = core;
    this.nextOccupied = this.nextOccupied.bind(this);
  }

  get geometry(): Geometry {
    return this.#core.geometry;
  }

  read(range: SectorRange, answer: (completion: Completion) => void): void {
    new ImageRead(this.#core, range, answer).start();
  }

  readMedium(range: SectorRange, answer: (completion: Completion) => void): void {
    new ImageRead(this.#core, { ...range, unchecked: true }, answer).start();
  }

  nextOccupied(volume: number, from: number, countMax: number, end: number): BlockSpan | undefined {
    const { overlay, occupied } = this.#core.replica.volume(volume);
    const a = occupied.nextRun(from, countMax, end);
    const b = overlay.nextRun(from, countMax);
    if (b === undefined || b.first >= end) return a;
    const count = Math.min(b.count, end - b.first);
    return a === undefined || b.first < a.first ? { first: b.first, count } : a;
  }

  knownZeros(volume: number, first: number, countMax: number): number {
    const run = this.#core.replica.volume(volume).overlay.nextRun(first, countMax);
    return run?.first === first && run.slot === zeroSlot ? run.count : 0;
  }
}
