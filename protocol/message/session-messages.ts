/** Messages of sessions: tags 0x01 … */
import { bytes, fixedBytes, flag, text, u16, u32, u64 } from './field.js';
import { control, message } from './message.js';
import { messageBytesMax, refusalCode, roleField } from './vocabulary.js';

export const sessionMessages = [
  message({
    kind: 'hello',
    tag: 0x01,
    priority: control,
    way: 'both ways, first of a session',
    doc: 'Who speaks. Sent in clear by both sides when a link session opens; nothing else is taken before it.',
    fields: {
      version: u16('protocol version'),
      role: roleField,
      capabilities: u32(
        'ciphers that this side takes: bit 0 AES-256-GCM, bit 1 ChaCha20-Poly1305; bits 8 … 11: the largest window of compressed runs that it takes, as a logarithm, 9 … 15, or 0; bit 12: it takes held runs; others 0',
      ),
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
      code: refusalCode('a number of the refusal table'),
      detail: text(500, 'what exactly'),
    },
  }),
  message({
    kind: 'sealed',
    tag: 0x04,
    priority: control,
    way: 'both ways',
    doc: 'Another whole message, encrypted and authenticated with the cipher of the session, under the key of its direction and queue. The nonce is the counter in 12 bytes, little-endian; the additional data are tag and counter as they stand here. Travels at the priority of what it carries.',
    fields: {
      counter: u64('one more with each sealed message of this session, direction and queue, from 0'),
      ciphertext: bytes(messageBytesMax, 'the message, encrypted, then the 16 bytes of the authentication tag'),
    },
  }),
] as const;
