/** What the parts of the sub controller share. `SubController` routes events to it. */

import type { DeviceEffect, PortName } from '../../protocol/device.js';
import type { PairState } from '../../protocol/ids.js';
import type { Priority } from '../../protocol/message/message.js';
import type { Message } from '../../protocol/message/messages.js';
import { type RefusalCode, refusals } from '../../protocol/refusals.js';
import type { Board, RunForms } from '../controller/board.js';
import type { Geometry } from '../controller/geometry.js';
import { Receiver } from '../replica/receiver.js';
import { Recorded } from '../replica/recorded.js';
import type { ReplicaRecord } from '../replica/replica-records.js';
import type { ReplicaState } from '../replica/replica-state.js';
import { diskNames } from '../storage/disk-names.js';
import type { DiskQueue } from '../storage/disk-queue.js';
import type { Operation } from '../storage/operation.js';
import { RangeLocks } from '../storage/range-locks.js';
import type { SlotAllocator } from '../storage/slot-allocator.js';
import type { SubRecord } from './sub-records.js';
import type { SubState } from './sub-state.js';

export interface SubSurroundings {
  readonly effects: DeviceEffect[];
  readonly disks: DiskQueue;
  readonly state: SubState;
  readonly replica: ReplicaState;
  readonly geometry: Geometry;
  readonly allocators: readonly SlotAllocator[];
  readonly record: (record: SubRecord | ReplicaRecord, operation?: Operation) => void;
  readonly send: (port: PortName, message: Message, priority?: Priority) => void;
  readonly runForms: () => RunForms;
}

type PairStateAndReason = Pick<SubState, 'pairState' | 'reason'>;

export class SubCore implements Board<SubRecord | ReplicaRecord> {
  readonly #around: SubSurroundings;
  readonly state: SubState;
  readonly replica: ReplicaState;
  readonly geometry: Geometry;
  readonly disks: DiskQueue;
  readonly effects: DeviceEffect[];
  readonly locks = new RangeLocks<Operation>();
  readonly receiver: Receiver;
  nowUs = 0;
  /** Host writes that have arrived and are not answered. */
  hostWrites = 0;
  #recording: PairStateAndReason | undefined;

  constructor(around: SubSurroundings) {
    this.#around = around;
    this.state = around.state;
    this.replica = around.replica;
    this.geometry = around.geometry;
    this.disks = around.disks;
    this.effects = around.effects;
    this.receiver = new Receiver({
      board: this,
      state: around.replica,
      geometry: around.geometry,
      staging: diskNames('staging'),
      image: diskNames('secondary'),
      allocators: around.allocators,
      locks: this.locks,
      onProgress: () => this.#imageChanged(),
    });
  }

  get allocators(): readonly SlotAllocator[] {
    return this.#around.allocators;
  }

  record(record: SubRecord | ReplicaRecord, operation?: Operation): void {
    this.#around.record(record, operation);
  }

  send(port: PortName, message: Message, priority?: Priority): void {
    this.#around.send(port, message, priority);
  }

  runForms(): RunForms {
    return this.#around.runForms();
  }

  log(level: 'info' | 'warning' | 'error', text: string): void {
    this.effects.push({ kind: 'log', level, text });
  }

  mark(name: string, values: Readonly<Record<string, number | string>>): void {
    this.effects.push({ kind: 'mark', name, values });
  }

  /** Something at the sub makes it impossible to go on: shown here, and told to main. */
  suspend(code: RefusalCode, detail: string): void {
    const { pairState, reason } = this.#newest;
    if (pairState === 'PSUE' && reason === code) return;
    this.log('error', `pair suspended: ${code}${detail === '' ? '' : ` (${detail})`}`);
    const number = refusals[code].number;
    if (!this.state.takenOver) this.#recordPairState('PSUE', code);
    this.send('remote', { kind: 'pairStateChanged', state: 'PSUE', code: number });
  }

  /** What main says of the pair. A reason that main gives anew is recorded anew. */
  mainSays(state: PairState, reason: RefusalCode | undefined): void {
    if (this.state.takenOver || (state === this.#newest.pairState && state !== 'PSUE')) return;
    this.#recordPairState(state, reason);
  }

  /** The state of the pair that the journal will end with: one that is being recorded counts already. */
  get #newest(): PairStateAndReason {
    return this.#recording ?? this.state;
  }

  #recordPairState(pairState: PairState, reason: RefusalCode | undefined): void {
    const recording = { pairState, reason };
    this.#recording = recording;
    this.record(
      { kind: 'pairState', state: pairState, code: reason === undefined ? 0 : refusals[reason].number },
      new Recorded(`recording ${pairState}`, () => {
        if (this.#recording === recording) this.#recording = undefined;
      }),
    );
  }

  unlock(holder: Operation): void {
    for (const next of this.locks.release(holder)) next.resume({ kind: 'locked' }, this.nowUs);
  }

  /** The first commit makes a pair of what was a copy under way. */
  #imageChanged(): void {
    if (this.#newest.pairState === 'COPY') this.#recordPairState('PAIR', undefined);
  }
}
