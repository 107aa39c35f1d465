/**
 * The durable records of the side that receives an image: the sub, and main during a failback. Tags 0x80 … 0x8f.
 */
import { flag } from '../../protocol/message/field.js';
import type { MessageOf } from '../../protocol/message/message.js';
import { fields, record } from '../storage/record.js';

const { epoch, generation, volume, first, count, slot, digests, digest } = fields;

export const replicaRecords = [
  record(0x80, 'begun', 'Staging is for this generation from here on; what it held for another is dropped.', {
    epoch,
    generation,
    base: fields.generation,
    full: flag('whatever is not sent is zero'),
  }),
  record(0x81, 'staged', 'These blocks are in staging.', { generation, volume, first, count, slot, digests }),
  record(0x82, 'dropped', 'Staging is for no generation; it is empty.', { generation }),
  record(0x83, 'accepted', 'The commit: this generation is the image.', { epoch, generation, digest }),
  record(0x84, 'placed', 'These blocks of the committed generation are in the image area.', { volume, first, count }),
  record(0x85, 'settled', 'All of the committed generation is in the image area.', { generation }),
  // Snapshots only: what the records above made.
  record(0x86, 'overlaid', 'Snapshot: committed blocks that still wait in staging.', {
    volume,
    first,
    count,
    slot,
    digests,
  }),
  record(0x87, 'known', 'Snapshot: content digests of the image area.', { volume, first, count, digests }),
  record(0x88, 'occupied', 'Snapshot: blocks of the image area that are not known to be zero.', {
    volume,
    first,
    count,
  }),
  record(0x89, 'image', 'Snapshot: the committed image.', {
    epoch,
    committed: fields.generation,
    structured: fields.generation,
    digest,
  }),
  record(0x8a, 'missed', 'These generations never became an image here; a newer one did.', {
    from: fields.generation,
    to: fields.generation,
  }),
] as const;

export type ReplicaRecord = MessageOf<(typeof replicaRecords)[number]>;
