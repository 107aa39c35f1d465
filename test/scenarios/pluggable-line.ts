/**
 * A serial cable between two ports of this computer: PTYs under fixed names, with an emulated line between them. Unplugged,
 * the ports are gone, as those of adapters are.
 */
import { rm, symlink } from 'node:fs/promises';
import { type Emulator, joinLines } from '../../hil/run/lines/emulator.js';
import { openPtyLine, type PtyLine } from '../../hil/run/lines/open-line.js';

export interface PluggableLineOptions {
  /** Names of the two ports. */
  readonly paths: readonly [string, string];
  readonly baud: number;
  readonly bitErrorRate: number;
  readonly seed: string;
}

interface Plugged {
  readonly ends: readonly PtyLine[];
  readonly emulator: Emulator;
}

export class PluggableLine {
  readonly #options: PluggableLineOptions;
  #plugged: Plugged | undefined;
  #plugs = 0;
  carriedBytes = 0;

  constructor(options: PluggableLineOptions) {
    this.#options = options;
  }

  async plug(): Promise<void> {
    const { paths, baud, bitErrorRate, seed } = this.#options;
    const [a, b] = [openPtyLine({ kind: 'pty' }), openPtyLine({ kind: 'pty' })];
    this.#plugs += 1;
    const shape = { baud, latencyUs: 0, bitErrorRate, dropRate: 0, seed: `${seed}/${this.#plugs}` };
    this.#plugged = { ends: [a, b], emulator: joinLines(a, b, shape) };
    await symlink(a.path, paths[0]);
    await symlink(b.path, paths[1]);
  }

  async unplug(): Promise<void> {
    const plugged = this.#plugged;
    if (plugged === undefined) return;
    this.#plugged = undefined;
    const { ends, emulator } = plugged;
    this.carriedBytes += emulator.aToB.carriedBytes + emulator.bToA.carriedBytes;
    emulator.stop();
    for (const path of this.#options.paths) await rm(path, { force: true });
    await Promise.all(ends.map((end) => end.close()));
  }

  /** What is on its way is lost, and all that is sent until `restore`. */
  cut(): void {
    this.#plugged?.emulator.cut();
  }

  restore(): void {
    this.#plugged?.emulator.restore();
  }
}
