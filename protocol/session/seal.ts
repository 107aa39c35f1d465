/**
 * Sealing the messages of one queue in one direction, and opening them (PROTOCOL.md, "Sessions"): an authenticated cipher
 * with a counter as nonce, and a fresh key after so many messages.
 */
import { type CipherGCM, type CipherGCMTypes, createCipheriv, createDecipheriv, type DecipherGCM } from 'node:crypto';
import { rekeyMessagesDefault } from '../limits.js';
import type { MessageNamed } from '../message/messages.js';
import type { RefusalCode } from '../refusals.js';
import type { Cipher } from './ciphers.js';
import { nextKey } from './session-keys.js';

const sealedTag = 0x0004;
const nonceBytes = 12;
const authenticationBytes = 16;

export interface SealOptions {
  readonly cipher: Cipher;
  /** The first key of the queue and direction, 32 bytes. */
  readonly key: Uint8Array;
  /** How many messages have one key; the same at both sides. */
  readonly rekeyMessages?: number;
}

/** Seals the messages of one queue in one direction, in their order. */
export class Sealer {
  readonly #cipher: Cipher;
  readonly #keys: CountedKey;

  constructor(options: SealOptions) {
    this.#cipher = options.cipher;
    this.#keys = new CountedKey(options);
  }

  seal(message: Uint8Array): MessageNamed<'sealed'> {
    const { counter, key } = this.#keys;
    const cipher = cipherFor(this.#cipher, key, counter);
    cipher.setAAD(additionalData(counter), { plaintextLength: message.length });
    const ciphertext = Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]);
    this.#keys.advance();
    return { kind: 'sealed', counter, ciphertext };
  }
}

export type Opened =
  | { readonly ok: true; readonly message: Uint8Array }
  | { readonly ok: false; readonly code: RefusalCode };

/** Opens the messages of one queue in one direction: each in its turn, and no other. */
export class Opener {
  readonly #cipher: Cipher;
  readonly #keys: CountedKey;

  constructor(options: SealOptions) {
    this.#cipher = options.cipher;
    this.#keys = new CountedKey(options);
  }

  /**
   * Refuses `sealed-replayed` (its turn is over), `sealed-missing` (others come before it) and `sealed-invalid`. What is
   * refused changes nothing here; a session must not go on with it, as a genuine message may have been displaced.
   */
  open({ counter, ciphertext }: MessageNamed<'sealed'>): Opened {
    const { counter: expected } = this.#keys;
    if (counter !== expected) return { ok: false, code: counter < expected ? 'sealed-replayed' : 'sealed-missing' };
    const message = this.#decipher(ciphertext);
    if (message === undefined) return { ok: false, code: 'sealed-invalid' };
    this.#keys.advance();
    return { ok: true, message };
  }

  #decipher(ciphertext: Uint8Array): Uint8Array | undefined {
    const end = ciphertext.length - authenticationBytes;
    if (end < 0) return undefined;
    const { counter, key } = this.#keys;
    const decipher = decipherFor(this.#cipher, key, counter);
    decipher.setAAD(additionalData(counter), { plaintextLength: end });
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

/** The counter of the next message and the key that it has. */
class CountedKey {
  readonly #rekeyMessages: number;
  #key: Uint8Array;
  #counter = 0;

  constructor({ key, rekeyMessages = rekeyMessagesDefault }: SealOptions) {
    this.#key = Uint8Array.from(key);
    this.#rekeyMessages = rekeyMessages;
  }

  get counter(): number {
    return this.#counter;
  }

  get key(): Uint8Array {
    return this.#key;
  }

  /** On to the next message. A key that has served is overwritten. */
  advance(): void {
    this.#counter += 1;
    if (this.#counter % this.#rekeyMessages !== 0) return;
    const next = nextKey(this.#key);
    this.#key.fill(0);
    this.#key = next;
  }
}

const options = { authTagLength: authenticationBytes };

/** Both ciphers are spoken to alike; Node's types have a signature for each. */
function cipherFor(cipher: Cipher, key: Uint8Array, counter: number): CipherGCM {
  return createCipheriv(cipher as CipherGCMTypes, key, nonceOf(counter), options);
}

function decipherFor(cipher: Cipher, key: Uint8Array, counter: number): DecipherGCM {
  return createDecipheriv(cipher as CipherGCMTypes, key, nonceOf(counter), options);
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
