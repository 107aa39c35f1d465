/**
 * Somebody on the line who knows the protocol and has no key: changes and exchanges sealed messages, with right checks of
 * frames and messages around them. The handshake is left alone: who stops it stops the session, and needs no skill.
 */
import { crc32 } from 'node:zlib';
import { decodeFrame, encodeFrame, type Frame, markOf } from '../../../protocol/frame/frame.js';
import { unreachable } from '../../../protocol/ids.js';
import { unitsOf } from '../../../protocol/link/sequence.js';
import { decodeMessage, encodeMessage } from '../../../protocol/message/messages.js';
import type { Wire } from '../kernel.js';
import type { Delivery, LineCounts } from '../line-model.js';
import type { LinkFault, Tampering } from './link-plan.js';

export interface TamperingFault extends LinkFault {
  readonly effect: Tampering;
}

interface Sealed {
  readonly frame: Extract<Frame, { kind: 'data' }>;
  readonly mark: number;
  readonly counter: number;
}

/** PROTOCOL.md, "Messages": the check is the last 4 bytes, a CRC-32 started from "COLD". */
const checkSeed = 0x434f4c44;
const checkBytes = 4;
const tagBytes = 2;
/** Behind tag, counter and length; its last bytes are the authentication tag. */
const ciphertextAt = tagBytes + 8 + 4;
const authenticationBytes = 16;

export class TamperingWire implements Wire {
  readonly #around: Wire;
  readonly #faults: ReadonlyMap<number, TamperingFault>;
  readonly #applied: (fault: TamperingFault) => void;
  readonly #passed: Uint8Array[] = [];

  constructor(around: Wire, faults: readonly TamperingFault[], applied: (fault: TamperingFault) => void) {
    this.#around = around;
    this.#faults = new Map(faults.map((fault) => [fault.frame, fault]));
    this.#applied = applied;
  }

  get freeAtUs(): number {
    return this.#around.freeAtUs;
  }

  get counts(): LineCounts {
    return this.#around.counts;
  }

  carry(bytes: Uint8Array, nowUs: number): readonly Delivery[] {
    this.#passed.push(bytes);
    const fault = this.#faults.get(this.#passed.length);
    const changed = fault && this.#tamper(bytes, fault.effect);
    if (fault !== undefined && changed !== undefined) this.#applied(fault);
    return this.#around.carry(changed ?? bytes, nowUs);
  }

  #tamper(bytes: Uint8Array, effect: Tampering): Uint8Array | undefined {
    const sealed = sealedIn(bytes);
    if (sealed === undefined) return undefined;
    const { frame, mark } = sealed;
    switch (effect.kind) {
      case 'forgeMessage':
        return encodeFrame({ ...frame, payload: forged(frame.payload, effect.at, effect.xor) }, mark);
      case 'unseal':
        return encodeFrame({ ...frame, payload: clearOf(frame.payload.length) }, mark);
      case 'swap': {
        const other = sealedIn(this.#passed.at(-1 - effect.framesAgo) ?? Buffer.alloc(0));
        if (other === undefined || !exchangeable(sealed, other)) return undefined;
        return encodeFrame({ ...frame, payload: other.frame.payload }, mark);
      }
      default:
        return unreachable(effect);
    }
  }
}

/** Whether `other` came before in the same queue, or in an earlier session: what the receiver can tell, and must. */
function exchangeable(sealed: Sealed, other: Sealed): boolean {
  if (unitsOf(other.frame.payload.length) !== unitsOf(sealed.frame.payload.length)) return false;
  if (other.mark !== sealed.mark) return true;
  return other.frame.priority === sealed.frame.priority && other.counter < sealed.counter;
}

/** A frame that holds a whole sealed message, except the proof. */
function sealedIn(bytes: Uint8Array): Sealed | undefined {
  const encoded = bytes.subarray(0, -1);
  const mark = markOf(encoded);
  const decoded = mark === undefined ? undefined : decodeFrame(encoded, mark);
  if (mark === undefined || !decoded?.ok) return undefined;
  const { frame } = decoded;
  if (frame.kind !== 'data' || !frame.first || !frame.last) return undefined;
  const message = decodeMessage(frame.payload);
  if (!message.ok || message.message.kind !== 'sealed' || message.message.counter === 0) return undefined;
  return { frame, mark, counter: message.message.counter };
}

/** A message that anybody can make, of so many bytes. */
function clearOf(bytes: number): Buffer {
  const message = { kind: 'dataOut', tag: 0, offset: 0 } as const;
  const { length } = encodeMessage({ ...message, data: Buffer.alloc(0) });
  return encodeMessage({ ...message, data: Buffer.alloc(bytes - length, 0xee) });
}

/**
 * A byte behind the tag is changed. In the ciphertext, a stream cipher's, that changes the same byte of what is inside;
 * and since a CRC is linear, the check inside is made right without knowing a byte of it.
 */
function forged(message: Uint8Array, at: number, xor: number): Buffer {
  const changed = Buffer.from(message);
  const end = changed.length - checkBytes;
  const offset = tagBytes + (at % (end - tagBytes));
  changed[offset] = (changed[offset] ?? 0) ^ xor;
  const insideEnd = end - authenticationBytes - checkBytes;
  if (offset >= ciphertextAt && offset < insideEnd) {
    const difference = Buffer.alloc(insideEnd - ciphertextAt);
    const zeros = crc32(difference);
    difference[offset - ciphertextAt] = xor;
    const check = changed.readUInt32LE(insideEnd) ^ crc32(difference) ^ zeros;
    changed.writeUInt32LE(check >>> 0, insideEnd);
  }
  changed.writeUInt32LE(crc32(changed.subarray(0, end), checkSeed), end);
  return changed;
}
