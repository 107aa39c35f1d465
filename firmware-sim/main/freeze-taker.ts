/**
 * Takes a freeze up. The writes that have arrived in full are in the image and are let run to their end first; those
 * that arrive afterwards are held until the image is durably fixed. That is all that a freeze costs, however large the
 * volumes are.
 *
 *     freeze ──► writes under way end ──► record frozen durable ──► answer ──► held writes go on
 *
 * After a host write that failed, what lies in the disk's cache is made durable before the record; a disk that does not
 * do that makes the freeze fail (`disk-error`), and nothing has changed.
 */

import { sameDigest } from '../../protocol/digest.js';
import { assert } from '../../protocol/ids.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { refusals } from '../../protocol/refusals.js';
import type { HostCommand } from '../controller/host-port.js';
import type { Operation, Outcome } from '../storage/operation.js';
import type { Freeze } from './freezes.js';
import type { MainCore } from './main-core.js';

export class FreezeTaker implements Operation {
  readonly #core: MainCore;
  readonly #answer: (message: MessageNamed<'frozen' | 'refused'>) => void;
  #phase: 'none' | 'draining' | 'settling' | 'recording' = 'none';
  /** Flushes that are waited for, and whether one has failed. */
  #flushes = 0;
  // Stryker disable next-line BooleanLiteral: set anew for the flushes of each freeze
  #flushFailed = false;
  // Stryker disable next-line ArrayDeclaration: set by each freeze
  #requests: number[] = [];
  #token: Uint8Array = new Uint8Array(16);
  // Stryker disable next-line ArrayDeclaration: set by each freeze
  #included: number[] = [];
  /** The host's session whose tags these are. */
  #session = 0;
  /** Writes that came after the freeze was taken up. */
  #held: HostCommand[] = [];

  constructor(core: MainCore, answer: (message: MessageNamed<'frozen' | 'refused'>) => void) {
    this.#core = core;
    this.#answer = answer;
  }

  get name(): string {
    return `freeze (${this.#phase})`;
  }

  get busy(): boolean {
    return this.#phase !== 'none';
  }

  inHand(): string[] {
    return this.busy
      ? [this.name, ...this.#held.map(({ tag }) => `host write with tag ${tag} (behind the freeze)`)]
      : [];
  }

  /** Holds a write that came after the freeze; false when there is none to wait for. */
  hold(command: HostCommand): boolean {
    if (this.#phase === 'none') return false;
    this.#held.push(command);
    return true;
  }

  /** Whether this is the freeze that is being taken up, or one of the newest, once more. */
  isRepeated({ token }: MessageNamed<'freeze'>): boolean {
    return this.#isUnderWay(token) || this.#core.state.freezes.madeBy(token) !== undefined;
  }

  /** Answers a repeated freeze as the first one; nothing new is frozen. */
  repeat({ request, token }: MessageNamed<'freeze'>): void {
    const made = this.#core.state.freezes.madeBy(token);
    if (made === undefined) this.#requests.push(request);
    else this.#tell(request, made);
  }

  /** Nobody is left to be answered; the freeze goes on, and can be repeated. */
  sessionClosed(): void {
    this.#requests = [];
  }

  #isUnderWay(token: Uint8Array): boolean {
    return this.busy && sameDigest(token, this.#token);
  }

  /** `unanswered`: tags of the writes that have arrived in full, in this session of the host, and are not acknowledged. */
  start(
    { request, token }: MessageNamed<'freeze'>,
    { session, unanswered }: { readonly session: number; readonly unanswered: readonly number[] },
  ): void {
    this.#phase = 'draining';
    this.#requests = [request];
    this.#token = Uint8Array.from(token);
    this.#session = session;
    this.#included = [...unanswered];
    this.#core.mark('freezeTaken', { included: unanswered.length });
  }

  /** A write has failed: its content is not known to be in the image, so it is not named. */
  exclude({ tag, session }: Pick<HostCommand, 'tag' | 'session'>): void {
    if (session === this.#session) this.#included = this.#included.filter((each) => each !== tag);
  }

  /** No write is under way any more: the image is what the primary area holds now. */
  drained(): void {
    if (this.#phase !== 'draining') return;
    const { state } = this.#core;
    if (state.takenOver) this.#giveUp('taken-over');
    else if (this.#core.unsettled.size > 0) this.#settle();
    else this.#record();
  }

  #settle(): void {
    this.#phase = 'settling';
    this.#flushes = this.#core.unsettled.size;
    this.#flushFailed = false;
    for (const volume of this.#core.unsettled) this.#core.disks.flush(this.#core.primary(volume), this);
  }

  #settled(): void {
    if (this.#flushFailed) {
      this.#giveUp('disk-error');
      return;
    }
    this.#core.unsettled.clear();
    this.#phase = 'draining';
    this.drained();
  }

  #record(): void {
    const { state, traits } = this.#core;
    this.#phase = 'recording';
    const full = state.fullNeeded || traits.sendsWholeImage;
    const generation = this.#core.nextGeneration();
    this.#core.record({ kind: 'frozen', generation, full, token: this.#token, included: this.#included }, this);
  }

  resume(outcome: Outcome): void {
    if (this.#phase === 'settling') {
      this.#flushes -= 1;
      this.#flushFailed ||= outcome.kind === 'failed';
      if (this.#flushes === 0) this.#settled();
      return;
    }
    this.#phase = 'none';
    this.#core.transferBegan();
    this.#core.mark('frozen', { generation: this.#core.state.lastFrozen });
    this.#failOvertaken();
    const { freezes, lastFrozen } = this.#core.state;
    const made = freezes.of(lastFrozen);
    assert(made !== undefined, 'a freeze that is recorded is known');
    for (const request of this.#requests) this.#tell(request, made);
  }

  /** What was recorded just before the freeze may have made its image one that the sub will not take. */
  #failOvertaken(): void {
    const { takenOver, fullNeeded, transfer } = this.#core.state;
    if (takenOver) this.#core.failGeneration('taken-over', '');
    else if (fullNeeded && transfer?.full === false) this.#core.failGeneration('older-sub', '');
    else this.#core.failSuspended();
  }

  /** The writes to carry out now that the image is fixed. */
  release(): HostCommand[] {
    return this.busy ? [] : this.#held.splice(0);
  }

  /** Nothing is frozen: the sub has taken over meanwhile, or a disk does not make its cache durable. */
  #giveUp(code: 'taken-over' | 'disk-error'): void {
    this.#phase = 'none';
    const { number } = refusals[code];
    for (const request of this.#requests) this.#answer({ kind: 'refused', request, code: number, detail: '' });
  }

  #tell(request: number, { epoch, generation, included }: Freeze): void {
    this.#answer({ kind: 'frozen', request, epoch, generation, included });
  }
}
