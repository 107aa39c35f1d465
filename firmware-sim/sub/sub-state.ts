/** What the sub controller durably knows apart from its replica: which pair it belongs to, and who may write. */
import {
  type Epoch,
  epoch,
  type Generation,
  generation,
  type Method,
  type PairState,
  unreachable,
} from '../../protocol/ids.js';
import { type RefusalCode, refusalByNumber, refusals } from '../../protocol/refusals.js';
import { BlockSet } from '../storage/block-set.js';
import type { SubRecord } from './sub-records.js';

export class SubState {
  pair: Uint8Array = new Uint8Array(16);
  method: Method = 'differential';
  blockBytes = 0;
  volumeBytes: readonly number[] = [];
  epoch: Epoch = epoch(0);
  pairState: PairState = 'SMPL';
  reason: RefusalCode | undefined;
  takenOver = false;
  /** The generation of a failback under way. */
  failback: Generation | undefined;
  /** The newest failback that failed: its number is used up. */
  failbackEnded: Generation = generation(0);
  /** Blocks that a host changed here since the takeover, by volume. */
  changed: BlockSet[] = [];

  get joined(): boolean {
    return this.pair.some((byte) => byte !== 0);
  }

  apply(record: SubRecord): void {
    switch (record.kind) {
      case 'prepared':
        this.blockBytes = record.blockBytes;
        this.volumeBytes = [...record.volumes];
        this.changed = record.volumes.map(() => new BlockSet());
        break;
      case 'joined':
        this.pair = Uint8Array.from(record.pair);
        this.method = record.method;
        this.epoch = record.epoch;
        if (this.pairState === 'SMPL') this.pairState = 'COPY';
        break;
      case 'pairState':
        // Recorded beside a takeover: it tells of the pair that was.
        if (this.takenOver) break;
        this.pairState = record.state;
        this.reason = refusalByNumber(record.code);
        break;
      case 'tookOver':
        this.epoch = record.epoch;
        this.takenOver = true;
        this.pairState = 'SSWS';
        this.reason = undefined;
        break;
      case 'changing':
        this.changed[record.volume]?.add(record.first, record.count);
        break;
      case 'failbackBegun':
        this.failback = record.generation;
        break;
      case 'failbackEnded':
        this.failback = undefined;
        this.failbackEnded = record.generation;
        break;
      case 'gaveBack':
        this.takenOver = false;
        this.failback = undefined;
        this.pairState = 'PAIR';
        this.changed = this.changed.map(() => new BlockSet());
        break;
      default:
        unreachable(record);
    }
  }

  *snapshot(): Generator<SubRecord> {
    if (this.blockBytes === 0) return;
    yield { kind: 'prepared', blockBytes: this.blockBytes, volumes: this.volumeBytes };
    if (this.joined) yield { kind: 'joined', pair: this.pair, method: this.method, epoch: this.epoch };
    if (this.takenOver) yield { kind: 'tookOver', epoch: this.epoch };
    for (const [volume, changed] of this.changed.entries()) {
      for (const run of changed.runs()) yield { kind: 'changing', volume: volume as never, ...run };
    }
    if (this.failbackEnded > 0) yield { kind: 'failbackEnded', generation: this.failbackEnded };
    if (this.failback !== undefined) yield { kind: 'failbackBegun', generation: this.failback };
    const code = this.reason === undefined ? 0 : refusals[this.reason].number;
    yield { kind: 'pairState', state: this.pairState, code };
  }
}
