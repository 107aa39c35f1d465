/** Listens to one line: judges its frames, joins their fragments, opens what is sealed, and names what is said. */
import { decodeFrame, type Frame, markOf } from '../../../protocol/frame/frame.js';
import { unreachable } from '../../../protocol/ids.js';
import { decodeAcknowledgement } from '../../../protocol/link/acknowledgement.js';
import { markOfLink } from '../../../protocol/link/handshake.js';
import { decodeOpen, type Open } from '../../../protocol/link/open-frame.js';
import type { DataFrame } from '../../../protocol/link/receive-queue.js';
import type { Priority } from '../../../protocol/message/message.js';
import { decodeMessage, type MessageNamed } from '../../../protocol/message/messages.js';
import type { Refusal, RefusalCode } from '../../../protocol/refusals.js';
import type { Way } from '../pcapng.js';
import type { CapturedFrame, CaptureLine } from '../read-capture.js';
import { Assembler } from './assembler.js';
import type { HeardContent, HeardFrame, HeardMessage } from './heard.js';
import { MarkJudge } from './mark-judge.js';
import { Unsealer } from './unsealer.js';

interface Direction {
  readonly judge: MarkJudge;
  readonly assembler: Assembler;
  /** Who sends here. */
  sender: string;
}

export class LineListener {
  readonly #directions: Readonly<Record<Way, Direction>>;
  readonly #unsealer: Unsealer;

  constructor({ from = 'A', to = 'B' }: CaptureLine, key?: Uint8Array) {
    const direction = (sender: string) => ({ judge: new MarkJudge(), assembler: new Assembler(), sender });
    this.#directions = { out: direction(from), in: direction(to) };
    this.#unsealer = new Unsealer(key);
  }

  hear(captured: CapturedFrame): HeardFrame {
    const { way, bytes } = captured;
    const mark = markOf(bytes);
    const content = this.#contentOf(captured, mark);
    const from = this.#directions[way].sender;
    const to = this.#directions[otherWay[way]].sender;
    return { captured, from, to, mark, content };
  }

  #contentOf({ way, bytes }: CapturedFrame, mark: number | undefined): HeardContent {
    // Whatever is no frame of any mark is none of 0, either.
    const decoded = decodeFrame(bytes, mark ?? 0);
    if (!decoded.ok) return { kind: 'refused', refusal: this.#nameOf(decoded.refusal, way, bytes, mark) };
    const { frame } = decoded;
    if (frame.kind === 'open') return this.#takeOpen(way, frame.payload);
    const verdict = this.#directions[way].judge.judge(mark ?? 0);
    if (verdict === 'bad') return refused('frame-checksum', `${bytes.length} bytes`);
    if (verdict === 'stale') return refused('frame-session', `${bytes.length} bytes of a link before`);
    return this.#takeFrame(way, frame, { mark: mark ?? 0, proven: verdict === 'good' });
  }

  /** A kind that is not known may be damage, too: only a good check says that somebody meant it. */
  #nameOf(refusal: Refusal, way: Way, bytes: Buffer, mark: number | undefined): Refusal {
    // The check of an open is known, and has been looked at.
    if (refusal.code !== 'frame-kind' || mark === undefined || isOpen(bytes)) return refusal;
    const isGood = this.#directions[way].judge.judge(mark) === 'good';
    return isGood ? refusal : { ...refusal, code: 'frame-checksum' };
  }

  #takeOpen(way: Way, payload: Uint8Array): HeardContent {
    const decoded = decodeOpen(payload);
    if (!decoded.ok) return { kind: 'refused', refusal: decoded.refusal };
    const { open } = decoded;
    if (open.peer !== 0n) this.#announce(way, open);
    return { kind: 'open', open };
  }

  /** Both ids of a link are named: the marks of both directions, and what the sender of this open waits for. */
  #announce(way: Way, { own, peer, next }: Open): void {
    this.#directions[way].judge.announce(markOfLink(own, peer));
    const back = this.#directions[otherWay[way]];
    back.judge.announce(markOfLink(peer, own));
    back.assembler.await(markOfLink(peer, own), next);
  }

  #takeFrame(
    way: Way,
    frame: Exclude<Frame, { kind: 'open' }>,
    { mark, proven }: { readonly mark: number; readonly proven: boolean },
  ): HeardContent {
    switch (frame.kind) {
      case 'acknowledgement': {
        const records = decodeAcknowledgement(frame.payload);
        if (records === undefined) return refused('frame-kind', 'acknowledgement that is not well formed');
        return { kind: 'acknowledgement', proven, records };
      }
      case 'data':
        return this.#takeData(way, frame, { mark, proven });
      default:
        return unreachable(frame);
    }
  }

  #takeData(
    way: Way,
    frame: DataFrame,
    { mark, proven }: { readonly mark: number; readonly proven: boolean },
  ): HeardContent {
    const { priority: queue, first, last, sequence, payload } = frame;
    const { assembler } = this.#directions[way];
    if (assembler.isFresh(mark)) this.#unsealer.forget(way);
    const { outcome, messages } = assembler.take(frame, mark);
    const heard = messages.map((bytes) => this.#takeMessage(way, queue, bytes));
    if (outcome === 'frame-length') return refused(outcome, `fragment of ${payload.length} bytes`);
    const payloadBytes = payload.length;
    return { kind: 'data', proven, queue, first, last, sequence, payloadBytes, outcome, messages: heard };
  }

  #takeMessage(way: Way, queue: Priority, encoded: Uint8Array): HeardMessage {
    const bytes = encoded.length;
    const decoded = decodeMessage(encoded);
    if (!decoded.ok) return { kind: 'refused', bytes, refusal: decoded.refusal };
    const { message } = decoded;
    if (message.kind === 'sealed') return this.#takeSealed(way, queue, message, bytes);
    if (message.kind === 'hello') {
      this.#unsealer.hear(way, message, encoded);
      this.#directions[way].sender = message.role;
    }
    return { kind: 'message', bytes, message };
  }

  #takeSealed(way: Way, queue: Priority, message: MessageNamed<'sealed'>, bytes: number): HeardMessage {
    const unsealed = this.#unsealer.open(way, queue, message);
    const { counter } = message;
    if (unsealed.kind === 'closed') return { kind: 'sealed', bytes, counter, message, missing: unsealed.missing };
    if (unsealed.kind === 'refused') {
      return { kind: 'refused', bytes, counter, refusal: { code: unsealed.code, detail: `counter ${counter}` } };
    }
    const inner = decodeMessage(unsealed.message);
    if (!inner.ok) return { kind: 'refused', bytes, counter, refusal: inner.refusal };
    return { kind: 'message', bytes, counter, message: inner.message };
  }
}

/** From the first byte, which stands behind the first code. */
const isOpen = (encoded: Buffer): boolean => encoded[0] !== 1 && ((encoded[1] ?? 0) & 0xc0) === 0x80;

const otherWay: Readonly<Record<Way, Way>> = { in: 'out', out: 'in' };

function refused(code: RefusalCode, detail: string): HeardContent {
  return { kind: 'refused', refusal: { code, detail } };
}
