/**
 * Whether durable records can be this controller's. A meta area of other areas, or one that something else wrote to, may
 * hold records that pass their checks and speak of blocks and slots that are not there.
 */
import { digestBytes } from '../../protocol/message/messages.js';
import type { Refusal } from '../../protocol/refusals.js';
import { zeroSlot } from '../storage/stored-blocks.js';
import { contradiction, type Recorded, type Started } from './contradiction.js';
import { Geometry } from './geometry.js';

export interface RecordBounds {
  /** The kind of record that tells the shape of the pair. It comes first, and once. */
  readonly first: 'formatted' | 'prepared';
  readonly started: Started;
  /** How many slots the shadow or staging area of each volume has. */
  readonly slots: readonly number[];
}

/** Why a record cannot be this controller's, or undefined. */
export type RecordCheck = (record: PlacedRecord) => Refusal | undefined;

/** What records say of places; those that say nothing of one have none of these. */
export interface PlacedRecord {
  readonly kind: string;
  readonly volume?: number;
  readonly first?: number;
  readonly count?: number;
  readonly slot?: number;
  readonly digests?: Uint8Array;
}

/** A check to be given each record of a journal in order, before it is applied. */
export function recordCheck({ first, started, slots }: RecordBounds): RecordCheck {
  const geometry = new Geometry(started.blockBytes, started.volumes);
  let begun = false;
  return (record) => {
    if ((record.kind === first) === begun) return corrupt(record, begun ? 'a second time' : `before ${first}`);
    if (!begun) {
      begun = true;
      return contradiction(shapeOf(record), started);
    }
    const misfit = misfitOf(record, geometry, slots);
    return misfit === undefined ? undefined : corrupt(record, misfit);
  };
}

/** What `formatted` and `prepared` tell; only main records a method. */
function shapeOf(record: object): Recorded {
  // Stryker disable next-line StringLiteral: the sub has no method to compare it with
  const { method = 'differential', blockBytes, volumes } = record as Started;
  return { method, blockBytes, volumeBytes: volumes };
}

function misfitOf(record: PlacedRecord, geometry: Geometry, slots: readonly number[]): string | undefined {
  const { volume, first = 0, count = 0, slot = zeroSlot, digests } = record;
  // Stryker disable next-line ConditionalExpression: without a volume there is nothing that could not fit
  if (volume === undefined) return undefined;
  if (volume >= geometry.volumes.length) return `volume ${volume} of ${geometry.volumes.length}`;
  const blocks = geometry.blocksOf(volume);
  if (first + count > blocks) return `blocks ${first}+${count} of ${blocks}`;
  if (digests !== undefined && digests.length !== count * digestBytes) return `${digests.length} bytes of digests`;
  const room = slots[volume] ?? 0;
  return slot !== zeroSlot && slot + count > room ? `slots ${slot}+${count} of ${room}` : undefined;
}

function corrupt({ kind }: PlacedRecord, detail: string): Refusal {
  return { code: 'records-corrupt', detail: `meta area: record ${kind}: ${detail}` };
}
