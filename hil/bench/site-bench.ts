/**
 * A bench of two sites in real time, each of them a model as a process of its own, or a board at the end of lines.
 */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '../../protocol/ids.js';
import type { RefusalError } from '../../protocol/refusals.js';
import type { CaptureFile } from '../capture/capture-file.js';
import type { AreaName } from '../report/block-states.js';
import { BoardLock } from '../run/board-lock.js';
import type { Compress } from '../run/compress.js';
import { runHook } from '../run/hooks.js';
import {
  type BenchAbilities,
  type BenchShape,
  type DiskError,
  ownerOf,
  type Powered,
  type SlotAreaBytes,
} from './bench.js';
import { type BenchKeys, sealOf } from './bench-keys.js';
import { absenceMsDefault, HostEnd } from './host-end.js';
import type { LineEmulation } from './line-emulation.js';
import { type GivenAreas, ModelAreas } from './model-areas.js';
import { ModelProcess, type ModelProcessOptions } from './model-process.js';
import type { Transport } from './near-line.js';
import { pairSession } from './pair-session.js';
import { temporaryFolder } from './processes.js';
import { RealTimeBench } from './real-time-bench.js';
import type { Relay } from './relay.js';
import { hostLine, remoteLines } from './site-lines.js';

/** What stands at a site. Addresses are as this computer sees them. */
export type SiteChoice =
  | { readonly kind: 'model' }
  | {
      readonly kind: 'board';
      /** The line to its host port. */
      readonly host: string;
      /** The line to its remote port, where the other site is a model. */
      readonly remote?: string | undefined;
    };

/** Shell commands of boards. */
export interface BoardHooks {
  readonly powerOff?: string | undefined;
  readonly powerOn?: string | undefined;
  /** Restarts a board that has no power switch. */
  readonly reset?: string | undefined;
  /** Lets its disks fail; what is to fail stands in its environment. */
  readonly diskError?: string | undefined;
}

export interface SiteBenchOptions extends BenchShape, SlotAreaBytes {
  readonly seed: string;
  readonly transport: Transport;
  readonly sites: Readonly<Record<Powered, SiteChoice>>;
  readonly hostLine: LineEmulation;
  readonly remoteLine: LineEmulation;
  readonly keys: BenchKeys;
  /** Of models, between the controllers; off unless given. */
  readonly compress?: Compress;
  readonly hooks: Readonly<Record<Powered, BoardHooks>>;
  /** Of models. */
  readonly areas: GivenAreas;
  /** How long a controller may be away, in milliseconds. */
  readonly absenceMsMax?: number;
  readonly capture?: CaptureFile;
}

interface Parts {
  readonly host: HostEnd;
  readonly subHost: HostEnd;
  readonly hostAddress: string;
  readonly relay: Relay | undefined;
  readonly models: ReadonlyMap<Powered, ModelProcess>;
  readonly areas: ModelAreas;
  readonly lock: BoardLock;
  readonly folder: { readonly path: string; remove(): Promise<void> };
}

const roles: readonly Powered[] = ['main', 'sub'];

export class SiteBench extends RealTimeBench {
  readonly kind: 'processes' | 'lines';
  readonly shape: BenchShape;
  readonly can: BenchAbilities;
  readonly models = undefined;
  protected readonly hostEnd: HostEnd;
  protected readonly subHostEnd: HostEnd;
  protected readonly remote: Relay | undefined;
  protected readonly hostAddress: string;
  readonly #options: SiteBenchOptions;
  readonly #parts: Parts;

  private constructor(options: SiteBenchOptions, parts: Parts) {
    super();
    const { method, volumes, blockBytes, hooks } = options;
    const modelled = new Set(parts.models.keys());
    this.#options = options;
    this.#parts = parts;
    this.kind = modelled.size === 0 ? 'lines' : 'processes';
    this.shape = { method, volumes, blockBytes };
    this.can = {
      cutRemote: parts.relay !== undefined,
      power: new Set(
        roles.filter((role) => (modelled.has(role) ? parts.areas.areDurable(role) : hasSwitch(hooks[role]))),
      ),
      areas: new Set([...modelled].filter((role) => parts.areas.areFiles(role))),
      failDisks: new Set(
        roles.filter((role) => (modelled.has(role) ? parts.areas.areLocal(role) : hooks[role].diskError !== undefined)),
      ),
      virtualTime: false,
    };
    this.hostEnd = parts.host;
    this.subHostEnd = parts.subHost;
    this.remote = parts.relay;
    this.hostAddress = parts.hostAddress;
  }

