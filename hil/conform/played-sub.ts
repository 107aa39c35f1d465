/** The suite as the sub of a main controller: it joins the pair, and takes what main sends. */
import { epoch, generation } from '../../protocol/ids.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import type { RunFormsTaken } from '../../protocol/session/run-forms.js';
import type { Bench } from './bench.js';
import { controllerOf, mainPhaseOf, type ProbeController } from './controller.js';
import { Hindered, NotRun } from './finding.js';
import { ImageTaker } from './image-taker.js';
import { write } from './medium.js';
import type { SubRecord } from './played-records.js';
import { ProbeUnit } from './probe-unit.js';
import { bitsPerByte } from './wire.js';

type Pairing = MessageNamed<'pairing'>;
type Status = MessageNamed<'status'>;

export interface SubOptions {
  readonly forms?: Partial<RunFormsTaken>;
  readonly runBytesMax?: number;
  readonly windowBytes?: number;
  /** What the suite says of itself besides what it durably knows. */
  readonly says?: Partial<Pairing>;
}

/** The suite holds every frame of a run in memory: a first image of more than this is not taken. */
const imageBytesMax = 64 * 2 ** 20;
/** The longest that a first image may be on its way, in seconds. */
const imageSecondsMax = 300;
/** How long main is given for a note of its own, in microseconds. */
const noteUs = 500_000;
/** How often and how long main is looked at until nothing is on its way. */
const looks = 100;
const lookUs = 50_000;

export class PlayedSub {
  /** Main from its host line. */
  readonly host: ProbeController;
  readonly unit: ProbeUnit;
  readonly taker: ImageTaker;
  readonly record: SubRecord;
  readonly shape: Status;
  /** What it says of itself besides what it durably knows. */
  says: Partial<Pairing>;
  /** Pairings of main that have been answered. */
  pairings = 0;

  private constructor(parts: Pick<PlayedSub, 'host' | 'unit' | 'taker' | 'record' | 'shape'>, says: Partial<Pairing>) {
    this.host = parts.host;
    this.unit = parts.unit;
    this.taker = parts.taker;
    this.record = parts.record;
    this.shape = parts.shape;
    this.says = says;
  }

  /** A fresh session on the line between the controllers, and main's first pairing answered. */
  static async meet(bench: Bench, options: SubOptions = {}): Promise<PlayedSub> {
    const host = await controllerOf(bench);
    const unit = new ProbeUnit(host.session);
    await unit.clearAttentions();
    const shape = await host.status();
    demandSmall(shape, bench.remote);
    const { forms = {}, runBytesMax = 65_536, windowBytes = 1 << 20, says = {} } = options;
    const session = await bench.remote.replicationSession(forms);
    const { sub: record } = bench.records;
    const taker = new ImageTaker(session, record, {
      ...{ blockBytes: shape.blockBytes, runBytesMax, windowBytes, forms },
    });
    const sub = new PlayedSub({ host, unit, taker, record, shape }, { runBytesMax, windowBytes, ...says });
    await sub.paired();
    return sub;
  }

  /** The same, and main follows: nothing is on its way, and nothing is suspended. */
  static async idle(bench: Bench, options: SubOptions = {}): Promise<PlayedSub> {
    const knows = isKnown(bench.records.sub);
    const sub = await PlayedSub.meet(bench, options);
    // Main may have to note durably that it needs a whole image: a freeze meanwhile would be a difference, and fail.
    if (!knows || options.says !== undefined) await sub.take(noteUs);
    for (let look = 0, arrived = 0; look < looks; look += 1) {
      const status = await sub.host.status();
      // What is on its way may take as long as the line needs.
      if (sub.taker.runs.length > arrived) look = 0;
      arrived = sub.taker.runs.length;
      const phase = mainPhaseOf(status);
      if (phase === 'idle') return sub;
      if (phase === 'taken over') throw new Hindered('main knows of a takeover: fail back, or make it anew');
      if (phase === 'suspended' || phase === 'failed') {
        await sub.host.accepted({ kind: 'resync' }, 'done');
        await sub.paired();
      } else await sub.take(lookUs);
    }
    throw new Hindered('main does not come to rest: resync it, or begin with a new pair');
  }

