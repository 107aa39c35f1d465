/**
 * Every message of the protocol. Tags are explicit and never reused; MESSAGES.md is generated from this table.
 *
 * 0x01 … sessions, 0x10 … SCSI information units, 0x20 … instructions of the host, 0x40 … replication.
 */
import type { BlockNumber, Epoch, Generation, VolumeNumber } from '../ids.js';
import type { Refusal } from '../refusals.js';
import { bytes, choice, type Field, fixedBytes, flag, group, list, text, u8, u16, u32, u64 } from './field.js';
import { control, hostIo, MessageCodec, type MessageOf, message, type Priority, replication } from './message.js';

/** The version that hello carries. Two sides must agree on it. */
export const protocolVersion = 1;
/** The most bytes that one message may have, headers included. */
export const messageBytesMax = 2 ** 20 + 2 ** 16;
/** The most bytes of blocks in one blockRun, and of data in one dataOut or dataIn. */
export const dataBytesMax = 2 ** 20;
/** Bytes of a content digest: SHA-256 cut to 128 bits; all zero for a block of zeros. */
export const digestBytes = 16;

const request = u32('the number that the asker gave this request; its answer carries it again');
const generationField = (doc: string): Field<Generation> => u32(doc) as unknown as Field<Generation>;
const epochField = (doc: string): Field<Epoch> => u32(doc) as unknown as Field<Epoch>;
const volumeField = u8('volume') as unknown as Field<VolumeNumber>;
const blockField = (doc: string): Field<BlockNumber> => u64(doc) as unknown as Field<BlockNumber>;
const methodField = choice({ copy: 1, differential: 2, streaming: 3 }, 'method');
const roleField = choice({ host: 1, main: 2, sub: 3, disk: 4 }, 'role of the sender');
const pairStateField = choice({ SMPL: 0, COPY: 1, PAIR: 2, PSUS: 3, SSUS: 4, PSUE: 5, SSWS: 6 }, 'pair state');
const refusalNumber = (doc: string) => u16(`${doc}: a number of the refusal table, 0 for none`);

