/** The durable records of the sub controller: its state is their fold. Tags 0x40 … 0x5f, beside those of the replica. */
import { list, u32, u64 } from '../../protocol/message/field.js';
import { MessageCodec, type MessageOf } from '../../protocol/message/message.js';
import { replicaRecords } from '../replica/replica-records.js';
import { fields, record } from '../storage/record.js';

const { epoch, generation, volume, first, count, code, pair, state, method } = fields;

export const subRecords = [
  record(0x40, 'prepared', 'The areas of a sub that belongs to no pair yet.', {
    blockBytes: u32('unit of copying'),
    volumes: list(u64('bytes'), 8, 'volumes'),
  }),
  record(0x41, 'joined', 'The sub belongs to this pair.', { pair, method, epoch }),
  record(0x42, 'pairState', 'State of the pair and why.', { state, code }),
  record(0x43, 'tookOver', 'The takeover: the secondary area takes host writes.', { epoch }),
  record(0x44, 'changing', 'After a takeover: the host is about to change these blocks.', { volume, first, count }),
  record(0x45, 'failbackBegun', 'Host writes are refused; the difference goes back to main as this generation.', {
    generation,
  }),
  record(0x46, 'gaveBack', 'Main holds the image and is the main side again.', { generation }),
  record(0x47, 'failbackEnded', 'The failback failed; host writes are taken here again.', { generation }),
] as const;

export type SubRecord = MessageOf<(typeof subRecords)[number]>;

export const subRecordCodec = new MessageCodec([...subRecords, ...replicaRecords]);
