/** Main and sub as processes that can be killed, their disks, the serial line between them, and a host at each. */
import { join } from 'node:path';
import { temporaryFolder } from '../../hil/bench/processes.js';
import type { Method } from '../../protocol/ids.js';
import { KillableProcess } from './killable-process.js';
import { PluggableLine } from './pluggable-line.js';
import { SurvivingHost } from './surviving-host.js';

export interface PairShape {
  readonly method: Method;
  /** Sizes of the volumes, all the same. */
  readonly volumes: number;
  readonly volumeBytes: number;
  /** Whether the primary and the secondary area of volume 0 are disk processes. */
  readonly remoteDisks: boolean;
  readonly baud: number;
  readonly bitErrorRate: number;
}

export type Side = 'main' | 'sub';

export interface Site {
  readonly side: Side;
  readonly controller: KillableProcess;
  readonly disk: KillableProcess | undefined;
  readonly host: SurvivingHost;
}

export class KillablePair {
  readonly shape: PairShape;
  readonly line: PluggableLine;
  readonly main: Site;
  readonly sub: Site;
  readonly #folder: { readonly path: string; remove(): Promise<void> };

  private constructor(
    shape: PairShape,
    folder: { readonly path: string; remove(): Promise<void> },
    options: { readonly seed: string; readonly onFailed: (error: Error) => void },
  ) {
    this.shape = shape;
    this.#folder = folder;
    const { baud, bitErrorRate } = shape;
    const paths = [this.path('port-main'), this.path('port-sub')] as const;
    this.line = new PluggableLine({ paths, baud, bitErrorRate, seed: options.seed });
    this.main = this.#site('main', options.onFailed);
    this.sub = this.#site('sub', options.onFailed);
  }

  /** Makes the folder and starts everything; `onFailed` is told of a process that ends by itself. */
  static async start(
    shape: PairShape,
    options: { readonly seed: string; readonly onFailed: (error: Error) => void },
  ): Promise<KillablePair> {
    const pair = new KillablePair(shape, await temporaryFolder(), options);
    await pair.line.plug();
    for (const each of pair.processes) each.start();
    return pair;
  }

  get processes(): readonly KillableProcess[] {
    return [this.main, this.sub].flatMap(({ disk, controller }) =>
      disk === undefined ? [controller] : [disk, controller],
    );
  }

  path(name: string): string {
    return join(this.#folder.path, name);
  }

  /** The file of an area. */
  area(name: 'primary' | 'secondary', volume: number): string {
    return this.path(`${name}${volume}.img`);
  }

  /** Kills what still runs, removes all files. Returns what the processes have said. */
  async remove(): Promise<string> {
    await Promise.all(this.processes.map((each) => each.kill()));
    await Promise.all([this.main.host.close(), this.sub.host.close(), this.line.unplug()]);
    await this.#folder.remove();
    return this.processes.map(({ said }) => said).join('');
  }

  #site(side: Side, onFailed: (error: Error) => void): Site {
    const disk = this.shape.remoteDisks
      ? new KillableProcess(`disk of ${side}`, this.#disk(side), onFailed)
      : undefined;
    const controller = new KillableProcess(side, this.#controller(side), onFailed);
    return { side, controller, disk, host: new SurvivingHost({ kind: 'unix', path: this.path(`${side}.sock`) }) };
  }

  #disk(side: Side): string[] {
    const image = this.area(side === 'main' ? 'primary' : 'secondary', 0);
    const size = String(this.shape.volumeBytes);
    return ['disk', '--line', `unix-listen:${this.path(`disk-${side}.sock`)}`, '--image', image, '--size', size];
  }

  #controller(side: Side): string[] {
    const { method, volumes, volumeBytes, remoteDisks, baud } = this.shape;
    const [area, slots] = side === 'main' ? (['primary', 'shadow'] as const) : (['secondary', 'staging'] as const);
    const areas = Array.from({ length: volumes }, (_, volume) => [
      ...[
        `--${area}`,
        remoteDisks && volume === 0 ? `unix:${this.path(`disk-${side}.sock`)}` : this.area(area, volume),
      ],
      ...[`--${slots}`, this.path(`${slots}${volume}.img`)],
    ]);
    return [
      ...['firmware', side, '--host', `unix-listen:${this.path(`${side}.sock`)}`],
      ...['--remote', `serial:${this.path(`port-${side}`)}?baud=${baud}`],
      ...['--meta', this.path(`${side}.meta`), '--size', String(volumeBytes), ...areas.flat()],
      ...(side === 'main' ? ['--method', method] : []),
    ];
  }
}
