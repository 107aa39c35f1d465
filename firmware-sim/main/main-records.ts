/**
 * The durable records of the main controller: its state is their fold. Tags 0x01 … 0x3f; those of a replica (for a
 * failback) follow in the same journal.
 */
import { fixedBytes, flag, list, u32, u64 } from '../../protocol/message/field.js';
import { MessageCodec, type MessageOf } from '../../protocol/message/message.js';
import { replicaRecords } from '../replica/replica-records.js';
import { fields, record } from '../storage/record.js';

const { epoch, generation, volume, first, count, slot, digests, digest, code, pair, state, method } = fields;

export const mainRecords = [
  record(0x01, 'formatted', 'A new pair.', {
    pair,
    method,
    blockBytes: u32('unit of copying'),
    volumes: list(u64('bytes'), 8, 'volumes'),
  }),
  record(0x02, 'changing', 'The host is about to change these blocks.', { volume, first, count }),
  record(0x03, 'frozen', 'The image of this instant is generation g.', {
    generation,
    full: flag('everything is sent, whatever is not sent is zero'),
    token: fixedBytes(16, 'the host’s token'),
    included: list(u32('tag'), 4096, 'unacknowledged writes in the image'),
  }),
  record(0x04, 'kept', 'Frozen content lies in the shadow area.', { generation, volume, first, count, slot, digests }),
  record(0x05, 'released', 'Kept content that the sub holds was given up for room.', { volume, first, count }),
  record(0x06, 'deferred', 'Newer content lies in the shadow area until the block is sent.', {
    volume,
    first,
    count,
    slot,
    digests,
  }),
  record(0x07, 'drained', 'Deferred content is in the primary area.', { volume, first, count }),
  record(0x08, 'sent', 'The sub holds these blocks of the generation on its way.', {
    generation,
    volume,
    first,
    count,
    digests,
  }),
  record(0x09, 'unsent', 'The sub does not hold these blocks after all.', { generation, volume, first, count }),
  record(0x0a, 'committed', 'The sub committed the generation on its way.', { generation, digest }),
  record(0x0b, 'adopted', 'The sub committed a generation that had been given up here.', { generation, digest }),
  record(0x0c, 'structured', 'The sub structured this generation.', { generation }),
  record(0x0d, 'failed', 'The generation has failed; its blocks count as changed again.', { generation, code }),
  record(0x0e, 'pairState', 'State of the pair and why.', { state, code }),
  record(0x0f, 'fullNeeded', 'The sub holds no image that main could send a difference to.', { code }),
  record(0x10, 'takenOver', 'The sub has taken over with this epoch; host writes are refused.', { epoch }),
  record(0x11, 'failbackAllowed', 'Blocks changed here since the common image are discarded by a failback.', { epoch }),
  record(0x12, 'regained', 'The failback is done: main is the main side again.', { epoch, generation, digest }),
  // Snapshots only.
  record(0x20, 'counters', 'Snapshot: numbers and flags.', {
    epoch,
    lastFrozen: fields.generation,
    committed: fields.generation,
    structured: fields.generation,
    commitDigest: digest,
    transfer: fields.generation,
    transferFull: flag('the transfer is full'),
    fullNeeded: flag('the next generation is full'),
    takenOver: flag('the sub has taken over'),
    failingBack: flag('a failback is under way'),
    token: fixedBytes(16, 'last token'),
    included: list(u32('tag'), 4096, 'answer to it'),
    state,
    code,
  }),
  record(0x28, 'frozenBefore', 'Snapshot: a freeze that a host may repeat, as it was answered.', {
    ...{ epoch, generation, token: fixedBytes(16, 'the host’s token') },
    included: list(u32('tag'), 4096, 'answer to it'),
  }),
  record(0x21, 'hasFailed', 'Snapshot: a generation that failed.', { generation, code }),
  record(0x22, 'allocated', 'Snapshot: blocks ever written.', { volume, first, count }),
  record(0x23, 'allocatedSince', 'Snapshot: blocks first written since the freeze.', { volume, first, count }),
  record(0x24, 'changed', 'Snapshot: blocks changed since the newest freeze.', { volume, first, count }),
  record(0x25, 'frozenBlocks', 'Snapshot: the difference on its way.', { volume, first, count }),
  record(0x26, 'deferredBefore', 'Snapshot: as deferred, from before the newest freeze.', {
    volume,
    first,
    count,
    slot,
    digests,
  }),
] as const;

export type MainRecord = MessageOf<(typeof mainRecords)[number]>;

export const mainRecordCodec = new MessageCodec([...mainRecords, ...replicaRecords]);
