/** Opens the sealed messages of a line that is listened to: by the key, and both hellos. */
import type { Priority } from '../../../protocol/message/message.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import type { RefusalCode } from '../../../protocol/refusals.js';
import { commonCipher } from '../../../protocol/session/ciphers.js';
import { Seals } from '../../../protocol/session/seals.js';
import type { Way } from '../pcapng.js';

export type Unsealed =
  | { readonly kind: 'opened'; readonly message: Uint8Array }
  /** `sealed-invalid`, `sealed-replayed` or `sealed-missing`. */
  | { readonly kind: 'refused'; readonly code: RefusalCode }
  /** It stays sealed: there is no key, or a hello was not heard. */
  | { readonly kind: 'closed'; readonly missing: 'key' | 'hello' };

interface Greeting {
  readonly hello: MessageNamed<'hello'>;
  readonly encoded: Uint8Array;
}

export class Unsealer {
  readonly #key: Uint8Array | undefined;
  readonly #greetings = new Map<Way, Greeting>();
  /** What the receiver of each direction opens with. */
  #receivers: Readonly<Record<Way, Seals>> | undefined;

  constructor(key: Uint8Array | undefined) {
    this.#key = key;
  }

  /** A fresh link begins in this direction: its hello is to come. */
  forget(way: Way): void {
    this.#greetings.delete(way);
    this.#receivers = undefined;
  }

  /** A hello has passed, encoded as it was on the line. */
  hear(way: Way, hello: MessageNamed<'hello'>, encoded: Uint8Array): void {
    this.#greetings.set(way, { hello, encoded: Uint8Array.from(encoded) });
    const [out, back] = [this.#greetings.get('out'), this.#greetings.get('in')];
    if (this.#key === undefined || out === undefined || back === undefined) return;
    const cipher = commonCipher(out.hello.capabilities, back.hello.capabilities);
    if (cipher === undefined) return;
    const secret = { preShared: this.#key, hellos: [out.encoded, back.encoded] as const, cipher };
    const receiver = (role: Greeting, peer: Greeting) =>
      new Seals({ ...secret, role: role.hello.role, peer: peer.hello.role });
    this.#receivers = { out: receiver(back, out), in: receiver(out, back) };
  }

  open(way: Way, queue: Priority, sealed: MessageNamed<'sealed'>): Unsealed {
    if (this.#key === undefined) return { kind: 'closed', missing: 'key' };
    if (this.#receivers === undefined) return { kind: 'closed', missing: 'hello' };
    const opened = this.#receivers[way].open(sealed, queue);
    return opened.ok ? { kind: 'opened', message: opened.message } : { kind: 'refused', code: opened.code };
  }
}
