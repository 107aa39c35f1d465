/**
 * What every step machine looks like from outside: plain events in, plain effects out, time as an argument.
 *
 * A device has ports (lines to other devices) and disks. It never waits, reads a clock or calls back: whoever runs it
 * feeds events in order, carries out the effects in order, and asks `transmit` for the next frame of a port whenever
 * the line there can take one, so that priorities are decided as late as possible.
 */
import type { Refusal } from './refusals.js';
import type { Completion, MediumCommand } from './scsi/commands.js';

/** A disk of a controller: an area of one volume, or the controller's durable records. `medium` is a disk's own. */
export type DiskName = 'meta' | 'medium' | `${'primary' | 'shadow' | 'staging' | 'secondary'}${number}`;
/** A line of a device. */
export type PortName = 'host' | 'remote' | 'target';

export type DeviceEvent =
  /** Power came on. `entropy` is 32 fresh random bytes: the only randomness that a device gets. */
  | { readonly kind: 'powerOn'; readonly entropy: Uint8Array; readonly capacities: ReadonlyMap<DiskName, number> }
  /** A line came up (again), or was lost. */
  | { readonly kind: 'line'; readonly port: PortName; readonly up: boolean }
  /** One frame arrived: the bytes between two delimiters, as they came off the line. */
  | { readonly kind: 'frame'; readonly port: PortName; readonly bytes: Uint8Array }
  /** A disk command has ended. */
  | { readonly kind: 'disk'; readonly tag: number; readonly completion: Completion }
  /** The time of `deadline` has come. */
  | { readonly kind: 'timer' }
  /** Close cleanly: finish what is on its way to the disks. */
  | { readonly kind: 'shutdown' };

export type DeviceEffect =
  | { readonly kind: 'disk'; readonly disk: DiskName; readonly tag: number; readonly command: MediumCommand }
  /** Nothing is on its way to the disks any more; answers `shutdown`. */
  | { readonly kind: 'closed' }
  /** The device cannot work with what it found on its disks; it answers nothing but this refusal until power off. */
  | { readonly kind: 'halted'; readonly refusal: Refusal }
  /** Something that a person at the console should see. */
  | { readonly kind: 'log'; readonly level: 'info' | 'warning' | 'error'; readonly text: string }
  /** A named step of the work, for reports, traces and tests. */
  | { readonly kind: 'mark'; readonly name: string; readonly values: Readonly<Record<string, number | string>> };

export interface Device {
  /** Takes one event; returns what to do, in order. `nowUs` never goes back. */
  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[];
  /** The next frame to put on this port's line, delimiter included, or undefined when there is nothing to send now. */
  transmit(port: PortName, nowUs: number): Uint8Array | undefined;
  /** When to send a `timer` event, in microseconds; undefined for never. */
  deadline(): number | undefined;
}
