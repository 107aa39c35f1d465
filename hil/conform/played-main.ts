/** The suite as the main controller of a sub: it takes over the pair that the sub has, or makes a new one. */
import { spoiltDigest } from '../../protocol/digest.js';
import { epoch, generation } from '../../protocol/ids.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import type { RunFormsTaken } from '../../protocol/session/run-forms.js';
import type { Bench } from './bench.js';
import { controllerOf, type ProbeController } from './controller.js';
import { Hindered } from './finding.js';
import { ImageGiver, type RunNumbers } from './image-giver.js';
import type { ProbeSession } from './probe-session.js';

type Pairing = MessageNamed<'pairing'>;

/** How much a run and a window may have, in bytes: what the suite says where nothing depends on it. */
export const generousRuns = { runBytesMax: 65_536, windowBytes: 1 << 20 } as const;

/** Why nothing can be sent to a sub that has become the main side. */
export const takenOverAlready = 'the sub has taken over: fail back, or make it anew with an empty meta area';

/** The longest that a sub may take to answer a pairing: it may have to join the pair durably. In microseconds. */
const pairingUs = 10_000_000;

export class PlayedMain {
  readonly #bench: Bench;
  readonly #numbers: RunNumbers = { last: 0 };
  /** The sub from its host line. */
  readonly host: ProbeController;
  readonly session: ProbeSession;
  /** What the suite says of the pair. */
  readonly own: Pairing;
  /** What the sub has answered. */
  sub: Pairing;

  /** The newest generation that the sub has given up. */
  readonly #failed: number;

  private constructor(
    bench: Bench,
    parts: { readonly host: ProbeController; readonly session: ProbeSession; own: Pairing; failed: number },
  ) {
    this.#bench = bench;
    this.#failed = parts.failed;
    this.host = parts.host;
    this.session = parts.session;
    this.own = parts.own;
    this.sub = parts.own;
  }

  /** A fresh session on the line between the controllers, in which both agree on the pair. */
  static async meet(bench: Bench, forms: Partial<RunFormsTaken> = {}): Promise<PlayedMain> {
    const host = await controllerOf(bench);
    const status = await host.status();
    if (status.pairState === 'SSWS') throw new Hindered(takenOverAlready);
    return PlayedMain.#opened(bench, host, { status, forms });
  }

  /** The same with a sub that has taken over from the suite. */
  static async meetTakenOver(bench: Bench): Promise<PlayedMain> {
    const host = await controllerOf(bench);
    return PlayedMain.#opened(bench, host, { status: await host.status(), forms: {} });
  }

  static async #opened(
    bench: Bench,
    host: ProbeController,
    { status, forms }: { readonly status: MessageNamed<'status'>; readonly forms: Partial<RunFormsTaken> },
  ): Promise<PlayedMain> {
    const session = await bench.remote.replicationSession(forms);
    const main = new PlayedMain(bench, { host, session, own: pairingOf(status, bench), failed: status.failed });
    main.sub = await main.pair();
    return main;
  }

  /** Says what the suite knows of the pair; gives the sub's answer. */
  async pair(changes: Partial<Pairing> = {}): Promise<Pairing> {
    const from = this.session.messages.length;
    this.session.post({ ...this.own, ...changes });
    const { probe } = this.session.link;
    const isIt = (each: { readonly kind: string }): each is Pairing => each.kind === 'pairing';
    const look = () => this.session.messages.slice(from).find(isIt);
    return probe.need('pairing in answer to pairing', look, pairingUs);
  }

  /** The next image, which nobody has heard of: a difference to what the sub has committed, or the whole. */
  image(): ImageGiver {
    const { blockBytes, committed, commitDigest, windowBytes } = this.sub;
    const isSpoilt = Buffer.compare(commitDigest, spoiltDigest) === 0;
    const image = {
      ...{ blockBytes, epoch: this.own.epoch, state: 'PAIR' as const, base: committed },
      generation: this.#fresh(),
      full: committed === 0 || isSpoilt,
      ...{ runBlocksMax: runBlocksMax(this.sub), windowBytes },
    };
    return new ImageGiver(this.session, image, this.#numbers, () => progressOf(this.host));
  }

  /** The same image in this session, which is not the one in which it was begun. */
  again(before: ImageGiver): ImageGiver {
    return new ImageGiver(this.session, before.image, this.#numbers, () => progressOf(this.host));
  }

  /** A number that no generation has had, whatever became of it. */
  #fresh(): number {
    const { records } = this.#bench;
    records.frozen = Math.max(records.frozen, this.sub.committed, this.sub.receiving, this.#failed) + 1;
    return records.frozen;
  }
}

/** How many blocks a run to this receiver may have: what it says, and no more than a sender needs. */
export function runBlocksMax({ blockBytes, runBytesMax }: Pick<Pairing, 'blockBytes' | 'runBytesMax'>): number {
  return Math.max(1, Math.floor(Math.min(generousRuns.runBytesMax, runBytesMax) / blockBytes));
}

/** What a receiver has come to, as its host sees it. */
export async function progressOf(host: ProbeController): Promise<string> {
  const { committed, structured, unstructuredBlocks, shadowSlotsFree } = await host.status();
  return `committed ${committed}, structured ${structured}, unstructured blocks ${unstructuredBlocks}, free slots ${shadowSlotsFree}`;
}

function pairingOf(status: MessageNamed<'status'>, bench: Bench): Pairing {
  const { pair, epoch: now, method, blockBytes, volumes, committed, commitDigest, structured } = status;
  const isNew = pair.every((byte) => byte === 0);
  return {
    ...{ kind: 'pairing', method, blockBytes, volumes, committed, commitDigest, structured, frozen: committed },
    ...{ pair: isNew ? bench.fresh(16) : pair, epoch: epoch(Math.max(1, now)) },
    ...{ state: committed === 0 ? 'COPY' : 'PAIR', receiving: generation(0), takenOver: false },
    ...generousRuns,
  };
}