export const definitions = [
  // ---- sessions ----
  message({
    kind: 'hello',
    tag: 0x01,
    priority: control,
    way: 'both ways, first of a session',
    doc: 'Who speaks. Sent in clear by both sides when a link session opens; nothing else is taken before it.',
    fields: {
      version: u16('protocol version'),
      role: roleField,
      capabilities: u32('bit 0 sealed sessions (AES-256-GCM), bit 1 reserved for compression; others 0'),
      keyed: flag('this side has a key and demands a sealed session'),
      salt: fixedBytes(32, 'fresh at each session, from boot entropy and a counter'),
    },
  }),
  message({
    kind: 'proof',
    tag: 0x02,
    priority: control,
    way: 'both ways, second of a keyed session',
    doc: 'The first sealed message: a side that can open it holds the same key.',
    fields: { peerSalt: fixedBytes(32, 'the salt of the other side’s hello') },
  }),
  message({
    kind: 'refused',
    tag: 0x03,
    priority: control,
    way: 'answer to any request or hello',
    doc: 'Refused, with the reason; nothing has changed.',
    fields: {
      request: u32('the request that is refused, 0 when it had no number'),
      code: u16('a number of the refusal table'),
      detail: text(500, 'what exactly'),
    },
  }),
  message({
    kind: 'sealed',
    tag: 0x04,
    priority: control,
    way: 'both ways',
    doc: 'Another whole message, encrypted and authenticated: AES-256-GCM under the key of this session and direction. The nonce is the counter in 12 bytes, little-endian; the additional data are tag and counter as they stand here. Travels at the priority of what it carries.',
    fields: {
      counter: u64('one more with each sealed message of this direction and session, from 0'),
      ciphertext: bytes(messageBytesMax, 'the message, encrypted, then the 16 bytes of the authentication tag'),
    },
  }),

  // ---- SCSI information units, after SSP (SAS Protocol Layer, clause 6) ----
  message({
    kind: 'command',
    tag: 0x10,
    priority: hostIo,
    way: 'initiator → target',
    doc: 'COMMAND information unit.',
    fields: {
      tag: u32('initiator’s tag of this command, unique among its outstanding ones'),
      lun: u16('logical unit'),
      attribute: choice({ simple: 0, headOfQueue: 1, ordered: 2 }, 'task attribute'),
      cdb: bytes(32, 'command descriptor block'),
      dataOutBytes: u32('how many bytes of data follow on request'),
      dataInBytesMax: u32('how many bytes of data the initiator can take'),
      dataCheck: u32('CRC-32 of all data out, 0 without data'),
    },
  }),
  message({
    kind: 'transferReady',
    tag: 0x11,
    priority: hostIo,
    way: 'target → initiator',
    doc: 'XFER_RDY: the target has room for this part of the data.',
    fields: { tag: u32('command'), offset: u32('first byte asked for'), length: u32('how many') },
  }),
  message({
    kind: 'dataOut',
    tag: 0x12,
    priority: hostIo,
    way: 'initiator → target',
    doc: 'DATA, host to device; only what a transferReady asked for.',
    fields: { tag: u32('command'), offset: u32('of the first byte'), data: bytes(dataBytesMax, 'data') },
  }),
  message({
    kind: 'dataIn',
    tag: 0x13,
    priority: hostIo,
    way: 'target → initiator',
    doc: 'DATA, device to host.',
    fields: { tag: u32('command'), offset: u32('of the first byte'), data: bytes(dataBytesMax, 'data') },
  }),
  message({
    kind: 'response',
    tag: 0x14,
    priority: hostIo,
    way: 'target → initiator',
    doc: 'RESPONSE information unit: the command has ended.',
    fields: {
      tag: u32('command'),
      status: u8(
        'SAM status: 00h GOOD, 02h CHECK CONDITION, 08h BUSY, 18h RESERVATION CONFLICT, 28h TASK SET FULL, 40h TASK ABORTED',
      ),
      sense: bytes(252, 'fixed format sense data with CHECK CONDITION, else empty'),
      dataInBytes: u32('how many bytes of data were sent'),
      dataCheck: u32('CRC-32 of all data in, 0 without data'),
    },
  }),
  message({
    kind: 'taskManagement',
    tag: 0x15,
    priority: control,
    way: 'initiator → target',
    doc: 'TASK information unit.',
    fields: {
      request,
      function: choice(
        { abortTask: 1, abortTaskSet: 2, clearTaskSet: 4, logicalUnitReset: 8, queryTask: 128 },
        'function',
      ),
      lun: u16('logical unit'),
      managedTag: u32('the command it is about, for abortTask and queryTask'),
    },
  }),
  message({
    kind: 'taskResponse',
    tag: 0x16,
    priority: control,
    way: 'target → initiator',
    doc: 'Answer to taskManagement.',
    fields: {
      request,
      response: choice({ complete: 0, failed: 5, notSupported: 4, succeeded: 8, incorrectLun: 9 }, 'response code'),
    },
  }),

  // ---- instructions of the host ----
  message({
    kind: 'freeze',
    tag: 0x20,
    priority: control,
    way: 'host → main',
    doc: 'Keep the image of this instant. The same token again gets the same answer.',
    fields: { request, token: fixedBytes(16, 'the host’s token, fresh for each generation wanted') },
  }),
  message({
    kind: 'frozen',
    tag: 0x21,
    priority: control,
    way: 'main → host',
    doc: 'The image is fixed and durably so.',
    fields: {
      request,
      epoch: epochField('epoch of the pair'),
      generation: generationField('the new generation'),
      included: list(
        u32('tag of a write command'),
        4096,
        'writes that were not acknowledged at that instant and are in the image',
      ),
    },
  }),
  message({
    kind: 'getStatus',
    tag: 0x22,
    priority: control,
    way: 'host → controller',
    doc: 'Ask for the state of the controller.',
    fields: { request },
  }),
  message({
    kind: 'status',
    tag: 0x23,
    priority: control,
    way: 'controller → host',
    doc: 'The state of the controller.',
    fields: {
      request,
      role: roleField,
      pairState: pairStateField,
      reason: refusalNumber('why the pair is suspended'),
      pair: fixedBytes(16, 'pair id, zeros before pairing'),
      epoch: epochField('epoch of the pair'),
      method: methodField,
      blockBytes: u32('unit of copying'),
      volumes: list(u64('bytes of a volume'), 8, 'sizes'),
      frozen: generationField('newest generation frozen'),
      committed: generationField('newest generation that the sub committed'),
      structured: generationField('newest generation whose secondary area is structured'),
      failed: generationField('newest generation that failed, 0 for none'),
      failedReason: refusalNumber('why it failed'),
      commitDigest: fixedBytes(16, 'digest of the committed generation'),
      blocksTotal: u64('blocks of the generation on its way'),
      blocksSent: u64('of these, durably at the sub'),
      deferredBlocks: u64('host writes that wait in the shadow area, in blocks'),
      changedBlocks: u64('blocks changed since the newest freeze'),
      unstructuredBlocks: u64('committed blocks that still wait in staging'),
      shadowSlots: u64('blocks that the shadow (main) or staging (sub) area can take'),
      shadowSlotsFree: u64('of these, free'),
      hostStallUsMax: u64('longest time that a host write waited for a block to be sent, in microseconds'),
      lines: list(
        group({ name: text(32, 'name'), up: flag('a session is open') }, 'line'),
        8,
        'lines of this controller',
      ),
    },
  }),
  message({
    kind: 'wait',
    tag: 0x24,
    priority: control,
    way: 'host → controller',
    doc: 'Answer when this generation is committed or structured, or has failed.',
    fields: {
      request,
      generation: generationField('which'),
      target: choice({ committed: 1, structured: 2 }, 'what to wait for'),
    },
  }),
  message({
    kind: 'waited',
    tag: 0x25,
    priority: control,
    way: 'controller → host',
    doc: 'Answer to wait.',
    fields: { request, generation: generationField('which'), reason: refusalNumber('why it failed') },
  }),
  message({
    kind: 'getDigests',
    tag: 0x26,
    priority: control,
    way: 'host → controller',
    doc: 'Digests of equal parts of a range, computed from the medium now (PROTOCOL.md, digests). The last part may be shorter.',
    fields: {
      request,
      generation: generationField(
        'at the sub the image meant, refused if it is not the current one; 0 at main, or for whichever is current',
      ),
      volume: volumeField,
      first: blockField('first block'),
      count: u64('blocks in all'),
      partBlocks: u64('blocks of one part'),
    },
  }),
  message({
    kind: 'digests',
    tag: 0x27,
    priority: control,
    way: 'controller → host',
    doc: 'Answer to getDigests.',
    fields: {
      request,
      generation: generationField('the image they are of, 0 at main'),
      digests: list(fixedBytes(digestBytes, 'range digest'), 256, 'one for each part'),
    },
  }),
  message({
    kind: 'suspend',
    tag: 0x28,
    priority: control,
    way: 'host → main',
    doc: 'Stop sending (PSUS at main, SSUS at the sub) until resync.',
    fields: { request },
  }),
  message({
    kind: 'resync',
    tag: 0x29,
    priority: control,
    way: 'host → main',
    doc: 'Bring a suspended pair back.',
    fields: { request },
  }),
  message({
    kind: 'takeover',
    tag: 0x2a,
    priority: control,
    way: 'host → sub',
    doc: 'Make the committed image readable and writable here.',
    fields: { request, force: flag('also when the main side is alive') },
  }),
  message({
    kind: 'failback',
    tag: 0x2b,
    priority: control,
    way: 'host → sub',
    doc: 'After a takeover: send the difference back to main, which becomes the main side again.',
    fields: { request, discard: flag('main’s writes that were never sent may be discarded') },
  }),
  message({
    kind: 'done',
    tag: 0x2c,
    priority: control,
    way: 'controller → host',
    doc: 'The instruction is carried out, durably.',
    fields: {
      request,
      epoch: epochField('epoch of the pair now'),
      generation: generationField('the newest generation now'),
      effect: flag('whether anything changed'),
    },
  }),

  // ---- replication: main → sub, and sub → main at failback ----
  message({
    kind: 'pairing',
    tag: 0x40,
    priority: control,
    way: 'both controllers, after hello',
    doc: 'What this controller durably knows of the pair (rule: compare pair, epoch, generation, commit digest).',
    fields: {
      pair: fixedBytes(16, 'pair id, zeros when this sub has none yet'),
      epoch: epochField('epoch'),
      method: methodField,
      blockBytes: u32('unit of copying'),
      volumes: list(u64('bytes of a volume'), 8, 'sizes'),
      frozen: generationField('newest generation this side knows of'),
      committed: generationField('newest generation committed'),
      commitDigest: fixedBytes(16, 'its digest'),
      structured: generationField('newest generation structured'),
      state: pairStateField,
      receiving: generationField('sub: the generation its staging is for, 0 for none; main: the one on its way'),
      takenOver: flag('this side has taken over and takes host writes'),
      runBytesMax: u32('most bytes of blocks in one blockRun that this side takes'),
      windowBytes: u32('most bytes of blocks that may be unanswered'),
    },
  }),
  message({
    kind: 'begin',
    tag: 0x41,
    priority: replication,
    way: 'sender → receiver',
    doc: 'Blocks of this generation follow. Staging of another generation that is not committed is dropped.',
    fields: {
      epoch: epochField('epoch'),
      generation: generationField('the generation on its way'),
      base: generationField('the committed generation that it is a difference to'),
      full: flag('whatever is not sent is zero'),
      state: pairStateField,
    },
  }),
  message({
    kind: 'blockRun',
    tag: 0x42,
    priority: replication,
    way: 'sender → receiver',
    doc: 'Contiguous blocks with their content digests.',
    fields: {
      run: u32('number of this run, one more with each of a session'),
      generation: generationField('the generation it is for'),
      volume: volumeField,
      first: blockField('first block'),
      digests: bytes(digestBytes * 4096, 'content digests, 16 bytes for each block'),
      data: bytes(dataBytesMax, 'contents, block after block'),
    },
  }),
  message({
    kind: 'zeroRun',
    tag: 0x43,
    priority: replication,
    way: 'sender → receiver',
    doc: 'Contiguous blocks of zeros.',
    fields: {
      run: u32('number of this run'),
      generation: generationField('the generation it is for'),
      volume: volumeField,
      first: blockField('first block'),
      count: u64('how many'),
    },
  }),
  message({
    kind: 'stored',
    tag: 0x44,
    priority: control,
    way: 'receiver → sender',
    doc: 'These runs are verified and durable in staging.',
    fields: { generation: generationField('generation'), runs: list(u32('run'), 4096, 'runs') },
  }),
  message({
    kind: 'runRefused',
    tag: 0x45,
    priority: control,
    way: 'receiver → sender',
    doc: 'This run was not taken.',
    fields: { generation: generationField('generation'), run: u32('run'), code: u16('refusal number') },
  }),
  message({
    kind: 'complete',
    tag: 0x46,
    priority: replication,
    way: 'sender → receiver',
    doc: 'Everything of this generation has been sent and stored.',
    fields: {
      generation: generationField('generation'),
      blocks: u64('blocks sent, blocks of zeros included'),
      zeroBlocks: u64('of these, blocks of zeros'),
      digest: fixedBytes(digestBytes, 'digest over every address and content digest (PROTOCOL.md, digests)'),
    },
  }),
  message({
    kind: 'committed',
    tag: 0x47,
    priority: control,
    way: 'receiver → sender',
    doc: 'The generation is now the image, durably.',
    fields: {
      epoch: epochField('epoch'),
      generation: generationField('generation'),
      digest: fixedBytes(digestBytes, 'as in complete'),
    },
  }),
  message({
    kind: 'completeRefused',
    tag: 0x48,
    priority: control,
    way: 'receiver → sender',
    doc: 'Staging does not agree with complete; the sender asks for the holdings and sends what differs.',
    fields: { generation: generationField('generation'), code: u16('refusal number') },
  }),
  message({
    kind: 'structured',
    tag: 0x49,
    priority: control,
    way: 'receiver → sender',
    doc: 'The raw secondary area now equals this generation.',
    fields: { generation: generationField('generation') },
  }),
  message({
    kind: 'getHoldings',
    tag: 0x4a,
    priority: replication,
    way: 'sender → receiver',
    doc: 'What does staging hold for this generation? Asked when a session opens in the middle of a transfer.',
    fields: { generation: generationField('generation') },
  }),
  message({
    kind: 'holdings',
    tag: 0x4b,
    priority: control,
    way: 'receiver → sender',
    doc: 'A part of the answer to getHoldings.',
    fields: {
      generation: generationField('generation'),
      volume: volumeField,
      chunks: list(
        group(
          {
            chunk: u64('index: blocks 64·chunk … 64·chunk+63'),
            held: fixedBytes(8, 'bit i of byte i/8: block 64·chunk+i is held'),
            digest: fixedBytes(digestBytes, 'range digest of the blocks held'),
          },
          'chunk',
        ),
        2048,
        'chunks that hold anything',
      ),
      last: flag('no part follows'),
    },
  }),
  message({
    kind: 'abandon',
    tag: 0x4c,
    priority: control,
    way: 'both ways',
    doc: 'This generation has failed; its staging is dropped.',
    fields: { generation: generationField('generation'), code: u16('refusal number'), state: pairStateField },
  }),
  message({
    kind: 'pairStateChanged',
    tag: 0x4d,
    priority: control,
    way: 'main → sub',
    doc: 'Suspended or brought back.',
    fields: { state: pairStateField, code: u16('refusal number of the reason, 0 for none') },
  }),
  message({
    kind: 'failbackAsk',
    tag: 0x4e,
    priority: control,
    way: 'sub → main',
    doc: 'Which blocks differ at main from the committed generation? Main refuses host writes from here on.',
    fields: {
      request,
      epoch: epochField('the epoch of the takeover'),
      committed: generationField('the common image'),
      discard: flag('writes never sent may be discarded'),
    },
  }),
  message({
    kind: 'failbackDifference',
    tag: 0x4f,
    priority: control,
    way: 'main → sub',
    doc: 'A part of the answer: blocks that differ at main.',
    fields: {
      request,
      volume: volumeField,
      chunks: list(
        group({ chunk: u64('index'), blocks: fixedBytes(8, 'bit i: block 64·chunk+i differs') }, 'chunk'),
        4096,
        'chunks',
      ),
      last: flag('no part follows'),
    },
  }),
  message({
    kind: 'failbackDone',
    tag: 0x50,
    priority: control,
    way: 'sub → main',
    doc: 'Main may take host writes again: the sub has durably given the right to write back.',
    fields: { epoch: epochField('epoch'), generation: generationField('the generation that both now hold') },
  }),
] as const;

/** Any message, discriminated on `kind`. */
export type Message = MessageOf<(typeof definitions)[number]>;
export type MessageKind = Message['kind'];
/** One message by its kind. */
export type MessageNamed<Kind extends MessageKind> = Extract<Message, { readonly kind: Kind }>;

const codec = new MessageCodec(definitions);

/** Encodes a message; throws a RangeError when a field has a value that it cannot carry. */
export const encodeMessage = (value: Message): Buffer => codec.encode(value);

/** Decodes a message, or says why not. Byte fields of the result are views of `encoded`. */
export const decodeMessage = (encoded: Uint8Array) => codec.decode(encoded) as Decoded;
export type Decoded =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly refusal: Refusal };

/** The queue of the link that a kind of message waits in, unless its sender says otherwise. */
export const priorityOf = (kind: MessageKind): Priority => codec.priorityOf(kind);