  /** Takes main's pairing, and answers it; joins main's pair first. */
  async paired(): Promise<Pairing> {
    const main = await this.taker.until('pairing', (message) => (message.kind === 'pairing' ? message : undefined));
    this.answer(main);
    return main;
  }

  /** Answers main's pairing. A sub without a pair says so first: what it joins it says when it has. */
  answer(main: Pairing): void {
    this.pairings += 1;
    const { record } = this;
    if (!isKnown(record)) {
      this.tell(main);
      record.pair = Uint8Array.from(main.pair);
      record.epoch = main.epoch;
    }
    // A sub that missed a failback follows its main.
    if (main.epoch > record.epoch) record.epoch = main.epoch;
    this.tell(main);
  }

  /** Says what the suite durably knows. */
  tell(main: Pick<Pairing, 'method' | 'blockBytes' | 'volumes'>, changes: Partial<Pairing> = {}): void {
    this.taker.session.post(this.pairing(main, changes));
  }

  pairing({ method, blockBytes, volumes }: Pick<Pairing, 'method' | 'blockBytes' | 'volumes'>, changes = {}): Pairing {
    const { pair, epoch: now, committed, digest, staging } = this.record;
    return {
      ...{ kind: 'pairing', pair, epoch: epoch(now), method, blockBytes, volumes },
      ...{ frozen: generation(committed), committed: generation(committed), commitDigest: digest },
      ...{ structured: generation(committed), state: committed === 0 ? 'COPY' : 'PAIR' },
      ...{
        receiving: generation(staging?.generation ?? 0),
        takenOver: false,
        runBytesMax: 65_536,
        windowBytes: 1 << 20,
      },
      ...this.says,
      ...changes,
    };
  }

  /** Takes what comes for so long, pairings too. */
  async take(us: number): Promise<void> {
    const until = this.taker.session.link.probe.wire.nowUs() + us;
    for (let left = us; left > 0; left = until - this.taker.session.link.probe.wire.nowUs()) {
      const main = await this.taker.meanwhile(left, (message) => (message.kind === 'pairing' ? message : undefined));
      if (main !== undefined) this.answer(main);
    }
  }

  /** How long these bytes take on the line between the controllers, in microseconds. */
  lineUs(bytes: number): number {
    const { baud } = this.taker.session.link.probe.wire;
    return baud === undefined ? 0 : (bytes * bitsPerByte * 1e6) / baud;
  }

  /** Writes blocks of volume 0 at main. */
  async write(first: number, data: Uint8Array): Promise<void> {
    await write(this.unit, (first * this.shape.blockBytes) / 512, data);
  }

  /** The same, while the suite goes on as sub: main may want an answer to something first. */
  startWrite(first: number, data: Uint8Array): { isDone: boolean; readonly ended: Promise<void> } {
    const ended = this.write(first, data).then(() => {
      writing.isDone = true;
    });
    // Whoever waits for it is told; a check that ends before does not.
    ended.catch(() => {});
    const writing = { isDone: false, ended };
    return writing;
  }

  /** Has main freeze; gives the generation. */
  async freeze(): Promise<number> {
    return (await this.host.freeze(this.host.freshToken())).generation;
  }
}

/** Whether the suite has joined a pair. */
const isKnown = ({ pair }: SubRecord): boolean => pair.some((byte) => byte !== 0);

/** An image that the suite can take at all. */
function demandSmall({ volumes }: Status, { wire }: Bench): void {
  const bytes = volumes.reduce((sum, each) => sum + each, 0);
  const isLong = wire.baud !== undefined && (bytes * 10) / wire.baud > imageSecondsMax;
  if (bytes <= imageBytesMax && !isLong) return;
  const why = isLong ? `${imageSecondsMax} s at ${wire.baud} baud` : `${imageBytesMax / 2 ** 20} MiB`;
  throw new NotRun(`the first image may have all ${bytes} bytes of the volumes, more than ${why}: use smaller ones`);
}
