/**
 * A bench of two sites in real time, each of them a model as a process of its own, or a board at the end of lines.
 */
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RefusalError } from '../../protocol/refusals.js';
import type { CaptureFile, LineCapture } from '../capture/capture-file.js';
import type { AreaName } from '../report/block-states.js';
import { runHook } from '../run/hooks.js';
import { parseLineAddress } from '../run/lines/address.js';
import { captureBytes } from '../run/lines/capture-bytes.js';
import { EmulatedLine } from '../run/lines/emulator.js';
import type { Line } from '../run/lines/line.js';
import { openLine } from '../run/lines/open-line.js';
import { framePayloadMaxOf } from '../run/lines/payload.js';
import { type BenchAbilities, type BenchShape, hostLineNames, type Powered, remoteLineName } from './bench.js';
import { HostEnd } from './host-end.js';
import { emulatedName, type LineEmulation, shapeOf } from './line-emulation.js';
import { areaPath, ModelProcess } from './model-process.js';
import { type NearLine, nearLine, type Transport } from './near-line.js';
import { temporaryFolder } from './processes.js';
import { RealTimeBench } from './real-time-bench.js';
import { Relay } from './relay.js';

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
export interface PowerHooks {
  readonly powerOff?: string | undefined;
  readonly powerOn?: string | undefined;
}

export interface SiteBenchOptions extends BenchShape {
  readonly seed: string;
  readonly transport: Transport;
  readonly sites: Readonly<Record<Powered, SiteChoice>>;
  readonly hostLine: LineEmulation;
  readonly remoteLine: LineEmulation;
  readonly key?: Uint8Array | undefined;
  readonly power: Readonly<Record<Powered, PowerHooks>>;
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
    const { method, volumes, blockBytes, power } = options;
    const modelled = new Set(parts.models.keys());
    this.#options = options;
    this.#parts = parts;
    this.kind = modelled.size === 0 ? 'lines' : 'processes';
    this.shape = { method, volumes, blockBytes };
    this.can = {
      cutRemote: parts.relay !== undefined,
      power: new Set(roles.filter((role) => modelled.has(role) || power[role].powerOff !== undefined)),
      areas: modelled,
      virtualTime: false,
    };
    this.hostEnd = parts.host;
    this.subHostEnd = parts.subHost;
    this.remote = parts.relay;
    this.hostAddress = parts.hostAddress;
  }

  /** Makes the lines and starts the models. Throws RefusalError `line-address`, `line-unavailable`, `process-ended`. */
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

  async powerCut(role: Powered): Promise<void> {
    this.hostOf(role).expectAbsence();
    const model = this.#parts.models.get(role);
    if (model !== undefined) await model.powerCut();
    else await this.#hook(role, 'powerOff');
  }

  async powerOn(role: Powered): Promise<void> {
    const model = this.#parts.models.get(role);
    if (model !== undefined) await model.powerOn();
    else await this.#hook(role, 'powerOn');
  }

  async readArea(area: AreaName, volume: number, offsetBytes: number, lengthBytes: number): Promise<Buffer> {
    const role = area === 'primary' || area === 'shadow' ? 'main' : 'sub';
    if (!this.can.areas.has(role)) throw this.unable(`read the areas of ${role}`);
    const file = await open(areaPath(this.#parts.folder.path, area, volume), 'r');
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
  }

  async #hook(role: Powered, name: keyof PowerHooks): Promise<void> {
    const command = this.#options.power[role][name];
    if (command === undefined) throw this.unable(`switch the power of ${role}: it has no hook ${name}`);
    await runHook(`${name} of ${role}`, command);
  }
}

