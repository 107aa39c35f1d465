/** What somebody on a line has recorded: all messages that passed whole in a frame, each way, since the beginning. */
import { decodeFrame, type Frame, markOf } from '../../../protocol/frame/frame.js';
import type { Priority } from '../../../protocol/message/message.js';
import { decodeMessage, type Message, type MessageNamed } from '../../../protocol/message/messages.js';
import type { Direction } from '../plan.js';

/** A frame that holds a whole message. */
export interface Passed {
  readonly frame: Extract<Frame, { kind: 'data' }>;
  /** The mark of the link and direction. */
  readonly mark: number;
  readonly message: Message;
}

interface Heard {
  readonly queue: Priority;
  readonly payload: Uint8Array;
}

export class Tape {
  readonly #sealed: Readonly<Record<Direction, Heard[]>> = { there: [], back: [] };
  readonly #hellos: Readonly<Record<Direction, MessageNamed<'hello'>[]>> = { there: [], back: [] };

  record(direction: Direction, { frame, message }: Passed): void {
    if (message.kind === 'sealed') this.#sealed[direction].push({ queue: frame.priority, payload: frame.payload });
    // A frame that is repeated holds the same hello.
    else if (message.kind === 'hello' && !sameSalt(this.#hellos[direction].at(-1), message)) {
      this.#hellos[direction].push(message);
    }
  }

  /** The sealed message that passed so many before the latest, of one queue or of all, encoded. */
  sealed(direction: Direction, messagesAgo: number, queue?: Priority): Uint8Array | undefined {
    const heard = this.#sealed[direction];
    const among = queue === undefined ? heard : heard.filter((each) => each.queue === queue);
    return among.at(-1 - messagesAgo)?.payload;
  }

  /** The hello that passed so many sessions before the latest. */
  hello(direction: Direction, sessionsAgo: number): MessageNamed<'hello'> | undefined {
    return this.#hellos[direction].at(-1 - sessionsAgo);
  }
}

/** The message in a frame, with its delimiter, that holds a whole one; anybody can tell the mark. */
export function passedIn(bytes: Uint8Array): Passed | undefined {
  const encoded = bytes.subarray(0, -1);
  const mark = markOf(encoded);
  const decoded = mark === undefined ? undefined : decodeFrame(encoded, mark);
  if (mark === undefined || !decoded?.ok) return undefined;
  const { frame } = decoded;
  if (frame.kind !== 'data' || !frame.first || !frame.last) return undefined;
  const message = decodeMessage(frame.payload);
  return message.ok ? { frame, mark, message: message.message } : undefined;
}

function sameSalt(one: MessageNamed<'hello'> | undefined, other: MessageNamed<'hello'>): boolean {
  return one !== undefined && Buffer.compare(one.salt, other.salt) === 0;
}
