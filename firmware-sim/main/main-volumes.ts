/** The volumes at main as the host reads them: primary area, and what is deferred over it. */
import type { Completion } from '../../protocol/scsi/commands.js';
import type { Geometry } from '../controller/geometry.js';
import type { BlockSpan, ReadableVolumes, SectorRange } from '../controller/readable-volumes.js';
import { zeroSlot } from '../storage/stored-blocks.js';
import { HostRead } from './host-read.js';
import type { MainCore } from './main-core.js';

export class MainVolumes implements ReadableVolumes {
  readonly #core: MainCore;

  constructor(core: MainCore) {
    this.#core = core;
    this.nextOccupied = this.nextOccupied.bind(this);
  }

  get geometry(): Geometry {
    return this.#core.geometry;
  }

  read(range: SectorRange, answer: (completion: Completion) => void): void {
    new HostRead(this.#core, range, answer).start(this.#core.nowUs);
  }

  /** The content of the primary area is nobody's record: there is nothing to check it against. */
  readMedium(range: SectorRange, answer: (completion: Completion) => void): void {
    this.read(range, answer);
  }

  nextOccupied(volume: number, from: number, countMax: number, end: number): BlockSpan | undefined {
    const { allocated, allocatedSince } = this.#core.state.volume(volume);
    const a = allocated.nextRun(from, countMax, end);
    const b = allocatedSince.nextRun(from, countMax, end);
    // Stryker disable next-line EqualityOperator: no block is in both
    return a === undefined || (b !== undefined && b.first < a.first) ? b : a;
  }

  knownZeros(volume: number, first: number): number {
    return this.#core.state.volume(volume).newest(first)?.slotOf(first) === zeroSlot ? 1 : 0;
  }
}
