/**
 * Keys of a session and the sealing of messages with them (PROTOCOL.md, "Sessions"): AES-256-GCM, a key for each
 * direction, a counter as nonce.
 */
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto';
import type { MessageNamed } from '../message/messages.js';
import type { RefusalCode } from '../refusals.js';
import type { Role } from './endpoint-types.js';
import { ReplayWindow } from './replay-window.js';

const sealedTag = 0x0004;
const keyBytes = 32;
const nonceBytes = 12;
const authenticationBytes = 16;

export interface Direction {
  readonly sender: Role;
  readonly receiver: Role;
}

/** The key of one direction. The order of the salts does not matter: the smaller one goes first. */
export function sessionKey(
  preShared: Uint8Array,
  salts: readonly [Uint8Array, Uint8Array],
  { sender, receiver }: Direction,
): Uint8Array {
  const salt = Buffer.concat([...salts].sort(Buffer.compare));
  const info = `coldframe session v1 ${sender}>${receiver}`;
  return new Uint8Array(hkdfSync('sha256', preShared, salt, info, keyBytes));
}

/** Seals the messages of one direction, in the order of their counters. */
export class Sealer {
  readonly #key: Uint8Array;
  #counter = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  seal(message: Uint8Array): MessageNamed<'sealed'> {
    const counter = this.#counter;
    this.#counter += 1;
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonceOf(counter));
    cipher.setAAD(additionalData(counter));
    const ciphertext = Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]);
    return { kind: 'sealed', counter, ciphertext };
  }
}

export type Opened =
  | { readonly ok: true; readonly message: Uint8Array }
  | { readonly ok: false; readonly code: RefusalCode };

/** Opens the messages of one direction, each counter once. */
export class Opener {
  readonly #key: Uint8Array;
  readonly #window = new ReplayWindow();

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Refuses `sealed-replayed` and `sealed-invalid`. */
  open({ counter, ciphertext }: MessageNamed<'sealed'>): Opened {
    if (!this.#window.isFresh(counter)) return { ok: false, code: 'sealed-replayed' };
    const message = this.#decipher(counter, ciphertext);
    if (message === undefined) return { ok: false, code: 'sealed-invalid' };
    this.#window.note(counter);
    return { ok: true, message };
  }

  #decipher(counter: number, ciphertext: Uint8Array): Uint8Array | undefined {
    const end = ciphertext.length - authenticationBytes;
    if (end < 0) return undefined;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonceOf(counter));
    decipher.setAAD(additionalData(counter));
    decipher.setAuthTag(ciphertext.subarray(end));
    const message = decipher.update(ciphertext.subarray(0, end));
    try {
      decipher.final();
    } catch {
      // With a tag of the right length, `final` throws for one reason only: the tag is wrong.
      return undefined;
    }
    return message;
  }
}

function nonceOf(counter: number): Buffer {
  const nonce = Buffer.alloc(nonceBytes);
  writeCounter(nonce, counter, 0);
  return nonce;
}

/** Tag and counter as they stand in the sealed message. */
function additionalData(counter: number): Buffer {
  const data = Buffer.alloc(10);
  data.writeUInt16LE(sealedTag, 0);
  writeCounter(data, counter, 2);
  return data;
}

function writeCounter(into: Buffer, counter: number, at: number): void {
  into.writeUInt32LE(counter % 0x1_0000_0000, at);
  into.writeUInt32LE(Math.floor(counter / 0x1_0000_0000), at + 4);
}
