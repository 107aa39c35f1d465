/**
 * Answers to requests of a host. Each session numbers its requests as it likes: what was asked in one that has ended is
 * answered to nobody, or the next one would take it for the answer to a request of its own.
 */
import type { Message } from '../../protocol/message/messages.js';

export class SessionAnswers {
  readonly #send: (message: Message) => void;
  #session = 0;

  constructor(send: (message: Message) => void) {
    this.#send = send;
  }

  /** For a request of now, whose answer comes later. */
  later(): (message: Message) => void {
    const session = this.#session;
    return (message) => {
      if (session === this.#session) this.#send(message);
    };
  }

  sessionClosed(): void {
    this.#session += 1;
  }
}
