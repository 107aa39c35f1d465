/** What one side of a sealed session seals and opens with: a key for each queue and direction. */
import type { Priority } from '../message/message.js';
import type { MessageNamed } from '../message/messages.js';
import type { Cipher } from './ciphers.js';
import type { Role } from './endpoint-types.js';
import { type Opened, Opener, Sealer } from './seal.js';
import { type SessionSecret, sessionKey } from './session-keys.js';

export interface SealsOptions extends SessionSecret {
  /** Of this side, and of the other one. */
  readonly role: Role;
  readonly peer: Role;
  /** How many messages have one key, where the default does not suit. */
  readonly rekeyMessages?: number | undefined;
}

export class Seals {
  readonly cipher: Cipher;
  readonly #sealers: Each<Sealer>;
  readonly #openers: Each<Opener>;

  constructor(options: SealsOptions) {
    const { cipher, role, peer, rekeyMessages } = options;
    const rekeyed = rekeyMessages === undefined ? {} : { rekeyMessages };
    const keyed = (sender: Role, receiver: Role, queue: Priority) => {
      return { cipher, key: sessionKey(options, { sender, receiver, queue }), ...rekeyed };
    };
    this.cipher = cipher;
    this.#sealers = each((queue) => new Sealer(keyed(role, peer, queue)));
    this.#openers = each((queue) => new Opener(keyed(peer, role, queue)));
  }

  /** Seals the next message of this queue. */
  seal(message: Uint8Array, queue: Priority): MessageNamed<'sealed'> {
    return this.#sealers[queue].seal(message);
  }

  /** Opens what came in this queue; refuses as `Opener` does. */
  open(message: MessageNamed<'sealed'>, queue: Priority): Opened {
    return this.#openers[queue].open(message);
  }
}

type Each<T> = readonly [T, T, T];

function each<T>(make: (queue: Priority) => T): Each<T> {
  return [make(0), make(1), make(2)];
}
