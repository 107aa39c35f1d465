/**
 * Messages as somebody makes them who knows the protocol and has no key: with every check right that takes none. Each is
 * undefined where there is none such, or none that would differ.
 */
import { crc32 } from 'node:zlib';
import { unreachable } from '../../../protocol/ids.js';
import { encodeMessage, type MessageNamed } from '../../../protocol/message/messages.js';
import { type RefusalCode, refusals } from '../../../protocol/refusals.js';
import { capabilitiesOf } from '../../../protocol/session/ciphers.js';
import type { Direction } from '../plan.js';
import type { downgrades, impersonations } from './link-plan.js';
import type { Tape } from './tape.js';

/** PROTOCOL.md, "Messages": the check is the last 4 bytes, a CRC-32 started from "COLD". */
const checkSeed = 0x434f4c44;
const checkBytes = 4;
const tagBytes = 2;
/** In a sealed message behind tag, counter and length; its last bytes are the authentication tag. */
const ciphertextAt = tagBytes + 8 + 4;
const authenticationBytes = 16;

/**
 * A byte behind the tag is changed. In the ciphertext, a stream cipher's, that changes the same byte of what is inside;
 * and since a CRC is linear, the check inside is made right without knowing a byte of it.
 */
export function changed(
  message: Uint8Array,
  { at, xor, sealed }: { at: number; xor: number; sealed: boolean },
): Buffer {
  const made = Buffer.from(message);
  const end = made.length - checkBytes;
  const offset = tagBytes + (at % (end - tagBytes));
  made[offset] = (made[offset] ?? 0) ^ xor;
  const insideEnd = end - authenticationBytes - checkBytes;
  if (sealed && offset >= ciphertextAt && offset < insideEnd) {
    const difference = Buffer.alloc(insideEnd - ciphertextAt);
    const zeros = crc32(difference);
    difference[offset - ciphertextAt] = xor;
    const check = made.readUInt32LE(insideEnd) ^ crc32(difference) ^ zeros;
    made.writeUInt32LE(check >>> 0, insideEnd);
  }
  made.writeUInt32LE(crc32(made.subarray(0, end), checkSeed), end);
  return made;
}

/** A sealed message without so many of its last bytes. */
export function cut({ counter, ciphertext }: MessageNamed<'sealed'>, bytes: number): Buffer | undefined {
  if (bytes > ciphertext.length) return undefined;
  return encodeMessage({ kind: 'sealed', counter, ciphertext: ciphertext.subarray(0, -bytes) });
}

/** A message in clear of so many bytes. */
export function clear(bytes: number): Buffer | undefined {
  const message = { kind: 'dataOut', tag: 0, offset: 0 } as const;
  const { length } = encodeMessage({ ...message, data: Buffer.alloc(0) });
  return bytes < length ? undefined : encodeMessage({ ...message, data: Buffer.alloc(bytes - length, 0xee) });
}

/** A refusal of the session, of about so many bytes. */
export function refusal(code: RefusalCode, bytes: number): Buffer {
  const message = { kind: 'refused', request: 0, code: refusals[code].number } as const;
  const { length } = encodeMessage({ ...message, detail: '' });
  return encodeMessage({ ...message, detail: '!'.repeat(Math.min(500, Math.max(0, bytes - length))) });
}

/** A hello with less in it. */
export function downgraded(hello: MessageNamed<'hello'>, without: (typeof downgrades)[number]): Buffer | undefined {
  if (without === 'key') return encodeMessage({ ...hello, keyed: false });
  const bits = without === 'all ciphers' ? hello.capabilities : hello.capabilities & capabilitiesOf([without]);
  return bits === 0 ? undefined : encodeMessage({ ...hello, capabilities: hello.capabilities & ~bits });
}

/** Another hello in place of this one, which goes this way. */
export function impersonated(
  hello: MessageNamed<'hello'>,
  { as, direction, tape }: { as: (typeof impersonations)[number]; direction: Direction; tape: Tape },
): Buffer | undefined {
  const said = tape.hello(direction === 'there' ? 'back' : 'there', 0);
  switch (as) {
    case 'stranger':
      return encodeMessage({ ...hello, salt: Buffer.alloc(32, 'nobody’s') });
    case 'echo':
      return said && encodeMessage(said);
    case 'mirror':
      return said && encodeMessage({ ...said, role: hello.role });
    case 'past': {
      const before = tape.hello(direction, 1);
      return before && encodeMessage(before);
    }
    default:
      return unreachable(as);
  }
}
