/**
 * The sub controller: main on one line, and on the other a host that reads the image, takes over and fails back.
 */

import type { DiskName, PortName } from '../../protocol/device.js';
import { assert, blockNumber, epoch, type Generation, sectorBytes, volumeNumber } from '../../protocol/ids.js';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { type RefusalCode, refusals } from '../../protocol/refusals.js';
import type { Completion } from '../../protocol/scsi/commands.js';
import { senseOf } from '../../protocol/scsi/conditions.js';
import { AllocationScan } from '../controller/allocation-scan.js';
import { contradiction } from '../controller/contradiction.js';
import { Controller, type ControllerOptions } from '../controller/controller.js';
import { DigestRequests } from '../controller/digest-requests.js';
import { Geometry } from '../controller/geometry.js';
import { type HostCommand, HostPort } from '../controller/host-port.js';
import { type Instruction, type InstructionOutcome, type SubPhase, subTable } from '../controller/instructions.js';
import { FlushAll } from '../controller/prepare-areas.js';
import { carryOutRead } from '../controller/readable-volumes.js';
import { type RecordCheck, recordCheck } from '../controller/record-check.js';
import { SessionAnswers } from '../controller/session-answers.js';
import { allocatorFor, slotsOf } from '../controller/slots.js';
import { Waiters } from '../controller/waiters.js';
import { isWrite } from '../controller/write-pieces.js';
import { type ReplicaRecord, replicaRecords } from '../replica/replica-records.js';
import { ReplicaState } from '../replica/replica-state.js';
import type { SlotAllocator } from '../storage/slot-allocator.js';
import { FailbackSender } from './failback-sender.js';
import { ImageWrite } from './image-write.js';
import { MainSession } from './main-session.js';
import { SubCore } from './sub-core.js';
import { type SubRecord, subRecordCodec } from './sub-records.js';
import { SubState } from './sub-state.js';
import { subStatus } from './sub-status.js';
import { SubVolumes } from './sub-volumes.js';

export interface SubOptions extends Omit<ControllerOptions, 'role'> {
  readonly blockBytes: number;
  readonly volumeCount: number;
}

type AnyRecord = SubRecord | ReplicaRecord;
const replicaKinds: ReadonlySet<string> = new Set(replicaRecords.map((each) => each.kind));
const failuresRemembered = 64;
/** A main that is not heard for so long after it was asked something is away, in microseconds. */
const lifeUs = 3_000_000;

/** What a controller works with once its records have been read back. */
interface Parts {
  readonly core: SubCore;
  readonly main: MainSession;
  readonly failback: FailbackSender;
  readonly hostPort: HostPort;
  readonly volumes: SubVolumes;
}

export class SubController extends Controller<AnyRecord> {
  readonly #options: SubOptions;
  #state = new SubState();
  #replica = new ReplicaState();
  #started: Parts | undefined;
  readonly #waiters = new Waiters();
  readonly #answers = new SessionAnswers((message) => this.send('host', message));
  #digests = this.#noDigests();
  /** Generations that main gave up, since power on. */
  #failures = new Map<number, RefusalCode>();
  /** Takeovers that wait for a sign of life from main. */
  // Stryker disable next-line ArrayDeclaration: made anew at power on
  #asking: MessageNamed<'takeover'>[] = [];
  /** When main was last asked for one; never: at the end of all time. */
  #askedUs = Number.POSITIVE_INFINITY;
  /** What main said of the pair while the records were still being read: it does not say it twice. */
  #early: MessageNamed<'pairing'> | undefined;

  constructor(options: SubOptions) {
    super({ ...options, role: 'sub' }, subRecordCodec);
    this.#options = options;
  }

  get state(): SubState {
    return this.#state;
  }

  get replica(): ReplicaState {
    return this.#replica;
  }

  /** Of a controller that runs. */
  get #parts(): Parts {
    assert(this.#started !== undefined, 'what runs has been started');
    return this.#started;
  }

