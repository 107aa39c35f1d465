/** What a fresh model has to be made like: told by the messages of a capture, or by whoever replays it. */
import { blockBytesDefault, type Method, sectorBytes } from '../../protocol/ids.js';
import type { Message } from '../../protocol/message/messages.js';
import { RefusalError } from '../../protocol/refusals.js';
import { decodeCapacity16 } from '../../protocol/scsi/capacity-data.js';
import type { ReplayRole } from './roles.js';
import type { Script } from './script.js';

export interface ReplayShape {
  readonly method: Method;
  readonly blockBytes: number;
  /** Sizes of the volumes in bytes; of a disk its one size. */
  readonly volumes: readonly number[];
}

/** What is given goes before what the capture says. Throws RefusalError `argument-invalid` when neither says it. */
export function replayShape(script: Script, role: ReplayRole, given: Partial<ReplayShape>): ReplayShape {
  const told = toldShape(script, role);
  const volumes = given.volumes ?? told?.volumes;
  if (volumes === undefined || volumes.length === 0) {
    throw new RefusalError('argument-invalid', `--size: the capture does not tell the sizes of ${role}; give them`);
  }
  return { method: 'differential', blockBytes: blockBytesDefault, ...told, ...given, volumes };
}

/** The first that tells: a status, a pairing, or the capacity of a disk. */
function toldShape({ entries }: Script, role: ReplayRole): Partial<ReplayShape> | undefined {
  for (const { step } of entries) {
    if (step.kind !== 'said' && step.kind !== 'answered') continue;
    const { message } = step;
    if (role === 'disk') {
      const sizeBytes = capacityBytes(message);
      if (sizeBytes !== undefined) return { volumes: [sizeBytes] };
    } else if (message.kind === 'pairing' || (message.kind === 'status' && message.role === role)) {
      const { method, blockBytes, volumes } = message;
      // A sub that has no pair yet tells no method of its own; main does.
      if (volumes.length > 0) return { method, blockBytes, volumes };
    }
  }
  return undefined;
}

/** READ CAPACITY (16) data: 32 bytes, with the size of a sector in their middle. */
function capacityBytes(message: Message): number | undefined {
  if (message.kind !== 'dataIn' || message.data.length !== 32 || message.offset !== 0) return undefined;
  const sectors = decodeCapacity16(message.data);
  return sectors === undefined ? undefined : sectors * sectorBytes;
}
