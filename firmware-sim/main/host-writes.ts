/**
 * The host's writes that have arrived in full: those under way, which a freeze waits for, and the names of those whose end the
 * host may not have heard of, which a freeze tells.
 */
import { type HostCommand, type HostPort, hostCommandsMax } from '../controller/host-port.js';
import type { WriteCommand } from '../controller/write-pieces.js';
import type { FreezeTaker } from './freeze-taker.js';
import { HostWrite } from './host-write.js';
import type { MainCore } from './main-core.js';

export interface HostWritesOptions {
  readonly core: MainCore;
  readonly freeze: FreezeTaker;
  readonly hostPort: HostPort;
}

export class HostWrites {
  readonly #options: HostWritesOptions;
  readonly #underWay = new Map<HostWrite, HostCommand>();
  /** Tags of the newest writes that ended well in this session, as many as a host can have under way. */
  // Stryker disable next-line ArrayDeclaration: tags that no host has given
  #answered: number[] = [];

  constructor(options: HostWritesOptions) {
    this.#options = options;
  }

  /** None is under way. */
  get idle(): boolean {
    return this.#underWay.size === 0;
  }

  start(host: HostCommand): void {
    const { core, freeze, hostPort } = this.#options;
    const write: HostWrite = new HostWrite(core, host.volume, host.command as WriteCommand, (completion) => {
      if (completion.status !== 'good') freeze.exclude(host);
      else if (host.session === hostPort.session) this.#noteAnswered(host.tag);
      hostPort.answer(host.id, completion);
    });
    this.#underWay.set(write, host);
    write.start(core.nowUs);
  }

  ended(write: HostWrite): void {
    this.#underWay.delete(write);
  }

  /**
   * The tags that a freeze names: of the writes under way, and of those whose answer may not have reached the host when it sent the
   * freeze. What is left of an earlier session has no name: its tags may be those of others now.
   */
  unanswered(): number[] {
    const { hostPort } = this.#options;
    const underWay = [...this.#underWay.values()].filter(({ session }) => session === hostPort.session);
    return [...this.#answered, ...underWay.map(({ tag }) => tag)];
  }

  /** The host has heard of all that it will hear of: its session has ended, or its writes are in no image from here on. */
  forgetAnswered(): void {
    this.#answered = [];
  }

  #noteAnswered(tag: number): void {
    if (this.#answered.length === hostCommandsMax) this.#answered.shift();
    this.#answered.push(tag);
  }
}
