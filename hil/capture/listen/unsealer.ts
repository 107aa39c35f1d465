/** Opens the sealed messages of a line that is listened to: by the key, and the salts of both hellos. */
import type { MessageNamed } from '../../../protocol/message/messages.js';
import type { Role } from '../../../protocol/session/endpoint-types.js';
import { Opener, sessionKey } from '../../../protocol/session/seal.js';
import type { Way } from '../pcapng.js';

export type Unsealed =
  | { readonly kind: 'opened'; readonly message: Uint8Array }
  | { readonly kind: 'refused'; readonly code: 'sealed-invalid' | 'sealed-replayed' }
  /** It stays sealed: there is no key, or a hello was not heard. */
  | { readonly kind: 'closed'; readonly missing: 'key' | 'hello' };

interface Greeting {
  readonly role: Role;
  readonly salt: Uint8Array;
}

export class Unsealer {
  readonly #key: Uint8Array | undefined;
  readonly #greetings = new Map<Way, Greeting>();
  #openers: Readonly<Record<Way, Opener>> | undefined;

  constructor(key: Uint8Array | undefined) {
    this.#key = key;
  }

  /** A fresh link begins in this direction: its hello is to come. */
  forget(way: Way): void {
    this.#greetings.delete(way);
    this.#openers = undefined;
  }

  hear(way: Way, { role, salt }: MessageNamed<'hello'>): void {
    this.#greetings.set(way, { role, salt: Uint8Array.from(salt) });
    const [out, back] = [this.#greetings.get('out'), this.#greetings.get('in')];
    if (this.#key === undefined || out === undefined || back === undefined) return;
    const key = this.#key;
    const salts = [out.salt, back.salt] as const;
    const opener = (sender: Role, receiver: Role) => new Opener(sessionKey(key, salts, { sender, receiver }));
    this.#openers = { out: opener(out.role, back.role), in: opener(back.role, out.role) };
  }

  open(way: Way, sealed: MessageNamed<'sealed'>): Unsealed {
    if (this.#key === undefined) return { kind: 'closed', missing: 'key' };
    if (this.#openers === undefined) return { kind: 'closed', missing: 'hello' };
    const opened = this.#openers[way].open(sealed);
    if (opened.ok) return { kind: 'opened', message: opened.message };
    return { kind: 'refused', code: opened.code === 'sealed-replayed' ? 'sealed-replayed' : 'sealed-invalid' };
  }
}