  #noDigests(): DigestRequests {
    const image = () => this.#replica.committed;
    return new DigestRequests({ area: 'secondary', answers: this.#answers, image, generation: image });
  }

  protected forget(): void {
    this.#digests = this.#noDigests();
    this.#state = new SubState();
    this.#replica = new ReplicaState();
    this.#started = undefined;
    this.#waiters.clear();
    this.#failures = new Map();
    this.#asking = [];
    this.#askedUs = Number.POSITIVE_INFINITY;
    this.#early = undefined;
  }

  protected recordCheck(): RecordCheck {
    const { blockBytes } = this.#options;
    const volumes = this.#volumeBytes();
    const slots = volumes.map((_, volume) => this.#slots(volume));
    return recordCheck({ first: 'prepared', started: { blockBytes, volumes }, slots });
  }

  #volumeBytes(): number[] {
    const sizes = (index: number) => (this.capacities.get(`secondary${index}`) ?? 0) * sectorBytes;
    return Array.from({ length: this.#options.volumeCount }, (_, index) => sizes(index));
  }

  /** Slots of the staging area of a volume. */
  #slots(volume: number): number {
    return slotsOf(this.capacities.get(`staging${volume}`) ?? 0, this.#options.blockBytes / sectorBytes);
  }

  protected apply(record: AnyRecord): void {
    if (replicaKinds.has(record.kind)) {
      this.#replica.apply(record as ReplicaRecord);
      return;
    }
    const own = record as SubRecord;
    this.#state.apply(own);
    if (own.kind === 'prepared') this.#replica.resize(own.volumes.length);
    if (own.kind === 'changing') this.#replica.overwritten(own.volume, own.first, own.count);
  }

  protected *snapshot(): Generator<AnyRecord> {
    yield* this.#state.snapshot();
    yield* this.#replica.snapshot();
  }

  protected recovered(fresh: boolean): void {
    const { blockBytes } = this.#options;
    const volumes = this.#volumeBytes();
    if (fresh) this.#prepare({ kind: 'prepared', blockBytes, volumes });
    else {
      const wrong = contradiction(this.#state, { blockBytes, volumes });
      if (wrong === undefined) this.#settleAreas();
      else this.halt(wrong);
    }
  }

  /** A fresh meta area: what the secondary areas hold already is not known to be zero. */
  #prepare(prepared: SubRecord & { readonly kind: 'prepared' }): void {
    const first: AnyRecord[] = [prepared];
    const geometry = new Geometry(prepared.blockBytes, prepared.volumes);
    const found = (volume: number, from: number, count: number) =>
      first.push({ kind: 'occupied', volume: volumeNumber(volume), first: blockNumber(from), count });
    new AllocationScan(this.disks, geometry, 'secondary', found, (failure) => {
      if (failure !== undefined) {
        this.halt(failure);
        return;
      }
      this.format(first, this.entropy.subarray(0, 16), () => this.#settleAreas());
    }).start();
  }

  #settleAreas(): void {
    const disks = this.#state.volumeBytes.flatMap((_, volume): DiskName[] => [
      `secondary${volume}`,
      `staging${volume}`,
    ]);
    const then = () => (this.#state.joined ? this.#stamp(() => this.#start()) : this.#start());
    new FlushAll(this.disks, disks, then).start();
  }

  #stamp(then: () => void): void {
    const { pair, blockBytes, volumeBytes } = this.#state;
    this.stampAreas('staging', { pair, blockBytes, volumes: volumeBytes.length }, then);
  }

  #start(): void {
    const state = this.#state;
    const geometry = new Geometry(state.blockBytes, state.volumeBytes);
    const allocators: SlotAllocator[] = [];
    for (const [volume, { staged, overlay }] of this.#replica.volumes.entries()) {
      const allocator = allocatorFor(this.#slots(volume), [staged, overlay]);
      if (allocator === undefined) {
        this.haltForSlots(`staging${volume}`);
        return;
      }
      allocators.push(allocator);
    }
    // What the records gave up has been free since.
    this.#replica.freed.length = 0;
    const core = new SubCore({
      effects: this.effects,
      disks: this.disks,
      state,
      replica: this.#replica,
      geometry,
      allocators,
      record: (record, operation) => this.record(record, operation),
      send: (port, message, priority) => this.send(port, message, priority),
      runForms: () => this.runForms(),
    });
    core.nowUs = this.nowUs;
    const onGivenUp = (failed: Generation, code: RefusalCode) => this.#remember(failed, code);
    const whyGivenUp = (of: Generation) => this.#failures.get(of);
    const main = new MainSession({ core, stamp: (then) => this.#stamp(then), onGivenUp, whyGivenUp });
    const failback = new FailbackSender(core, onGivenUp);
    this.#started = { core, main, failback, hostPort: this.#openHostPort(), volumes: new SubVolumes(core) };
    this.run();
    const early = this.#early;
    this.#early = undefined;
    if (early !== undefined) this.#remoteMessage(early);
  }

  #openHostPort(): HostPort {
    return new HostPort({
      board: this,
      product: 'SUB VOLUME',
      serial: Buffer.from(this.#state.pair.subarray(0, 6)).toString('hex').toUpperCase(),
      volumes: this.#state.volumeBytes,
      onCommand: (command) => this.#command(command),
    });
  }

  #phase(): SubPhase {
    const { takenOver, failback, pairState } = this.#state;
    if (this.power === 'halted') return 'halted';
    if (this.power !== 'running') return 'recovering';
    const { main, failback: sender } = this.#parts;
    const away = !this.isOpen('remote') || main.foreign || this.#isSilent();
    if (failback !== undefined || sender.busy) return 'failing back';
    if (takenOver) return away ? 'taken over, main away' : 'taken over';
    if (this.#replica.committed === 0) return 'no image';
    if (pairState === 'SSUS' || pairState === 'PSUE') return 'suspended';
    return away ? 'main away' : 'paired';
  }

  protected opened(port: PortName): void {
    if (port === 'remote') this.#started?.main.opened();
  }

  protected closed(port: PortName): void {
    if (port === 'remote') {
      this.#early = undefined;
      this.#started?.main.closed();
      this.#started?.failback.lost();
      return;
    }
    this.#started?.hostPort.sessionClosed();
    this.#answers.sessionClosed();
    this.#waiters.clear();
    this.#asking = [];
  }

  protected message(port: PortName, message: Message): void {
    if (port === 'remote') this.#remoteMessage(message);
    else this.#hostMessage(message);
  }

  #remoteMessage(message: Message): void {
    if (this.power === 'halted') return;
    if (this.#started === undefined) {
      if (message.kind === 'pairing') this.#early = message;
      return;
    }
    const { main, failback } = this.#started;
    if (message.kind === 'pairing') this.#tellFailback(message, failback, main.heard);
    if (message.kind !== 'pairing' && this.#state.takenOver) failback.message(message);
    else main.message(message);
  }

  /** A failback needs to know what main has frozen, and how much it takes at once. */
  #tellFailback(main: MessageNamed<'pairing'>, failback: FailbackSender, isHeardAgain: boolean): void {
    failback.mainFrozen = main.frozen;
    failback.sender.runBytesMax = Math.max(this.#state.blockBytes, Math.min(65536, main.runBytesMax));
    if (!isHeardAgain) failback.met();
  }

  #remember(failed: Generation, code: RefusalCode): void {
    this.#failures.set(failed, code);
    for (const oldest of [...this.#failures.keys()].slice(0, -failuresRemembered)) this.#failures.delete(oldest);
  }

  #hostMessage(message: Message): void {
    switch (message.kind) {
      case 'command':
      case 'dataOut':
      case 'taskManagement':
        if (this.power === 'running') this.#parts.hostPort.receive(message);
        else if (message.kind === 'command') this.turnAway(message);
        break;
      case 'getStatus':
        this.#instruct(message, 'status', () => this.send('host', this.#status(message.request)));
        break;
      case 'freeze':
      case 'suspend':
      case 'resync':
        this.#instruct(message, message.kind, () => {});
        break;
      case 'wait':
        this.#instruct(message, message.generation < 1 ? 'wait for unknown' : 'wait', () => this.#wait(message));
        break;
      case 'getDigests':
        this.#instruct(message, this.#isCurrent(message.generation) ? 'digests' : 'digests of another generation', () =>
          this.#digests.take(message, this.#parts.volumes),
        );
        break;
      case 'takeover':
        if (!message.force && this.#phase() === 'paired') this.#ask(message);
        else
          this.#instruct(message, message.force ? 'takeover --force' : 'takeover', () =>
            this.#takeOver(message.request),
          );
        break;
      case 'failback':
        this.#instruct(message, message.discard ? 'failback --discard' : 'failback', () =>
          this.#startFailback(message),
        );
        break;
      default:
        this.mark('refused', { port: 'host', code: 'message-unexpected', detail: message.kind });
    }
  }

  #instruct({ request }: { readonly request: number }, instruction: Instruction, carryOut: () => void): void {
    const outcome = subTable[instruction][this.#phase()];
    if (outcome === 'accepted') carryOut();
    else if (outcome === 'no effect') this.#done(request, false);
    else this.refuseFor(request, outcome, this.#detailOf(outcome));
  }

  #detailOf(outcome: InstructionOutcome): string {
    if (outcome === 'wrong-generation') return `generation ${this.#replica.committed} is the current one`;
    return this.#state.reason ?? '';
  }

  #isCurrent(of: number): boolean {
    return of === 0 || of === this.#replica.committed;
  }

