/** Hosts that wait for a generation to be committed or structured. Volatile: a host asks again after a lost line. */
import { type Generation, generation } from '../../protocol/ids.js';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { type RefusalCode, refusals } from '../../protocol/refusals.js';

export interface Progress {
  readonly committed: Generation;
  readonly structured: Generation;
  /** Why a generation has failed; undefined when it has not, as far as is known. */
  readonly failed: (generation: number) => RefusalCode | undefined;
  /** Why the committed image will not be structured, and only a newer generation can be; undefined when it may be. */
  readonly spoilt: RefusalCode | undefined;
}

const waitersMax = 256;
const none: readonly Message[] = [];

export class Waiters {
  #waiting: MessageNamed<'wait'>[] = [];

  /** Takes a request; false when too many wait already. */
  add(request: MessageNamed<'wait'>): boolean {
    if (this.#waiting.length >= waitersMax) return false;
    this.#waiting.push(request);
    return true;
  }

  clear(): void {
    this.#waiting = [];
  }

  /** The answers that are due now. */
  take(progress: Progress): readonly Message[] {
    if (this.#waiting.length === 0) return none;
    const answers: Message[] = [];
    this.#waiting = this.#waiting.filter((wait) => {
      const reason = progress.failed(wait.generation) ?? spoiltReason(wait, progress);
      const reached = wait.target === 'committed' ? progress.committed : progress.structured;
      if (reason === undefined && reached < wait.generation) return true;
      const code = reason === undefined ? 0 : refusals[reason].number;
      answers.push({ kind: 'waited', request: wait.request, generation: generation(wait.generation), reason: code });
      return false;
    });
    return answers;
  }
}

function spoiltReason({ target, generation }: MessageNamed<'wait'>, progress: Progress): RefusalCode | undefined {
  const isBetween = progress.structured < generation && generation <= progress.committed;
  return target === 'structured' && isBetween ? progress.spoilt : undefined;
}