  /**
   * Makes the lines and starts the models. Throws RefusalError `line-address`, `line-unavailable`, `process-ended`, and
   * `port-in-use` when another bench has one of the boards.
   */
  static async open(options: SiteBenchOptions): Promise<SiteBench> {
    const bench = new SiteBench(options, await makeParts(options));
    try {
      for (const model of bench.#parts.models.values()) await model.powerOn();
      return bench;
    } catch (error) {
      await bench.close();
      throw error;
    }
  }

  /** Waits until main has a session with the sub, and looks whether they fit. Throws as `pairSession`. */
  paired(): Promise<void> {
    const { absenceMsMax = absenceMsDefault } = this.#options;
    return pairSession({ hosts: { main: this.host, sub: this.subHost }, msMax: absenceMsMax });
  }

  async powerCut(role: Powered): Promise<void> {
    if (!this.can.power.has(role))
      throw this.unable(`cut the power of ${role}: ${whyNot(this.#parts.models.has(role))}`);
    this.hostOf(role).expectAbsence();
    const model = this.#parts.models.get(role);
    const { powerOff, reset } = this.#options.hooks[role];
    if (model !== undefined) await model.powerCut();
    else if (powerOff !== undefined) await runHook(`powerOff of ${role}`, powerOff);
    else await runHook(`reset of ${role}`, reset);
  }

  async powerOn(role: Powered): Promise<void> {
    const model = this.#parts.models.get(role);
    // A board that was reset has come back by itself.
    if (model !== undefined) await model.powerOn();
    else await runHook(`powerOn of ${role}`, this.#options.hooks[role].powerOn);
  }

  async failDisk({ area, volume, command, times }: DiskError): Promise<void> {
    const role = ownerOf[area];
    if (!this.can.failDisks.has(role)) throw this.unable(`let the disks of ${role} fail`);
    const model = this.#parts.models.get(role);
    if (model !== undefined) await model.failDisk({ disk: `${area}${volume}`, command, times });
    else await runHook(`diskError of ${role}`, this.#options.hooks[role].diskError, { area, volume, command, times });
  }

  async readArea(area: AreaName, volume: number, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    const role = ownerOf[area];
    if (!this.can.areas.has(role)) throw this.unable(`read the areas of ${role}`);
    const path = this.#parts.areas.file(area, volume);
    assert(path !== undefined, 'areas that can be read are files');
    const file = await open(path, 'r');
    try {
      const bytes = Buffer.alloc(lengthBytes);
      await file.read(bytes, 0, lengthBytes, offsetBytes);
      return bytes;
    } finally {
      await file.close();
    }
  }

  protected async stop(): Promise<void> {
    await Promise.all([...this.#parts.models.values()].map((model) => model.stop()));
    await this.#parts.folder.remove();
    this.#parts.lock.release();
  }
}

const hasSwitch = ({ powerOff, reset }: BoardHooks): boolean => powerOff !== undefined || reset !== undefined;

function whyNot(isModel: boolean): string {
  return isModel ? 'its areas are in memory' : 'it has no hook powerOff or reset';
}

async function makeParts(options: SiteBenchOptions): Promise<Parts> {
  const lock = await BoardLock.take(boardLines(options.sites));
  const folder = await temporaryFolder();
  try {
    const areas = new ModelAreas(folder.path, options.areas);
    const modelled = roles.filter((role) => options.sites[role].kind === 'model');
    for (const role of modelled) areas.begin(role);
    return { ...(await makeEnds(options, folder.path, { areas, modelled })), areas, lock, folder };
  } catch (error) {
    lock.release();
    await folder.remove();
    throw error;
  }
}

function boardLines(sites: SiteBenchOptions['sites']): string[] {
  return roles.flatMap((role) => {
    const site = sites[role];
    if (site.kind === 'model') return [];
    return site.remote === undefined ? [site.host] : [site.host, site.remote];
  });
}

async function makeEnds(
  options: SiteBenchOptions,
  folder: string,
  { areas, modelled }: { readonly areas: ModelAreas; readonly modelled: readonly Powered[] },
) {
  const { keys } = options;
  const ends = {
    main: await hostLine(options, folder, 'main'),
    sub: await hostLine(options, folder, 'sub'),
  };
  const remote = await remoteLines(options, folder);
  const limit = options.absenceMsMax === undefined ? {} : { absenceMsMax: options.absenceMsMax };
  const host = new HostEnd({ ...ends.main, ...limit, ...sealOf(keys, 'hostMain') });
  const subHost = new HostEnd({ ...ends.sub, ...limit, ...sealOf(keys, 'hostSub') });
  const onEnded = ({ refusal }: RefusalError) => {
    host.client.abort(refusal);
    subHost.client.abort(refusal);
  };
  const models = new Map<Powered, ModelProcess>();
  for (const role of modelled) {
    const addresses = { host: ends[role].address, remote: remote.addresses[role] };
    const sealing = { keyFiles: await modelKeys(folder, role, keys), ciphers: keys.ciphers ?? [] };
    const compress = options.compress ?? 'off';
    models.set(role, new ModelProcess({ role, shape: options, areas, ...addresses, ...sealing, compress, onEnded }));
  }
  return { host, subHost, hostAddress: ends.main.name, relay: remote.relay, models };
}

/** The key files of a model's two lines. */
async function modelKeys(folder: string, role: Powered, keys: BenchKeys): Promise<ModelProcessOptions['keyFiles']> {
  const write = async (name: string, key: Uint8Array | undefined) => {
    if (key === undefined) return undefined;
    const path = join(folder, `${role}-${name}.key`);
    await writeFile(path, `${Buffer.from(key).toString('hex')}\n`, { mode: 0o600 });
    return path;
  };
  const host = await write('host', role === 'main' ? keys.hostMain : keys.hostSub);
  return { host, remote: await write('remote', keys.mainSub) };
}
