/**
 * A host that writes to the volumes of a bench and knows what it has written: every write goes into the log with its tag,
 * and what overlaps a write that is under way waits for that one, as SCSI promises no order between the two.
 */
import type { HostClient } from '../../host/client.js';
import { lengthOf, type WriteContent } from '../../host/workload/sparse-image.js';
import { stampSpan } from '../../host/workload/stamp.js';
import type { WriteLog } from '../../host/workload/write-log.js';
import { sectorBytes, unreachable } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import type { Bench } from '../bench/bench.js';

/** A write that has ended well. */
export interface WriteEnded {
  readonly volume: number;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  readonly sentAtUs: number;
  readonly us: number;
}

export interface HostWriterOptions {
  readonly bench: Bench;
  readonly client: HostClient;
  readonly log: WriteLog;
  readonly onEnded: (write: WriteEnded) => void;
}

interface UnderWay {
  readonly volume: number;
  readonly from: number;
  readonly to: number;
  readonly done: Promise<void>;
  tag: number | undefined;
}

/** Writes under way at once. */
const underWayMax = 16;

export class HostWriter {
  readonly #options: HostWriterOptions;
  readonly #underWay = new Set<UnderWay>();
  #failure: RefusalError | undefined;

  constructor(options: HostWriterOptions) {
    this.#options = options;
  }

  get log(): WriteLog {
    return this.#options.log;
  }

  /** Tags of the writes that are not acknowledged. */
  get outstandingTags(): number[] {
    return [...this.#underWay].flatMap(({ tag }) => (tag === undefined ? [] : [tag]));
  }

  /** Sends a write as soon as nothing that is under way overlaps it. Throws what an earlier write has ended with. */
  async write(volume: number, offsetBytes: number, content: WriteContent): Promise<void> {
    const to = offsetBytes + lengthOf(content);
    for (const each of this.#underWay) {
      if (each.volume === volume && each.from < to && offsetBytes < each.to) await this.#options.bench.run(each.done);
    }
    while (this.#underWay.size >= underWayMax) {
      await this.#options.bench.run(Promise.race([...this.#underWay].map(({ done }) => done)));
    }
    this.#throwFailure();
    this.#send(volume, offsetBytes, content);
  }

  /** Waits until nothing is under way. Throws what a write has ended with. */
  async settle(): Promise<void> {
    await this.#options.bench.run(Promise.all([...this.#underWay].map(({ done }) => done)));
    this.#throwFailure();
  }

  /** The controller has lost its power: of what is under way nobody knows whether it happened, until it is sent again. */
  sessionLost(): void {
    for (const each of this.#underWay) {
      if (each.tag !== undefined) this.log.failed(each.tag);
      each.tag = undefined;
    }
  }

  #throwFailure(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }

  #send(volume: number, offsetBytes: number, content: WriteContent): void {
    const { bench, client, log, onEnded } = this.#options;
    const lengthBytes = lengthOf(content);
    const sentAtUs = bench.nowUs();
    const onTag = (tag: number) => {
      // A second tag: the write was not carried out, or may not have been, and is sent again.
      if (each.tag !== undefined) log.failed(each.tag);
      each.tag = tag;
      log.sent({ tag, volume, offsetBytes, content });
    };
    const each: UnderWay = {
      ...{ volume, from: offsetBytes, to: offsetBytes + lengthBytes, tag: undefined },
      get done() {
        return done;
      },
    };
    this.#underWay.add(each);
    const done = client.command(volume, commandOf(offsetBytes, content), onTag).then(
      () => {
        this.#underWay.delete(each);
        if (each.tag !== undefined) log.acknowledged(each.tag);
        onEnded({ volume, offsetBytes, lengthBytes, sentAtUs, us: bench.nowUs() - sentAtUs });
      },
      (error: unknown) => {
        this.#underWay.delete(each);
        if (each.tag !== undefined) log.failed(each.tag);
        if (!(error instanceof RefusalError)) throw error;
        this.#failure ??= error;
      },
    );
  }
}

/** Zeros go as an unmap, which a pair keeps as zeros. */
function commandOf(offsetBytes: number, content: WriteContent): MediumCommand {
  const lba = offsetBytes / sectorBytes;
  switch (content.kind) {
    case 'data':
      return { op: 'write', lba, data: content.data };
    case 'stamped':
      return { op: 'write', lba, data: stampSpan(content.stamp, offsetBytes, content.lengthBytes) };
    case 'zeros':
      return { op: 'unmap', ranges: [{ lba, sectors: content.lengthBytes / sectorBytes }] };
    default:
      return unreachable(content);
  }
}
