/** A failback at the sub, step by step: the test speaks for main, and for the disks where it wants to. */
import { FailbackSender } from '../../../firmware-sim/sub/failback-sender.js';
import { epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import type { Message } from '../../../protocol/message/messages.js';
import { lettersOf, SubLab } from './sub-lab.js';

/** Of the image that main commits. */
export const digest = Buffer.alloc(16, 9);

/** A sub that has taken over with generation 4 structured, and a failback that a test drives. */
export class FailbackLab extends SubLab {
  readonly given: string[] = [];
  readonly started: (string | undefined)[] = [];
  readonly failback = new FailbackSender(this.core, (number, code) => this.given.push(`${number} ${code}`));

  constructor() {
    super();
    this.structured(0, 'abcdefgh');
    const image = { epoch: epoch(1), committed: generation(4), structured: generation(4), digest };
    this.replica.apply({ kind: 'image', ...image });
    this.state.apply({ kind: 'tookOver', epoch: epoch(2) });
    this.failback.mainFrozen = generation(5);
  }

  /** A host changes blocks here. */
  changed(first: number, letters: string): void {
    this.structured(first, letters);
    const at = { volume: volumeNumber(0), first, count: letters.length } as never;
    this.state.apply({ kind: 'changing', ...(at as object) } as never);
    this.replica.overwritten(0, first, letters.length);
  }

  start(discard = false): this {
    this.failback.start(discard, (refusal) => this.started.push(refusal?.code));
    return this;
  }

  /** Main names these blocks as different there. */
  differs(request: number, blocks: readonly number[], last = true): this {
    const bits = Buffer.alloc(8);
    for (const block of blocks) bits.writeUInt8(bits.readUInt8(block >> 3) | (1 << (block & 7)), block >> 3);
    const chunks = [{ chunk: 0, blocks: bits }];
    this.says({ kind: 'failbackDifference', request, volume: volumeNumber(0), chunks, last });
    return this;
  }

  says(message: Message): boolean {
    const taken = this.failback.message(message);
    this.go();
    return taken;
  }

  /** Lets everything go on that main is not needed for. */
  go(): this {
    do this.failback.pump();
    while (this.disk() || this.durable());
    return this;
  }

  /** Messages since the last look, as words. */
  told(): string[] {
    return this.sent.splice(0).map((message) => {
      if (message.kind === 'blockRun') return `${message.run}: ${message.first} ${lettersOf(message.data)}`;
      if (message.kind === 'zeroRun') return `${message.run}: ${message.first} zeros ${message.count}`;
      if (message.kind === 'complete') return `complete ${message.generation}: ${message.blocks} ${message.zeroBlocks}`;
      if (message.kind === 'begin') return `begin ${message.generation} on ${message.base} ${message.state}`;
      return message.kind;
    });
  }

  stored(...runs: number[]): boolean {
    return this.says({ kind: 'stored', generation: generation(6), runs });
  }

  main(kind: 'committed' | 'structured', of = 6): boolean {
    const message = { kind, epoch: epoch(2), generation: generation(of), digest };
    return this.says(message as Message);
  }

  marks(): string[] {
    return this.effects.flatMap((each) =>
      each.kind === 'mark' ? [`${each.name} ${Object.values(each.values).join()}`] : [],
    );
  }
}

/** With blocks 1 and 2 changed here and 2 and 5 there, about to be sent. */
export function sending(): FailbackLab {
  const lab = new FailbackLab();
  lab.changed(1, 'XY');
  lab.start(true).differs(1, [2, 5]);
  return lab;
}

/** All of it sent and stored, and complete sent. */
export function completing(): FailbackLab {
  const lab = sending();
  lab.stored(1, 2);
  lab.told();
  return lab;
}