  #done(request: number, effect: boolean, answer = this.#answers.later()): void {
    const { failback } = this.#parts;
    const now = failback.busy ? failback.generation : this.#replica.committed;
    answer({ kind: 'done', request, epoch: this.#state.epoch, generation: now, effect });
  }

  /** A session says little of a main that lost its power while its line was idle: it is asked for a sign of life. */
  #ask(message: MessageNamed<'takeover'>): void {
    this.#asking.push(message);
    if (this.#asking.length > 1) return;
    this.#askedUs = this.nowUs;
    this.#parts.main.tell();
  }

  #isSilent(): boolean {
    return this.heardUs('remote') <= this.#askedUs && this.nowUs >= this.#askedUs + lifeUs;
  }

  #answerAsking(): void {
    if (this.#phase() === 'paired' && this.heardUs('remote') <= this.#askedUs) return;
    for (const { request } of this.#asking.splice(0)) {
      this.#instruct({ request }, 'takeover', () => this.#takeOver(request));
    }
  }

  /** Raises the epoch durably and drops what is not committed; structuring of what is goes on. */
  #takeOver(request: number): void {
    const { core, main } = this.#parts;
    core.receiver.drop();
    main.closed();
    const answer = this.#answers.later();
    this.mark('takeoverTaken', {});
    this.record(
      { kind: 'tookOver', epoch: epoch(this.#state.epoch + 1) },
      {
        name: 'recording a takeover',
        resume: () => {
          this.mark('tookOver', { epoch: this.#state.epoch });
          main.tell();
          this.#done(request, true, answer);
        },
      },
    );
  }

  #startFailback({ request, discard }: MessageNamed<'failback'>): void {
    const answer = this.#answers.later();
    this.#parts.failback.start(discard, (refusal) => {
      if (refusal === undefined) this.#done(request, true, answer);
      else answer({ kind: 'refused', request, code: refusals[refusal.code].number, detail: refusal.detail });
    });
    // A write in the same frame must not pass any more.
    this.#protectVolumes();
  }

