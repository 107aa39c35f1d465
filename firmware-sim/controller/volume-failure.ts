/**
 * Failures as a host is told of them. INFORMATION of sense data names a sector (SPC-4, clause 4.5.2.2.2): a host knows those of
 * its volume, a disk of an area those of its slots.
 */
import { checkCondition } from '../../protocol/scsi/conditions.js';
import type { Failure } from '../storage/operation.js';

/** Sectors of a disk that hold sectors of a volume. */
export interface HeldSectors {
  readonly diskLba: number;
  readonly volumeLba: number;
  readonly sectors: number;
}

/** What a disk said, with the volume's sector in the place of its own; without any where it named none of these. */
export function volumeFailure(failure: Failure, held: readonly HeldSectors[]): Failure {
  if (failure.status !== 'checkCondition' || failure.sense.information === undefined) return failure;
  const { information, ...sense } = failure.sense;
  const place = held.find(({ diskLba, sectors }) => information >= diskLba && information < diskLba + sectors);
  if (place === undefined) return { ...failure, sense };
  return { ...failure, sense: { ...sense, information: place.volumeLba + information - place.diskLba } };
}

/** Content of a volume that its area gave back otherwise than it was stored, from this sector on: MEDIUM ERROR. */
export function spoiltContent(lba: number): Failure {
  return checkCondition('unrecoveredReadError', { information: lba });
}
