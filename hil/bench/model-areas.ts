/** Where the areas of models as processes are: as the bench file says, else in the bench's own folder. */
import { rmSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { RefusalError } from '../../protocol/refusals.js';
import type { AreaName } from '../report/block-states.js';
import { parseArea } from '../run/disks/area.js';
import type { Powered } from './bench.js';

/** As the bench file names them: paths, `memory:`, or lines to disks. */
export interface GivenAreas {
  readonly volumes: readonly Readonly<Partial<Record<AreaName, string | undefined>>>[];
  readonly meta: Readonly<Partial<Record<Powered, string | undefined>>>;
}

const areasOfRole = { main: ['primary', 'shadow'], sub: ['secondary', 'staging'] } as const;
/** Files that benches of this process have made: theirs to make anew. */
const made = new Set<string>();

export class ModelAreas {
  readonly #folder: string;
  readonly #given: GivenAreas;

  constructor(folder: string, given: GivenAreas) {
    this.#folder = folder;
    this.#given = given;
  }

  /** What the process is given for an area. */
  area(name: AreaName, volume: number): string {
    return this.#given.volumes[volume]?.[name] ?? join(this.#folder, `${name}${volume}.img`);
  }

  /** What it is given for its durable records. */
  meta(role: Powered): string {
    return this.#given.meta[role] ?? join(this.#folder, `${role}.meta`);
  }

  /** The file behind an area, or undefined when it is in memory or on a disk at a line. */
  file(name: AreaName, volume: number): string | undefined {
    const area = parseArea(this.area(name, volume));
    return area.kind === 'file' ? area.path : undefined;
  }

  /** Whether all of a controller's volumes can be read from here. */
  areFiles(role: Powered): boolean {
    return this.#volumesOf(role).every(({ name, volume }) => this.file(name, volume) !== undefined);
  }

  /** Whether all disks of a controller's volumes are its own models. */
  areLocal(role: Powered): boolean {
    return this.#volumesOf(role).every(({ name, volume }) => parseArea(this.area(name, volume)).kind !== 'line');
  }

  /** Whether what a controller keeps outlives its process. */
  areDurable(role: Powered): boolean {
    const texts = this.#volumesOf(role).map(({ name, volume }) => this.area(name, volume));
    return [...texts, this.meta(role)].every((text) => parseArea(text).kind !== 'memory');
  }

  /**
   * Makes way for new areas: a scenario begins with zeros and a new pair. Files that an earlier bench of this process made
   * are removed; throws RefusalError `file-exists` for others that hold something.
   */
  begin(role: Powered): void {
    const texts = this.#volumesOf(role).map(({ name, volume }) => this.area(name, volume));
    for (const area of [...texts, this.meta(role)].map(parseArea)) {
      if (area.kind !== 'file') continue;
      if (made.has(area.path)) rmSync(area.path, { force: true });
      const stats = statSync(area.path, { throwIfNoEntry: false });
      if (stats !== undefined && holdsData(stats)) {
        throw new RefusalError('file-exists', `${area.path} holds data, and a scenario begins with empty areas`);
      }
      if (stats === undefined) made.add(area.path);
    }
  }

  #volumesOf(role: Powered) {
    return this.#given.volumes.flatMap((_, volume) => areasOfRole[role].map((name) => ({ name, volume })));
  }
}

/** A sparse file without any block is as empty as one without length. */
const holdsData = (stats: Stats): boolean => !stats.isFile() || stats.blocks > 0;
