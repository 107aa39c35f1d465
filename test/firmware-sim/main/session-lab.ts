/** Main's side of the session with its sub, step by step: the test speaks for the sub. */
import { PairSession } from '../../../firmware-sim/main/pair-session.js';
import { contentDigests, RangeDigest } from '../../../protocol/digest.js';
import { generation, type Method } from '../../../protocol/ids.js';
import type { Message, MessageNamed } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import { blockBytes, blocksOf, MainLab } from './main-lab.js';

export const commitDigest = Buffer.alloc(16, 9);
export const code = (name: keyof typeof refusals) => refusals[name].number;

/** Main with `abcd` committed as generation 1, and a session that has just opened. */
export class SessionLab extends MainLab {
  readonly session = new PairSession(this.core);

  constructor({ method = 'differential' as Method, sectors = 32, slots = 16, others = [] as readonly number[] } = {}) {
    super({ method, sectors, slots, others });
    this.primary(0, 'abcd');
    this.freeze(1, true);
    const { state } = this.core;
    state.apply({ kind: 'committed', generation: generation(1), digest: commitDigest });
    state.apply({ kind: 'structured', generation: generation(1) });
    this.session.opened();
    this.sent.length = 0;
  }

  /** The sub's pairing. */
  pairing(of: Partial<MessageNamed<'pairing'>> = {}): this {
    const { state } = this.core;
    const image = { frozen: generation(1), committed: generation(1), structured: generation(1), commitDigest };
    this.session.compare({
      ...{ kind: 'pairing', pair: state.pair, epoch: state.epoch, method: state.method, blockBytes },
      ...{ volumes: this.core.geometry.volumes, ...image, state: 'PAIR', receiving: generation(0) },
      ...{ takenOver: false, runBytesMax: 65536, windowBytes: 1 << 20, ...of },
    });
    return this;
  }

  /** What the sub says, and the step after it. */
  says(message: Message): boolean {
    const taken = this.session.message(message);
    this.session.pump();
    return taken;
  }

  pump(): this {
    this.maySend = this.session.ready;
    this.core.pump(0);
    this.session.pump();
    return this;
  }

  /** The sub holds these blocks of the generation on its way, letter by letter; a blank is one that it does not hold. */
  holds(of: number, letters: string, { chunk = 0, last = true } = {}): this {
    const held = Buffer.alloc(8);
    const range = new RangeDigest();
    for (const [bit, letter] of Array.from(letters).entries()) {
      if (letter === ' ') continue;
      held.writeUInt8(held.readUInt8(bit >> 3) | (1 << (bit & 7)), bit >> 3);
      range.add(chunk * 64 + bit, contentDigests(blocksOf(letter), blockBytes));
    }
    const chunks = letters === '' ? [] : [{ chunk, held, digest: range.finish() }];
    this.says({ kind: 'holdings', generation: generation(of), volume: 0 as never, chunks, last });
    return this;
  }

  /** Messages since the last look, as words. */
  told(): string[] {
    return this.sent.splice(0).map((message) => {
      if (message.kind === 'begin')
        return `begin ${message.generation} on ${message.base}${message.full ? ' full' : ''} ${message.state}`;
      if (message.kind === 'pairStateChanged') return `${message.kind} ${message.state} ${message.code}`;
      if (message.kind === 'abandon') return `abandon ${message.generation} ${message.code}`;
      if (message.kind === 'complete') return `complete ${message.generation}: ${message.blocks} ${message.zeroBlocks}`;
      return 'generation' in message ? `${message.kind} ${message.generation}` : message.kind;
    });
  }

  recorded(): unknown[] {
    return this.records.map(({ record }) => record);
  }

  marks(): string[] {
    return this.effects.flatMap((each) =>
      each.kind === 'mark' ? [`${each.name} ${Object.values(each.values).join()}`] : [],
    );
  }

  logs(): string[] {
    return this.effects.flatMap((each) => (each.kind === 'log' ? [each.text] : []));
  }
}

/** Both sides agree, and generation 2, `X` in block 1 and `Y` in block 2, is on its way; nothing of it has begun. */
export function frozen(of: { method?: Method; sectors?: number; slots?: number } = {}): SessionLab {
  const lab = new SessionLab(of);
  lab.primary(1, 'XY');
  lab.freeze(2);
  lab.core.transferBegan();
  return lab;
}

/** The same; the sub holds nothing of it yet and main knows. */
export function begun(of: { method?: Method; sectors?: number } = {}): SessionLab {
  const lab = frozen(of).pairing();
  lab.session.pump();
  lab.holds(2, '');
  lab.told();
  return lab;
}

/** All of it has been sent, and complete. */
export function completing(): SessionLab {
  const lab = begun();
  lab.isSent(1, 'XY');
  lab.session.pump();
  lab.told();
  return lab;
}

/** Digest of generation 2 as it was sent. */
export function digestOfSecond(): Uint8Array {
  const range = new RangeDigest();
  for (const [block, letter] of [
    [1, 'X'],
    [2, 'Y'],
  ] as const)
    range.addOfVolume(0, block, contentDigests(blocksOf(letter), blockBytes));
  return range.finish();
}