  #wait(message: MessageNamed<'wait'>): void {
    if (!this.#waiters.add(message)) this.refuse('host', message.request, 'too-many-requests');
  }

  #command(host: HostCommand): void {
    const { id, volume, command } = host;
    const { core, volumes, hostPort } = this.#parts;
    const answer = (completion: Completion) => hostPort.answer(id, completion);
    if (!isWrite(command)) {
      carryOutRead(volumes, { volume, command, isAwaited: () => hostPort.isAwaited(host) }, answer);
      return;
    }
    core.hostWrites += 1;
    new ImageWrite(core, volume, command, (completion) => {
      core.hostWrites -= 1;
      answer(completion);
    }).start();
  }

  protected work(): void {
    const { core, failback } = this.#parts;
    core.nowUs = this.nowUs;
    this.#protectVolumes();
    core.receiver.pump();
    this.#resumeFailback();
    this.#answerAsking();
    failback.pump();
    const { committed, structured } = this.#replica;
    const spoilt = core.receiver.structuring.damaged ? ('staging-corrupt' as const) : undefined;
    const progress = { committed, structured, failed: (of: number) => this.#whyFailed(of), spoilt };
    for (const answer of this.#waiters.take(progress)) this.send('host', answer);
  }

  /** Main tells why, if there is a session when it happens, and if the power stays; that it happened the records tell. */
  #whyFailed(of: number): RefusalCode | undefined {
    return this.#failures.get(of) ?? (this.#replica.hasMissed(of) ? 'generation-failed' : undefined);
  }

  /** A failback that a power cut or the end of a session stopped begins again by itself. */
  #resumeFailback(): void {
    const { main, failback } = this.#parts;
    if (this.#state.failback !== undefined && main.paired && !failback.busy) failback.start(true, () => {});
  }

  #protectVolumes(): void {
    const phase = this.#phase();
    const { hostPort } = this.#parts;
    hostPort.setNotReady(subTable.read[phase] === 'accepted' ? undefined : senseOf('notReady'));
    hostPort.setWriteProtected(subTable.write[phase] !== 'accepted');
  }

  protected ownDeadline(): number | undefined {
    return this.#asking.length === 0 ? undefined : this.#askedUs + lifeUs;
  }

  protected ownInHand(): string[] {
    const { core, failback, hostPort } = this.#parts;
    const locked = core.locks.claimants.map(({ name }) => name);
    return [...locked, ...core.receiver.inHand(), ...failback.inHand(), ...hostPort.inHand()];
  }

  #status(request: number): MessageNamed<'status'> {
    const failed = [...this.#failures].at(-1);
    return subStatus({
      request,
      state: this.#state,
      replica: this.#replica,
      core: this.#started?.core,
      failback: this.#started?.failback,
      failed,
      lines: this.lines(),
    });
  }
}
