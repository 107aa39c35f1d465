/** Messages, sealed ones, the status for people, and durable records, which are declared like messages. */

import { isUtf8 } from 'node:buffer';
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { mainRecordCodec } from '../../../firmware-sim/main/main-records.js';
import { subRecordCodec } from '../../../firmware-sim/sub/sub-records.js';
import { statusOf, statusSchema } from '../../../host/status.js';
import { decodeMessage, definitions, encodeMessage } from '../../../protocol/message/messages.js';
import { Opener, Sealer, type SealOptions } from '../../../protocol/session/seal.js';
import { nextKey } from '../../../protocol/session/session-keys.js';
import { fromHex, vectors } from '../../protocol/vectors.js';
import { mainRecordSeeds, subRecordSeeds } from '../records.js';
import { entriesOf, joined } from '../script.js';
import { bufferOf, type Outcome, property, refusingOnly, type Target } from '../target.js';

const seeds = vectors.messages.map(({ encoded }) => fromHex(encoded));
const tags = definitions.map(({ tag }) => Buffer.of(tag, 0));
const checkSeed = 0x434f4c44;

/** A message with its check put right. */
export function checkedMessage(bytes: Uint8Array): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length >= 4) copy.writeUInt32LE(crc32(copy.subarray(0, -4), checkSeed), copy.length - 4);
  return copy;
}

/** Input: one message. */
export const message: Target = {
  name: 'message',
  about: 'every message of the table',
  seeds,
  words: tags,
  inputBytesMax: 8192,
  holds: { fixedBytes: 4096, perByte: 400 },
  modules: ['protocol/message/', 'host/status'],
  run: (input) => {
    const decoded = decodeMessage(input);
    if (!decoded.ok) return refusedMessage(decoded.refusal.code);
    // Text that is no UTF-8 is read as far as it can be; all else stands for itself.
    const again = isUtf8(input) || !hasText(decoded.message) ? encodeMessage(decoded.message) : bufferOf(input);
    property(again.equals(input), 'it is encoded as it was');
    return { label: decoded.message.kind, output: decoded.message };
  },
  repair: checkedMessage,
};

const messageRefusals = [...['message-truncated', 'message-trailing', 'message-check', 'message-tag', 'message-value']];

function refusedMessage(code: string): Outcome {
  property(messageRefusals.includes(code), `${code} is no refusal of a message`);
  return { label: code };
}

function hasText(value: { readonly kind: string }): boolean {
  return value.kind === 'refused' || value.kind === 'status';
}

/** Input: a message `status`. */
export const status: Target = {
  name: 'status',
  about: 'the status of a controller as `coldframe host status --json` gives it',
  seeds: vectors.messages.flatMap(({ message: { kind }, encoded }) => (kind === 'status' ? [fromHex(encoded)] : [])),
  inputBytesMax: 1024,
  holds: { fixedBytes: 8192, perByte: 400 },
  modules: ['host/status', 'protocol/message/'],
  run: (input) => {
    const decoded = decodeMessage(input);
    if (!decoded.ok || decoded.message.kind !== 'status') return { label: 'no status' };
    const { message: told } = decoded;
    return refusingOnly(['message-value'], () => {
      const value = statusOf(told);
      property(statusSchema.safeParse(JSON.parse(JSON.stringify(value))).success, 'as JSON it fits its schema');
      return { label: value.pairState, output: value };
    });
  },
  repair: checkedMessage,
};

const [golden] = vectors.sessions as readonly [(typeof vectors.sessions)[number]];
/** Of one queue and direction, with a new key after every few messages. */
const lane: SealOptions = {
  cipher: golden.cipher,
  key: fromHex(golden.keys['main>sub 0'] ?? ''),
  rekeyMessages: golden.rekeyMessages,
};
const keys = [lane.key];
const sealedTag = 4;
const headerBytes = 14;
const overheadBytes = headerBytes + 16 + 4;

/** Input: sealed messages of one queue of a session, each with u16 its length before it. */
export const sealed: Target = {
  runsInTests: 60,
  name: 'sealed',
  about: 'sealed messages of one queue: counters, authentication, keys that are replaced, the message inside',
  seeds: [
    joined(golden.sealed.map(({ encoded }) => fromHex(encoded))),
    joined(sealAll(seeds.slice(0, 12))),
    joined([...sealAll(seeds.slice(12, 16)), ...sealAll(seeds.slice(12, 14))]),
  ],
  words: [Buffer.of(0, 0, 1, 0, 0, 0, 0, 0), Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0)],
  inputBytesMax: 8192,
  allocates: { fixedBytes: 2 ** 21, perByte: 1024 },
  holds: { fixedBytes: 4096, perByte: 400 },
  modules: ['protocol/session/', 'protocol/message/'],
  run: (input) => {
    const opener = new Opener(lane);
    let next = 0;
    let label = 'nothing opened';
    const opened = entriesOf(bufferOf(input)).map((entry) => {
      const outer = decodeMessage(entry);
      if (!outer.ok || outer.message.kind !== 'sealed') return undefined;
      const inner = opener.open(outer.message);
      if (!inner.ok) {
        label = inner.code;
        return undefined;
      }
      property(outer.message.counter === next, 'counters open in their turn');
      next += 1;
      const decoded = decodeMessage(inner.message);
      label = decoded.ok ? 'opened' : decoded.refusal.code;
      return decoded;
    });
    return { label, output: opened };
  },
  repair: (input) => joined(entriesOf(bufferOf(input)).map(resealed)),
};

function sealAll(messages: readonly Buffer[]): Buffer[] {
  const sealer = new Sealer(lane);
  return messages.map((each) => encodeMessage(sealer.seal(each)));
}

/** Whoever holds the key may put anything under it: what the entry deciphers to is sealed in its turn, its own check put right. */
function resealed(entry: Buffer, counter: number): Buffer {
  if (entry.length < overheadBytes) return entry;
  const copy = Buffer.from(entry);
  copy.writeUInt16LE(sealedTag, 0);
  copy.writeUInt32LE(copy.length - headerBytes - 4, 10);
  copy.writeBigUInt64LE(BigInt(counter), 2);
  const nonce = Buffer.alloc(12);
  copy.copy(nonce, 0, 2, 10);
  const key = keyOf(counter);
  const text = copy.subarray(headerBytes, -20);
  const plain = checkedMessage(createDecipheriv('aes-256-gcm', key, nonce).update(text));
  const cipher = createCipheriv('aes-256-gcm', key, nonce);
  cipher.setAAD(copy.subarray(0, 10));
  copy.set(Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]), headerBytes);
  return checkedMessage(copy);
}

function keyOf(counter: number): Uint8Array {
  const index = Math.floor(counter / golden.rekeyMessages);
  while (keys.length <= index) keys.push(nextKey(keys.at(-1) ?? lane.key));
  return keys[index] ?? lane.key;
}

/** Input: one durable record. */
export const record: Target = {
  name: 'record',
  about: 'every durable record of both controllers',
  seeds: [...mainRecordSeeds, ...subRecordSeeds],
  inputBytesMax: 4096,
  holds: { fixedBytes: 4096, perByte: 400 },
  modules: ['protocol/message/'],
  run: (input) => {
    let label = '';
    const output = [mainRecordCodec, subRecordCodec].map((codec) => {
      const decoded = codec.decode(input);
      if (decoded.ok) property(codec.encode(decoded.message).equals(input), 'it is encoded as it was');
      label += decoded.ok ? decoded.message.kind : refusedMessage(decoded.refusal.code).label;
      return decoded;
    });
    return { label, output };
  },
  repair: checkedMessage,
};
