/** Somebody between the suite and a model who holds their key, and so can open and seal as either of them. */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { Priority } from '../../protocol/message/message.js';
import { encodeMessage, type Message, type MessageNamed } from '../../protocol/message/messages.js';
import { type Cipher, commonCipher } from '../../protocol/session/ciphers.js';
import { sessionKey } from '../../protocol/session/session-keys.js';
import { wrongKey } from './wrong.js';

/** From the suite to the device, or back. */
type Way = 'in' | 'out';

export class Insider {
  readonly #hellos = new Map<Way, MessageNamed<'hello'>>();

  /** Takes note of hellos; the device says its own first. True when a session begins. */
  hear(way: Way, message: Message): boolean {
    if (message.kind !== 'hello') return false;
    this.#hellos.set(way, { ...message, salt: Uint8Array.from(message.salt) });
    return way === 'in' && this.#hellos.has('out');
  }

  /** What is in a sealed message, whatever its turn; undefined when it cannot be opened. */
  open(way: Way, queue: Priority, { counter, ciphertext }: MessageNamed<'sealed'>): Uint8Array | undefined {
    const lane = this.#lane(way, queue);
    if (lane === undefined) return undefined;
    const end = ciphertext.length - 16;
    const decipher = createDecipheriv('aes-256-gcm', lane.key, nonceOf(counter));
    decipher.setAAD(additionalData(counter)).setAuthTag(ciphertext.subarray(end));
    const message = decipher.update(ciphertext.subarray(0, end));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return message;
  }

  /** A message sealed with this counter; undefined before the hellos have passed. */
  seal(way: Way, queue: Priority, counter: number, message: Uint8Array): MessageNamed<'sealed'> | undefined {
    const lane = this.#lane(way, queue);
    if (lane === undefined) return undefined;
    const cipher = createCipheriv('aes-256-gcm', lane.key, nonceOf(counter)).setAAD(additionalData(counter));
    const ciphertext = Buffer.concat([cipher.update(message), cipher.final(), cipher.getAuthTag()]);
    return { kind: 'sealed', counter, ciphertext };
  }

  #lane(way: Way, queue: Priority): { readonly key: Uint8Array } | undefined {
    const [host, device] = [this.#hellos.get('in'), this.#hellos.get('out')];
    if (host === undefined || device === undefined) return undefined;
    const cipher: Cipher | undefined = commonCipher(host.capabilities, device.capabilities);
    if (cipher !== 'aes-256-gcm') return undefined;
    const secret = { preShared: wrongKey, hellos: [encodeMessage(host), encodeMessage(device)] as const, cipher };
    const [sender, receiver] = way === 'in' ? [host.role, device.role] : [device.role, host.role];
    return { key: sessionKey(secret, { sender, receiver, queue }) };
  }
}

function nonceOf(counter: number): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64LE(BigInt(counter));
  return nonce;
}

function additionalData(counter: number): Buffer {
  const data = Buffer.alloc(10);
  data.writeUInt16LE(4);
  data.writeBigUInt64LE(BigInt(counter), 2);
  return data;
}
