/**
 * What both controllers are as devices: endpoints on their ports, a queue to their disks, a journal that is read back
 * at power on, and the order of a step. `MainController` and `SubController` say what happens with messages.
 */

import { createHash } from 'node:crypto';
import type { Device, DeviceEffect, DeviceEvent, DiskName, PortName } from '../../protocol/device.js';
import { earlier } from '../../protocol/earlier.js';
import { assert, unreachable } from '../../protocol/ids.js';
import type { MessageCodec, Priority } from '../../protocol/message/message.js';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { type Refusal, type RefusalCode, refusals } from '../../protocol/refusals.js';
import { senseOf } from '../../protocol/scsi/conditions.js';
import { encodeSense } from '../../protocol/scsi/sense.js';
import { Endpoint } from '../../protocol/session/endpoint.js';
import type { EndpointEvent, Role } from '../../protocol/session/endpoint-types.js';
import { sessionRefusals } from '../../protocol/session/hello.js';
import { type LineSeal, lineSealOf } from '../../protocol/session/line-seal.js';
import { DiskQueue } from '../storage/disk-queue.js';
import { Journal, type JournalPosition } from '../storage/journal.js';
import { JournalRecovery, type RecoveredRecords } from '../storage/journal-recovery.js';
import type { Operation } from '../storage/operation.js';
import type { RunForms } from './board.js';
import type { InstructionOutcome } from './instructions.js';
import { fieldPastLimit } from './peer-limits.js';
import { StampAreas } from './prepare-areas.js';
import { slotsOf } from './slots.js';

export interface PortOptions extends LineSeal {
  /** The most bytes of a message that one frame carries; large on lines without errors. */
  readonly framePayloadMax?: number;
  /** Between the controllers: the largest window of compressed runs, as a logarithm, 9 … 15. None are sent or taken unless given. */
  readonly windowBits?: number;
  /** Between the controllers: takes and sends runs that the receiver may hold already. Not unless given. */
  readonly heldRuns?: boolean;
}

export interface ControllerOptions {
  readonly role: 'main' | 'sub';
  readonly host: PortOptions;
  readonly remote: PortOptions;
  /** Bytes of records after which a snapshot replaces them; where it is left out, what suits a disk. */
  readonly journalGrowthBytesMin?: number;
  /** The most bytes of records that are made durable at once; where it is left out, what suits a disk. */
  readonly journalBatchBytesMax?: number;
}

const none: readonly DeviceEffect[] = [];
/** A controller's meta disk has at least this many bytes. */
export const metaBytesMin = 8 * 1024 * 1024;

export abstract class Controller<R extends { readonly kind: string }> implements Device {
  readonly #options: ControllerOptions;
  readonly #codec: MessageCodec;
  readonly #takenBits: number;
  readonly #takesHeldRuns: boolean;
  protected readonly effects: DeviceEffect[] = [];
  protected disks = new DiskQueue(this.effects);
  protected entropy: Uint8Array = new Uint8Array(32);
  protected capacities: ReadonlyMap<DiskName, number> = new Map();
  protected nowUs = 0;
  // Stryker disable next-line StringLiteral: for people; what counts is that it is none of the others
  protected power: 'off' | 'recovering' | 'running' | 'halted' = 'off';
  /** Why `power` is `halted`. */
  protected whyHalted: Refusal | undefined;
  #closing = false;
  #journal: Journal<R> | undefined;
  readonly #endpoints = new Map<PortName, Endpoint>();
  readonly #linesUp = new Set<PortName>();
  /** Why there is no session on a line, where that is known. */
  readonly #sessionsRefused = new Map<PortName, RefusalCode>();

  constructor(options: ControllerOptions, codec: MessageCodec) {
    this.#options = options;
    this.#codec = codec;
    this.#takenBits = options.remote.windowBits ?? 0;
    this.#takesHeldRuns = options.remote.heldRuns ?? false;
  }

