/**
 * Task management functions that wait for commands: complete only when the last command that they abort has ended, so
 * that nothing of it touches the medium after the answer (SAM-5, clause 7.2).
 */
import type { Message } from '../message/messages.js';

interface Managed {
  readonly request: number;
  readonly waitsFor: Set<number>;
}

interface Send {
  readonly kind: 'send';
  readonly message: Message;
}

export class TaskManager {
  #waiting: Managed[] = [];

  /** Begins a function that waits for these commands to end; answers at once when there are none. */
  begin(request: number, ids: readonly number[]): Send[] {
    this.#waiting.push({ request, waitsFor: new Set(ids) });
    return this.#answers();
  }

  /** A command has ended. */
  ended(id: number): Send[] {
    for (const { waitsFor } of this.#waiting) waitsFor.delete(id);
    return this.#answers();
  }

  /** The session has closed: nobody waits for an answer. */
  reset(): void {
    this.#waiting = [];
  }

  #answers(): Send[] {
    if (this.#waiting.length === 0) return [];
    const complete = this.#waiting.filter(({ waitsFor }) => waitsFor.size === 0);
    this.#waiting = this.#waiting.filter(({ waitsFor }) => waitsFor.size > 0);
    return complete.map(({ request }) => ({
      kind: 'send',
      message: { kind: 'taskResponse', request, response: 'complete' },
    }));
  }
}
