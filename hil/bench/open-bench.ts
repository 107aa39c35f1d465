/** Makes the bench that a bench file describes. */
import { unreachable } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import type { Cipher } from '../../protocol/session/ciphers.js';
import type { CaptureFile } from '../capture/capture-file.js';
import type { DiskTimes } from '../simulate/simulated-disk.js';
import type { Bench, Powered } from './bench.js';
import { type BenchFile, rolesOf } from './bench-file.js';
import { oneKey, readKeys } from './bench-keys.js';
import { EmulatorBench } from './emulator-bench.js';
import { InProcessBench } from './in-process-bench.js';
import { idealEmulation, type LineEmulation, shapeOf } from './line-emulation.js';
import type { GivenAreas } from './model-areas.js';
import { type BoardHooks, SiteBench, type SiteChoice } from './site-bench.js';

export interface OpenBenchOptions {
  /** What is random on the bench: line noise, and in virtual time everything. */
  readonly seed: string;
  /** Seals all lines, 32 bytes; the file's key files otherwise. */
  readonly key?: Uint8Array | undefined;
  /** The ciphers that sealed lines may have; all unless given. */
  readonly ciphers?: readonly Cipher[] | undefined;
  /** How long a controller in real time may be away, in milliseconds. */
  readonly absenceMsMax?: number;
  /** Takes the frames of all lines that pass through this process. */
  readonly capture?: CaptureFile | undefined;
}

/** Disks of the emulator: a solid state disk behind SATA, in round figures. */
export const diskTimesDefault: DiskTimes = { accessUs: 100, flushUs: 400 };

/** Opens the bench, and sessions with both controllers. Throws RefusalError, with exit code 3 when something is not there. */
export async function openBench(file: BenchFile, options: OpenBenchOptions): Promise<Bench> {
  const bench = await makeBench(file, options);
  try {
    await bench.run(bench.host.opened());
    await bench.run(bench.subHost.opened());
    // Takes the unit attention of each volume's power on, which would make the first write travel twice. A controller
    // that has answered a read has read its records, so that its status can be relied on.
    await bench.run(bench.host.read(0, 0, 512));
    await checkShape(bench);
    if (bench instanceof SiteBench) await bench.paired();
    for (let volume = 1; volume < bench.shape.volumes.length; volume += 1) {
      await bench.run(bench.host.read(volume, 0, 512));
    }
    return bench;
  } catch (error) {
    await bench.close();
    throw error;
  }
}

/** A board is set by other means than the bench file: both must say the same. */
async function checkShape(bench: Bench): Promise<void> {
  const { method, blockBytes, volumes } = await bench.run(bench.host.status());
  const [expected, actual] = [bench.shape, { method, blockBytes, volumes }].map(
    (each) => `method ${each.method}, block ${each.blockBytes}, volumes ${each.volumes.join('+')}`,
  );
  if (expected === actual) return;
  throw new RefusalError('configuration-invalid', `the bench file says ${expected}; main says ${actual}`);
}

async function makeBench(file: BenchFile, options: OpenBenchOptions): Promise<Bench> {
  const { seed, key: given, ciphers, absenceMsMax } = options;
  const keys = { ...(given === undefined ? readKeys(file) : oneKey(given)), ciphers };
  const captured = options.capture === undefined ? {} : { capture: options.capture };
  const volumes = file.volumes.map(({ size }) => size);
  const shape = { method: file.method, volumes, blockBytes: file.block };
  const { compress } = file;
  const slotBytes = {
    ...(file.shadow === undefined ? {} : { shadowBytes: file.shadow }),
    ...(file.staging === undefined ? {} : { stagingBytes: file.staging }),
  };
  const hostLine = emulationOf(file.lines.host);
  const remoteLine = emulationOf(file.lines.remote);
  switch (file.kind) {
    case 'emulator':
      return new EmulatorBench({
        ...{ ...shape, ...slotBytes, keys, compress, ...captured, seed, diskTimes: diskTimesDefault },
        ...{ hostLine: shapeOf(hostLine), remoteLine: shapeOf(remoteLine) },
      });
    case 'in-process':
      return new InProcessBench({ ...shape, ...slotBytes, keys, compress, ...captured, seed, hostLine, remoteLine });
    case 'processes':
    case 'lines':
      return SiteBench.open({
        ...{ ...shape, ...slotBytes, ...captured, seed, keys, compress, hostLine, remoteLine },
        transport: file.transport ?? (hostLine.baud === undefined && remoteLine.baud === undefined ? 'unix' : 'pty'),
        sites: { main: siteOf(file, 'main'), sub: siteOf(file, 'sub') },
        ...(absenceMsMax === undefined ? {} : { absenceMsMax }),
        hooks: { main: hooksOf(file, 'main'), sub: hooksOf(file, 'sub') },
        areas: areasOf(file),
      });
    default:
      return unreachable(file.kind);
  }
}

function emulationOf(line: LineEmulation | string | undefined): LineEmulation {
  return line === undefined || typeof line === 'string' ? idealEmulation : line;
}

function siteOf(file: BenchFile, role: Powered): SiteChoice {
  const { lines } = file;
  if (rolesOf(file)[role] === 'model') return { kind: 'model' };
  const host = role === 'main' ? lines.host : lines.sub;
  return {
    kind: 'board',
    host: typeof host === 'string' ? host : '',
    remote: role === 'main' ? lines.mainRemote : lines.subRemote,
  };
}

function hooksOf({ hooks: { powerOff, powerOn, reset, diskError } }: BenchFile, role: Powered): BoardHooks {
  return { powerOff: powerOff[role], powerOn: powerOn[role], reset: reset[role], diskError: diskError[role] };
}

function areasOf({ volumes, meta }: BenchFile): GivenAreas {
  return { volumes: volumes.map(({ areas }) => areas), meta };
}