async function makeParts(options: SiteBenchOptions): Promise<Parts> {
  const { sites, key } = options;
  const folder = await temporaryFolder();
  try {
    const keyFile = key === undefined ? undefined : await writeKey(folder.path, key);
    const ends = {
      main: await hostLine(options, folder.path, 'main'),
      sub: await hostLine(options, folder.path, 'sub'),
    };
    const remote = await remoteLines(options, folder.path);
    const limit = options.absenceMsMax === undefined ? {} : { absenceMsMax: options.absenceMsMax };
    const common = { ...limit, ...(key === undefined ? {} : { key }) };
    const host = new HostEnd({ ...ends.main, ...common });
    const subHost = new HostEnd({ ...ends.sub, ...common });
    const onEnded = ({ refusal }: RefusalError) => {
      host.client.abort(refusal);
      subHost.client.abort(refusal);
    };
    const models = new Map<Powered, ModelProcess>();
    for (const role of roles) {
      if (sites[role].kind !== 'model') continue;
      const addresses = { host: ends[role].address, remote: remote.addresses[role] };
      models.set(role, new ModelProcess({ role, shape: options, folder: folder.path, ...addresses, keyFile, onEnded }));
    }
    return { host, subHost, hostAddress: ends.main.name, relay: remote.relay, models, folder };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

async function writeKey(folder: string, key: Uint8Array): Promise<string> {
  const path = join(folder, 'pair.key');
  await writeFile(path, `${Buffer.from(key).toString('hex')}\n`, { mode: 0o600 });
  return path;
}

interface HostLine {
  readonly line: Line;
  /** What a model opens. */
  readonly address: string;
  readonly name: string;
  readonly framePayloadMax?: number;
  /** What the host has to capture itself: with a board nobody stands between. */
  readonly capture?: LineCapture | undefined;
}

async function hostLine(options: SiteBenchOptions, folder: string, role: Powered): Promise<HostLine> {
  const site = options.sites[role];
  const capture = options.capture?.line({ name: hostLineNames[role], from: 'host', to: role });
  if (site.kind === 'board') {
    const address = parseLineAddress(site.host);
    const framePayloadMax = framePayloadMaxOf(address);
    const line = openLine(address);
    return {
      line,
      address: '',
      name: site.host,
      capture,
      ...(framePayloadMax === undefined ? {} : { framePayloadMax }),
    };
  }
  const { transport, hostLine: emulation, seed } = options;
  const near = await nearLine({ transport, folder, name: `host-${role}`, baud: emulation.baud });
  const captured = capture === undefined ? {} : { onArrived: captureBytes(capture) };
  const line = new EmulatedLine(near.line, { ...shapeOf(emulation), ...captured, seed: `${seed}/host-${role}` });
  const framePayloadMax = framePayloadMaxOf({ kind: transport });
  return {
    ...{ line, address: near.address, name: emulatedName(transport, emulation) },
    ...(framePayloadMax === undefined ? {} : { framePayloadMax }),
  };
}

/** The line between the sites passes through this process, unless both are boards. */
async function remoteLines(
  options: SiteBenchOptions,
  folder: string,
): Promise<{ readonly relay: Relay | undefined; readonly addresses: Readonly<Record<Powered, string>> }> {
  const { sites, remoteLine, seed, transport } = options;
  if (sites.main.kind === 'board' && sites.sub.kind === 'board') {
    return { relay: undefined, addresses: { main: '', sub: '' } };
  }
  const end = async (role: Powered): Promise<NearLine> => {
    const site = sites[role];
    if (site.kind === 'model') return nearLine({ transport, folder, name: `remote-${role}`, baud: remoteLine.baud });
    if (site.remote === undefined) {
      throw new RefusalError('configuration-invalid', `the board ${role} needs a line to its remote port`);
    }
    return { line: openLine(site.remote), address: site.remote };
  };
  const [main, sub] = [await end('main'), await end('sub')];
  const address = emulatedName(transport, remoteLine);
  const impairments = shapeOf(remoteLine);
  const relay = new Relay(main.line, sub.line, {
    ...{ name: remoteLineName, address, impairments, seed: `${seed}/remote`, marked: false },
    capture: options.capture?.line({ name: remoteLineName, from: 'main', to: 'sub' }),
  });
  return { relay, addresses: { main: main.address, sub: sub.address } };
}
