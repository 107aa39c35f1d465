/** The lines of a bench of two sites: from here to each host port, and between the controllers. */
import { RefusalError } from '../../protocol/refusals.js';
import type { LineCapture } from '../capture/capture-file.js';
import { parseLineAddress } from '../run/lines/address.js';
import { captureBytes } from '../run/lines/capture-bytes.js';
import { EmulatedLine } from '../run/lines/emulator.js';
import type { Line } from '../run/lines/line.js';
import { openLine } from '../run/lines/open-line.js';
import { framePayloadMaxOf } from '../run/lines/payload.js';
import { hostLineNames, type Powered, remoteLineName } from './bench.js';
import { emulatedName, shapeOf } from './line-emulation.js';
import { type NearLine, nearLine } from './near-line.js';
import { Relay } from './relay.js';
import type { SiteBenchOptions } from './site-bench.js';

export interface HostLine {
  readonly line: Line;
  /** What a model opens. */
  readonly address: string;
  readonly name: string;
  readonly framePayloadMax?: number;
  /** What the host has to capture itself: with a board nobody stands between. */
  readonly capture?: LineCapture | undefined;
}

/** Makes the line from here to a controller's host port. Throws RefusalError `line-address`, `line-unavailable`. */
export async function hostLine(options: SiteBenchOptions, folder: string, role: Powered): Promise<HostLine> {
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
export async function remoteLines(
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