  /** A check of what has been read back, record by record: why one cannot be this controller's, or undefined. */
  protected abstract recordCheck(): (record: R) => Refusal | undefined;
  /** Takes a durable record into the state. */
  protected abstract apply(record: R): void;
  protected abstract snapshot(): Iterable<R>;
  /** Power came on; what is not on the disks is gone. */
  protected abstract forget(): void;
  /** The records have been read back; a fresh meta disk has none. Calls `run` when the controller can work. */
  protected abstract recovered(fresh: boolean): void;
  protected abstract opened(port: PortName): void;
  protected abstract closed(port: PortName): void;
  protected abstract message(port: PortName, message: Message): void;
  /** Continues whatever can go on. */
  protected abstract work(): void;
  protected abstract ownDeadline(): number | undefined;
  /** What has begun and not ended, besides disk commands and records. */
  protected abstract ownInHand(): readonly string[];

  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[] {
    this.nowUs = nowUs;
    this.#take(event);
    if (this.power === 'running' && !this.#closing) this.work();
    if (this.#closing && this.disks.outstanding === 0 && (this.#journal?.idle ?? true)) {
      this.#closing = false;
      this.effects.push({ kind: 'closed' });
    }
    // Stryker disable next-line ConditionalExpression: an empty list of its own is as good
    return this.effects.length === 0 ? none : this.effects.splice(0);
  }

  transmit(port: PortName, nowUs: number): Uint8Array | undefined {
    return this.#endpoints.get(port)?.transmit(nowUs);
  }

  deadline(): number | undefined {
    let first = earlier(this.disks.deadline(), this.power === 'running' ? this.ownDeadline() : undefined);
    for (const each of this.#endpoints.values()) first = earlier(first, each.deadline());
    return first;
  }

  record(record: R, operation?: Operation): void {
    assert(this.#journal !== undefined, 'records are kept once the journal has been read');
    this.#journal.append(record, operation);
  }

  send(port: PortName, message: Message, priority?: Priority): void {
    this.#endpoints.get(port)?.send(message, this.nowUs, priority);
  }

  /** How runs may travel between the controllers: as the receiver takes them, if this side does so at all. */
  runForms(): RunForms {
    const peer = this.#endpoints.get('remote')?.peerForms;
    return {
      takenBits: this.#takenBits,
      sentBits: Math.min(this.#takenBits, peer?.windowBits ?? 0),
      held: this.#takesHeldRuns && peer?.heldRuns === true,
    };
  }

  /** What has begun and not ended, by name, for whoever asks why nothing moves; nothing at rest, and while it is off. */
  inHand(): string[] {
    const own = this.power === 'running' ? this.ownInHand() : [];
    return [...new Set([...this.disks.inHand(), ...(this.#journal?.inHand() ?? []), ...own])];
  }

  /** Whether there is a session that messages can pass now: one whose line was lost waits to be resumed. */
  isOpen(port: PortName): boolean {
    return this.#linesUp.has(port) && this.hasSession(port);
  }

  /** Whether a session has opened and not ended, be its line up or lost. */
  protected hasSession(port: PortName): boolean {
    return this.#endpoints.get(port)?.open ?? false;
  }

  /** The lines of this controller as its status tells of them. */
  protected lines(): MessageNamed<'status'>['lines'] {
    return (['host', 'remote'] as const).map((name) => {
      const code = this.#sessionsRefused.get(name);
      return { name, up: this.isOpen(name), refused: code === undefined ? 0 : refusals[code].number };
    });
  }

  /** When a good frame last arrived at a port, in microseconds. */
  heardUs(port: PortName): number {
    return this.#endpoints.get(port)?.heardUs ?? 0;
  }

  log(level: 'info' | 'warning' | 'error', text: string): void {
    this.effects.push({ kind: 'log', level, text });
  }

  mark(name: string, values: Readonly<Record<string, number | string>>): void {
    this.effects.push({ kind: 'mark', name, values });
  }

  protected refuse(port: PortName, request: number, code: RefusalCode, detail = ''): void {
    this.send(port, { kind: 'refused', request, code: refusals[code].number, detail });
  }

  /** Refuses an instruction with what the table says of it. */
  protected refuseFor(
    request: number,
    outcome: Exclude<InstructionOutcome, 'accepted' | 'no effect'>,
    detail = '',
  ): void {
    const why = outcome === 'why it halted' ? this.whyHalted : { code: outcome, detail };
    // Stryker disable next-line ConditionalExpression: a controller that has halted knows why
    if (why !== undefined) this.refuse('host', request, why.code, why.detail);
  }

  /** Ends a command that finds no host port: try again while the records are being read, or never. */
  protected turnAway({ tag }: { readonly tag: number }): void {
    const halted = this.power === 'halted';
    const sense = halted ? encodeSense(senseOf('interventionRequired')) : new Uint8Array(0);
    const status = halted ? 0x02 : 0x08;
    this.send('host', { kind: 'response', tag, status, sense, dataInBytes: 0, dataCheck: 0 });
  }

  /** The records refer to slots twice, or to some that are not there. */
  protected haltForSlots(area: DiskName): void {
    this.halt({ code: 'records-corrupt', detail: `meta area: the records do not fit the slots of ${area}` });
  }

  /** What lies on the disks does not let this controller work. */
  protected halt(refusal: Refusal): void {
    this.power = 'halted';
    this.whyHalted = refusal;
    this.log('error', `halted: ${refusal.code}: ${refusal.detail}`);
    this.effects.push({ kind: 'halted', refusal });
  }

  /** Begins the journal of a fresh meta disk: `first` are its first records. `then`: they are durable. */
  protected format(first: readonly R[], stamp: Uint8Array, then: () => void): void {
    for (const each of first) this.apply(each);
    this.#openJournal({ half: 1, checkpoint: 0, sequence: 0, atSector: 0, stamp });
    // Stryker disable next-line OptionalChaining,StringLiteral: it has just been opened; the name is for people
    this.#journal?.checkpoint({ name: 'formatting', resume: then });
  }

  /** Marks every shadow or staging area as this pair's, or halts because one is another's. */
  protected stampAreas(
    place: 'shadow' | 'staging',
    { pair, blockBytes, volumes }: { readonly pair: Uint8Array; readonly blockBytes: number; readonly volumes: number },
    then: () => void,
  ): void {
    const sectorsPerBlock = blockBytes / 512;
    const areas = Array.from({ length: volumes }, (_, volume) => {
      const disk: DiskName = `${place}${volume}`;
      const lba = slotsOf(this.capacities.get(disk) ?? 0, sectorsPerBlock) * sectorsPerBlock;
      return { disk, lba, stamp: { pair, place, volume } };
    });
    new StampAreas(this.disks, areas, (failure) => {
      if (failure === undefined) then();
      else this.halt(failure);
    }).start();
  }

  /** From now on instructions and commands are carried out. */
  protected run(): void {
    if (this.power === 'halted') return;
    this.power = 'running';
    this.mark('running', {});
  }

  #take(event: DeviceEvent): void {
    switch (event.kind) {
      case 'powerOn':
        this.#powerOn(event.entropy, event.capacities);
        break;
      case 'line':
        this.#line(event.port, event.up);
        this.#tick();
        break;
      case 'frame':
        this.#endpointEvents(event.port, this.#endpoints.get(event.port)?.receiveFrame(event.bytes, this.nowUs) ?? []);
        break;
      case 'disk':
        this.disks.complete(event.tag, event.completion, this.nowUs);
        break;
      case 'timer':
        this.disks.tick(this.nowUs);
        this.#tick();
        break;
      case 'shutdown':
        this.#closing = true;
        break;
      default:
        unreachable(event);
    }
  }

  #line(port: PortName, up: boolean): void {
    if (up) {
      this.#linesUp.add(port);
      this.#endpoints.get(port)?.lineUp(this.nowUs);
    } else {
      this.#linesUp.delete(port);
      this.#endpoints.get(port)?.lineDown(this.nowUs);
    }
  }

  #tick(): void {
    for (const [port, endpoint] of this.#endpoints) this.#endpointEvents(port, endpoint.tick(this.nowUs));
  }

  #powerOn(entropy: Uint8Array, capacities: ReadonlyMap<DiskName, number>): void {
    this.entropy = entropy;
    this.capacities = capacities;
    this.effects.length = 0;
    this.disks = new DiskQueue(this.effects);
    this.#journal = undefined;
    this.#closing = false;
    this.power = 'recovering';
    this.whyHalted = undefined;
    this.#endpoints.clear();
    this.#linesUp.clear();
    this.#sessionsRefused.clear();
    for (const port of ['host', 'remote'] as const) {
      this.#endpoints.set(port, this.#endpoint(port));
    }
    this.forget();
    const meta = (capacities.get('meta') ?? 0) * 512;
    if (meta < metaBytesMin)
      this.halt({ code: 'file-size', detail: `meta area of ${meta} bytes, at least ${metaBytesMin}` });
    else new JournalRecovery(this.disks, meta / 512, (found) => this.#read(found)).start();
  }

  #endpoint(port: 'host' | 'remote'): Endpoint {
    const { role } = this.#options;
    const { framePayloadMax, windowBits, heldRuns } = this.#options[port];
    const peers: readonly Role[] = port === 'host' ? ['host'] : [role === 'main' ? 'sub' : 'main'];
    return new Endpoint({
      ...{ role, peers, entropy: portEntropy(this.entropy, port) },
      ...lineSealOf(this.#options[port]),
      ...(windowBits === undefined ? {} : { windowBits }),
      ...(heldRuns === undefined ? {} : { heldRuns }),
      // Stryker disable next-line ConditionalExpression: what is undefined is as good as left out
      ...(framePayloadMax === undefined ? {} : { link: { framePayloadMax } }),
    });
  }

  #read(found: RecoveredRecords): void {
    if (found.kind === 'corrupt') {
      this.halt({ code: 'records-corrupt', detail: found.detail });
      return;
    }
    if (found.kind === 'recovered') {
      const check = this.recordCheck();
      for (const bytes of found.records) {
        const refusal = this.#readRecord(bytes, check);
        if (refusal !== undefined) {
          this.halt(refusal);
          return;
        }
      }
      this.#openJournal(found.position);
    }
    this.recovered(found.kind === 'fresh');
  }

  #readRecord(bytes: Uint8Array, check: (record: R) => Refusal | undefined): Refusal | undefined {
    const decoded = this.#codec.decode(bytes);
    if (!decoded.ok) return { code: 'records-corrupt', detail: decoded.refusal.detail };
    const record = decoded.message as unknown as R;
    const refusal = check(record);
    if (refusal === undefined) this.apply(record);
    return refusal;
  }

  #openJournal(position: JournalPosition): void {
    const { journalGrowthBytesMin: growthBytesMin, journalBatchBytesMax: batchBytesMax } = this.#options;
    this.#journal = new Journal<R>({
      disks: this.disks,
      sectors: this.capacities.get('meta') ?? 0,
      position,
      // Stryker disable next-line ConditionalExpression: what is undefined is as good as left out
      ...(growthBytesMin === undefined ? {} : { growthBytesMin }),
      // Stryker disable next-line ConditionalExpression: what is undefined is as good as left out
      ...(batchBytesMax === undefined ? {} : { batchBytesMax }),
      state: {
        encode: (record) => this.#codec.encode(record as R & Readonly<Record<string, unknown>>),
        apply: (record) => this.apply(record),
        snapshot: () => this.snapshot(),
      },
      onLost: (why) =>
        this.halt(
          why === 'full'
            ? { code: 'file-size', detail: 'meta area: the records of this pair do not fit half of it' }
            : { code: 'disk-error', detail: 'meta area: nothing can be made durable' },
        ),
    });
  }

  #takeMessage(port: PortName, message: Message): void {
    const field = port === 'remote' ? fieldPastLimit(message) : undefined;
    if (field === undefined) this.message(port, message);
    else this.mark('refused', { port, code: 'message-value', detail: `${message.kind}: ${field}` });
  }

  #endpointEvents(port: PortName, events: readonly EndpointEvent[]): void {
    for (const event of events) {
      switch (event.kind) {
        case 'opened':
          this.#sessionsRefused.delete(port);
          this.mark('session', { port, peer: event.peer });
          this.opened(port);
          break;
        case 'closed':
          this.mark('sessionClosed', { port, reason: event.reason.code });
          this.closed(port);
          break;
        case 'message':
          this.#takeMessage(port, event.message);
          break;
        case 'refused':
          this.#refused(port, event.refusal);
          break;
        default:
          unreachable(event);
      }
    }
  }

  #refused(port: PortName, { code, detail }: Refusal): void {
    if (sessionRefusals.has(code) && !this.hasSession(port)) this.#sessionsRefused.set(port, code);
    this.mark('refused', { port, code, detail });
  }
}

/** Each port has randomness of its own, or two lines would use the same salts. */
function portEntropy(entropy: Uint8Array, port: PortName): Uint8Array {
  return createHash('sha256').update(entropy).update(port).digest();
}
