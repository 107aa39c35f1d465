/**
 * What the operations of a controller work with, whichever controller it is.
 */

import type { DeviceEffect, PortName } from '../../protocol/device.js';
import type { Priority } from '../../protocol/message/message.js';
import type { Message } from '../../protocol/message/messages.js';
import type { RefusalCode } from '../../protocol/refusals.js';
import type { DiskQueue } from '../storage/disk-queue.js';
import type { Operation } from '../storage/operation.js';

/** In what other forms than with all their contents the runs of a session may travel. */
export interface RunForms {
  /** The largest windows of compressed runs to this side and from it, as logarithms; 0 where none may be sent. */
  readonly takenBits: number;
  readonly sentBits: number;
  /** The other side looks for content that it is told the digest of. */
  readonly held: boolean;
}

export interface Board<R> {
  readonly disks: DiskQueue;
  /** Time of the event that is being handled, in microseconds. */
  readonly nowUs: number;
  readonly effects: DeviceEffect[];
  /** Makes a record durable, applies it, then resumes the operation. */
  record(record: R, operation?: Operation): void;
  send(port: PortName, message: Message, priority?: Priority): void;
  /** Of the session between the controllers. */
  runForms(): RunForms;
  log(level: 'info' | 'warning' | 'error', text: string): void;
  mark(name: string, values: Readonly<Record<string, number | string>>): void;
  /** A disk of this controller failed for good, or gave back other data than was written. */
  suspend(code: RefusalCode, detail: string): void;
}
