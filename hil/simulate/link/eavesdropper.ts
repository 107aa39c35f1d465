/**
 * Listens to the line as anybody can who has no key: no salt may serve two sessions, no counter two messages of
 * a queue, no key and counter two messages at all (PROTOCOL.md, "Sessions"). It also sees how acknowledgements look.
 */
import { decodeFrame, type Frame, markOf } from '../../../protocol/frame/frame.js';
import { decodeAcknowledgement } from '../../../protocol/link/acknowledgement.js';
import type { Priority } from '../../../protocol/message/message.js';
import { decodeMessage } from '../../../protocol/message/messages.js';
import type { Report } from './link-oracle.js';
import type { End } from './link-plan.js';

/** Longer frames are not looked at: whatever is told apart here comes in short ones, too. */
const heardBytesMax = 400;
/** The tag and two numbers of a `dataOut`, the same in all that the ends send. */
const alikeBytes = 10;

export class Eavesdropper {
  readonly #report: Report;
  /** Told when an acknowledgement could not name all that was received. */
  readonly #cutShort: () => void;
  /** The mark of the link that a salt serves. */
  readonly #salts = new Map<string, number>();
  /** What was sealed, by mark of link and direction, queue and counter. */
  readonly #sealed = new Map<string, Uint8Array>();

  /** Where a beginning of ciphertext was heard. */
  readonly #beginnings = new Map<string, string>();

  constructor(report: Report, cutShort: () => void) {
    this.#report = report;
    this.#cutShort = cutShort;
  }

  /** Takes a frame as its sender made it, with its delimiter. */
  hear(side: End, encoded: Uint8Array): void {
    if (encoded.length > heardBytesMax || !telling(encoded)) return;
    const frame = frameOf(encoded.subarray(0, -1));
    if (frame === undefined) return;
    if (frame.kind === 'acknowledgement') {
      if (decodeAcknowledgement(frame.payload)?.some(({ complete }) => !complete)) this.#cutShort();
    } else if (frame.kind === 'data' && frame.first && frame.last) {
      this.#hearMessage(side, frame.payload, frame);
    }
  }

  #hearMessage(side: End, encoded: Uint8Array, { mark, priority }: Where): void {
    const decoded = decodeMessage(encoded);
    if (!decoded.ok) return;
    const { message } = decoded;
    if (message.kind === 'hello') {
      const salt = Buffer.from(message.salt).toString('hex');
      if ((this.#salts.get(salt) ?? mark) !== mark) this.#report('salt', `${side} uses a salt for a second session`);
      this.#salts.set(salt, mark);
    } else if (message.kind === 'sealed') {
      const place = `${side} ${mark} ${priority} ${message.counter}`;
      const before = this.#sealed.get(place) ?? message.ciphertext;
      if (Buffer.compare(before, message.ciphertext) !== 0) {
        this.#report('nonce', `${side}: queue ${priority}, counter ${message.counter}`);
      }
      this.#sealed.set(place, message.ciphertext);
      this.#compareBeginnings(side, place, message.ciphertext);
    }
  }

  /** All messages begin alike, so that equal beginnings of ciphertext betray a key and nonce that were used twice. */
  #compareBeginnings(side: End, place: string, ciphertext: Uint8Array): void {
    const beginning = Buffer.from(ciphertext.subarray(0, alikeBytes)).toString('hex');
    if ((this.#beginnings.get(beginning) ?? place) !== place)
      this.#report('nonce', `${side}: two messages begin alike`);
    this.#beginnings.set(beginning, place);
  }
}

/** In which link, direction and queue something was heard. */
interface Where {
  readonly mark: number;
  readonly priority: Priority;
}

/** Whether it may be an acknowledgement or a whole message, from its first byte, which stands behind the first code. */
function telling(encoded: Uint8Array): boolean {
  const kind = encoded[0] === 1 ? 0 : (encoded[1] ?? 0);
  return (kind & 0xc0) !== 0 || (kind & 0x0c) === 0x0c;
}

function frameOf(encoded: Uint8Array): (Frame & { readonly mark: number }) | undefined {
  const mark = markOf(encoded);
  const decoded = mark === undefined ? undefined : decodeFrame(encoded, mark);
  return mark !== undefined && decoded?.ok ? { ...decoded.frame, mark } : undefined;
}
