/** What `firmware main` and `firmware sub` share. */
import type { Method } from '../../protocol/ids.js';
import type { Cipher } from '../../protocol/session/ciphers.js';
import { type LineSeal, lineSealOf } from '../../protocol/session/line-seal.js';
import { type CaptureFile, withCapture } from '../capture/capture-file.js';
import type { Compress } from '../run/compress.js';
import { parseArea } from '../run/disks/area.js';
import { answerOrder } from '../run/disks/arm-errors.js';
import { type FirmwareConfiguration, openFirmware } from '../run/firmware.js';
import { readKeyFile } from '../run/key-file.js';
import { formatLineAddress, type LineAddress, parseLineAddress } from '../run/lines/address.js';
import { listPorts } from '../run/ports.js';
import { naming } from './arguments.js';
import { requireOwnFile, warnOfCapture } from './capture-option.js';
import { capturedFrames } from './captured-frames.js';
import { log } from './device-log.js';
import { reachableAt, runDeviceProcess } from './device-process.js';
import { onEndSignal } from './interrupts.js';
import { Interrupted } from './report-error.js';

/** The options that both take. */
export interface FirmwareOptions {
  readonly host: string;
  readonly remote: string;
  readonly meta: string;
  readonly size?: readonly number[];
  readonly block: number;
  readonly keyFile?: string;
  readonly hostKeyFile?: string;
  readonly remoteKeyFile?: string;
  readonly cipher?: readonly Cipher[];
  readonly compress: Compress;
  readonly capture?: string;
  readonly console?: boolean;
}

export type FirmwareAreas = {
  readonly volumes: readonly string[];
  readonly slots: readonly string[];
  readonly slotBytes: readonly number[];
} & ({ readonly role: 'main'; readonly method: Method } | { readonly role: 'sub' });

/** Runs the controller until it is told to end; returns the exit code. */
export async function runFirmware(options: FirmwareOptions, areas: FirmwareAreas): Promise<number> {
  requireOwnFile(options.capture, [...areas.volumes, ...areas.slots, options.meta]);
  return withCapture(options.capture, warnOfCapture, (capture) => run(options, areas, capture));
}

async function run(options: FirmwareOptions, areas: FirmwareAreas, capture: CaptureFile | undefined) {
  const giveUp = new AbortController();
  const off = onEndSignal(() => giveUp.abort());
  try {
    const configuration = configurationOf(options, areas);
    for (const line of diskLines(configuration)) log('info', `waiting for the disk at ${line}`);
    await warnOfPorts([configuration.host, configuration.remote]);
    const { runner, host, remote, disks } = await openFirmware(configuration, {
      onTrouble: (area, { code, detail }) => log('warning', `${area}: ${code}: ${detail}`),
      ...(capture === undefined ? {} : capturedFrames(capture, configuration)),
      signal: giveUp.signal,
    });
    const readyText = () => `ready ${areas.role} host=${reachableAt(host)} remote=${reachableAt(remote)}`;
    off();
    const lines = new Map([
      ['host', host],
      ['remote', remote],
    ]);
    const orders = options.console === true ? { answer: (line: string) => answerOrder(disks, line) } : {};
    return await runDeviceProcess({ runner, lines, readyMark: 'running', readyText, ...orders });
  } catch (error) {
    throw giveUp.signal.aborted ? new Interrupted() : error;
  } finally {
    off();
  }
}

function diskLines({ volumes, slots, meta }: FirmwareConfiguration): string[] {
  return [...volumes, ...slots, meta].flatMap((area) =>
    area.kind === 'line' ? [formatLineAddress(area.address)] : [],
  );
}

/** What `coldframe ports` would say against the serial ports that are used. */
async function warnOfPorts(addresses: readonly LineAddress[]): Promise<void> {
  const paths = addresses.flatMap((address) => (address.kind === 'serial' ? [address.path] : []));
  if (paths.length === 0) return;
  for (const { path, byIdPath, warnings } of await listPorts()) {
    if (!paths.includes(path) && !paths.includes(byIdPath ?? path)) continue;
    for (const warning of warnings) log('warning', `${path}: ${warning}`);
  }
}

/** A line's own key file goes before the one of both. */
function sealFor({ keyFile, cipher: ciphers }: FirmwareOptions, own: string | undefined): LineSeal {
  const file = own ?? keyFile;
  return lineSealOf({ key: file === undefined ? undefined : readKeyFile(file), ciphers });
}

function configurationOf(options: FirmwareOptions, areas: FirmwareAreas): FirmwareConfiguration {
  const [volume, slot] = areas.role === 'main' ? ['--primary', '--shadow'] : ['--secondary', '--staging'];
  return {
    ...areas,
    host: parseLineAddress(options.host),
    remote: parseLineAddress(options.remote),
    volumes: areas.volumes.map((text) => naming(volume, () => parseArea(text))),
    slots: areas.slots.map((text) => naming(slot, () => parseArea(text))),
    meta: naming('--meta', () => parseArea(options.meta)),
    volumeBytes: options.size ?? [],
    blockBytes: options.block,
    hostSeal: sealFor(options, options.hostKeyFile),
    remoteSeal: sealFor(options, options.remoteKeyFile),
    compress: options.compress,
  };
}
