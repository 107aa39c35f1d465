/** What `firmware main` and `firmware sub` share. */
import type { Method } from '../../protocol/ids.js';
import { parseArea } from '../run/disks/area.js';
import { openFirmware } from '../run/firmware.js';
import { readKeyFile } from '../run/key-file.js';
import { parseLineAddress } from '../run/lines/address.js';
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
}

export type FirmwareAreas = {
  readonly volumes: readonly string[];
  readonly slots: readonly string[];
  readonly slotBytes: readonly number[];
} & ({ readonly role: 'main'; readonly method: Method } | { readonly role: 'sub' });

/** Runs the controller until it is told to end; returns the exit code. */
export async function runFirmware(options: FirmwareOptions, areas: FirmwareAreas): Promise<number> {
  const giveUp = new AbortController();
  const off = onEndSignal(() => giveUp.abort());
  try {
    const { runner, host, remote } = await openFirmware(configurationOf(options, areas), {
      onTrouble: (area, { code, detail }) => log('warning', `${area}: ${code}: ${detail}`),
      signal: giveUp.signal,
    });
    const readyText = async () =>
      `ready ${areas.role} host=${await reachableAt(host)} remote=${await reachableAt(remote)}`;
    off();
    return await runDeviceProcess({ runner, readyMark: 'running', readyText });
  } catch (error) {
    throw giveUp.signal.aborted ? new Interrupted() : error;
  } finally {
    off();
  }
}

function configurationOf(options: FirmwareOptions, areas: FirmwareAreas) {
  return {
    ...areas,
    host: parseLineAddress(options.host),
    remote: parseLineAddress(options.remote),
    volumes: areas.volumes.map(parseArea),
    slots: areas.slots.map(parseArea),
    meta: parseArea(options.meta),
    volumeBytes: options.size ?? [],
    blockBytes: options.block,
    ...(options.keyFile === undefined ? {} : { key: readKeyFile(options.keyFile) }),
  };
}
