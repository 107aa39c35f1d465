/**
 * The main controller: host port on one line, the sub on the other. Routes events to the parts; what the parts share
 * is in `MainCore`.
 */

import type { DiskName, PortName } from '../../protocol/device.js';
import { earlier } from '../../protocol/earlier.js';
import { assert, blockNumber, generation, type Method, sectorBytes, volumeNumber } from '../../protocol/ids.js';
import type { Message, MessageNamed } from '../../protocol/message/messages.js';
import { type RefusalCode, refusals } from '../../protocol/refusals.js';
import { checkCondition, senseOf } from '../../protocol/scsi/conditions.js';
import { AllocationScan } from '../controller/allocation-scan.js';
import { contradiction } from '../controller/contradiction.js';
import { Controller, type ControllerOptions } from '../controller/controller.js';
import { DigestRequests } from '../controller/digest-requests.js';
import { Geometry } from '../controller/geometry.js';
import { type HostCommand, HostPort } from '../controller/host-port.js';
import { type Instruction, type MainPhase, mainTable } from '../controller/instructions.js';
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
import { FailbackReceiver } from './failback-receiver.js';
import { FreezeTaker } from './freeze-taker.js';
import { HostWrites } from './host-writes.js';
import { MainCore } from './main-core.js';
import { type MainRecord, mainRecordCodec } from './main-records.js';
import { snapshotOf } from './main-snapshot.js';
import { MainState } from './main-state.js';
import { mainStatus } from './main-status.js';
import { MainVolumes } from './main-volumes.js';
import { newPair } from './new-pair.js';
import { PairSession } from './pair-session.js';

export interface MainOptions extends Omit<ControllerOptions, 'role'> {
  readonly method: Method;
  readonly blockBytes: number;
  readonly volumeCount: number;
  /** Longest time that a host write waits for a block to be sent while the sub cannot be reached. */
  readonly hostStallUsMax?: number;
}

type AnyRecord = MainRecord | ReplicaRecord;
const replicaKinds: ReadonlySet<string> = new Set(replicaRecords.map((each) => each.kind));
const hostStallUsDefault = 10_000_000;

/** What a controller works with once its records have been read back. */
interface Parts {
  readonly core: MainCore;
  readonly session: PairSession;
  readonly freeze: FreezeTaker;
  readonly failback: FailbackReceiver;
  readonly hostPort: HostPort;
  readonly writes: HostWrites;
  readonly volumes: MainVolumes;
}

export class MainController extends Controller<AnyRecord> {
  readonly #options: MainOptions;
  #state = new MainState();
  #replica = new ReplicaState();
  #started: Parts | undefined;
  readonly #waiters = new Waiters();
  readonly #answers = new SessionAnswers((message) => this.send('host', message));
  #digests = this.#noDigests();

  constructor(options: MainOptions) {
    super({ ...options, role: 'main' }, mainRecordCodec);
    this.#options = options;
  }

  /** For people and tests: the durable state, and what is under way. */
  get state(): MainState {
    return this.#state;
  }

  /** What a failback has brought here. */
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
    return new DigestRequests({ area: 'primary', answers: this.#answers, image, generation: () => generation(0) });
  }

  protected forget(): void {
    this.#digests = this.#noDigests();
    this.#state = new MainState();
    this.#replica = new ReplicaState();
    this.#started = undefined;
    this.#waiters.clear();
  }

  protected recordCheck(): RecordCheck {
    const { method, blockBytes } = this.#options;
    const volumes = this.#volumeBytes();
    const slots = volumes.map((_, volume) => this.#slots(volume));
    return recordCheck({ first: 'formatted', started: { method, blockBytes, volumes }, slots });
  }

  /** Slots of the shadow area of a volume. */
  #slots(volume: number): number {
    return slotsOf(this.capacities.get(`shadow${volume}`) ?? 0, this.#options.blockBytes / sectorBytes);
  }

  protected apply(record: AnyRecord): void {
    if (!replicaKinds.has(record.kind)) {
      this.#state.apply(record as MainRecord);
      if (record.kind === 'formatted') this.#replica.resize(this.#state.volumes.length);
    } else this.#replica.apply(record as ReplicaRecord);
  }

  protected *snapshot(): Generator<AnyRecord> {
    yield* snapshotOf(this.#state);
    yield* this.#replica.snapshot();
  }

  protected recovered(fresh: boolean): void {
    const volumes = this.#volumeBytes();
    const configuration = { method: this.#options.method, blockBytes: this.#options.blockBytes, volumes };
    if (fresh) this.#formatPair(configuration);
    else {
      const wrong = contradiction(this.#state, configuration);
      if (wrong === undefined) this.#prepareAreas();
      else this.halt(wrong);
    }
  }

  #volumeBytes(): number[] {
    return Array.from(
      { length: this.#options.volumeCount },
      (_, index) => (this.capacities.get(`primary${index}`) ?? 0) * 512,
    );
  }

  #formatPair(configuration: {
    readonly method: Method;
    readonly blockBytes: number;
    readonly volumes: readonly number[];
  }): void {
    const first: MainRecord[] = [newPair(this.entropy, configuration)];
    const geometry = new Geometry(configuration.blockBytes, configuration.volumes);
    const found = (volume: number, from: number, count: number) =>
      first.push({ kind: 'changing', volume: volumeNumber(volume), first: blockNumber(from), count });
    new AllocationScan(this.disks, geometry, 'primary', found, (failure) => {
      if (failure !== undefined) {
        this.halt(failure);
        return;
      }
      // No area is stamped for a pair that a power cut could undo.
      this.format(first, this.entropy.subarray(0, 16), () => this.#prepareAreas());
    }).start();
  }

  #prepareAreas(): void {
    const { pair, blockBytes, volumes } = this.#state;
    const disks = volumes.flatMap((_, volume): DiskName[] => [`primary${volume}`, `shadow${volume}`]);
    const stamp = { pair, blockBytes, volumes: volumes.length };
    const then = (failed: readonly DiskName[]) =>
      this.stampAreas('shadow', stamp, () => {
        this.#start();
        for (const volume of volumes.keys())
          if (failed.includes(`primary${volume}`)) this.#started?.core.unsettled.add(volume);
      });
    new FlushAll(this.disks, disks, then).start();
  }

  #start(): void {
    const state = this.#state;
    const geometry = new Geometry(state.blockBytes, state.volumeBytes);
    const allocators: SlotAllocator[] = [];
    for (const [volume, maps] of state.volumes.entries()) {
      const { staged, overlay } = this.#replica.volume(volume);
      const used = [maps.kept, maps.deferred, maps.before, staged, overlay];
      const allocator = allocatorFor(this.#slots(volume), used);
      if (allocator === undefined) {
        this.haltForSlots(`shadow${volume}`);
        return;
      }
      allocators.push(allocator);
    }
    // What the records gave up has been free since.
    state.freed.length = 0;
    this.#replica.freed.length = 0;
    const core = new MainCore({
      effects: this.effects,
      disks: this.disks,
      state,
      replica: this.#replica,
      geometry,
      allocators,
      record: (record, operation) => this.record(record, operation),
      send: (port, message, priority) => this.send(port, message, priority),
      runForms: () => this.runForms(),
      maySend: () => this.#maySend(),
      onWriteEnded: (write) => this.#parts.writes.ended(write),
    });
    core.nowUs = this.nowUs;
    const session = new PairSession(core);
    const freeze = new FreezeTaker(core, (answer) => this.send('host', answer));
    const hostPort = this.#openHostPort();
    const writes = new HostWrites({ core, freeze, hostPort });
    const failback = new FailbackReceiver(core, allocators, {
      onRegained: () => {
        // What they wrote is in no image from here on unless the sub held it.
        writes.forgetAnswered();
        session.again();
      },
      tellPairing: () => session.tellPairing(),
      hostIsQuiet: () => writes.idle && !freeze.busy,
    });
    this.#started = { core, session, freeze, failback, hostPort, writes, volumes: new MainVolumes(core) };
    core.resumed();
    this.run();
    // The sub may have been there before; without a session nobody hears it.
    this.opened('remote');
  }

  #openHostPort(): HostPort {
    const { pair, volumeBytes } = this.#state;
    return new HostPort({
      board: this,
      product: 'MAIN VOLUME',
      serial: Buffer.from(pair.subarray(0, 6)).toString('hex').toUpperCase(),
      volumes: volumeBytes,
      onCommand: (command) => this.#command(command),
    });
  }

  #maySend(): boolean {
    const { pairState, takenOver } = this.#state;
    return this.#parts.session.ready && !takenOver && pairState !== 'PSUS' && pairState !== 'PSUE';
  }

  #phase(): MainPhase {
    const { takenOver, failingBack, pairState, transfer } = this.#state;
    if (this.power === 'halted') return 'halted';
    if (this.power !== 'running') return 'recovering';
    if (failingBack && this.#replica.structured !== this.#replica.committed) return 'failing back';
    if (takenOver) return 'taken over';
    if (pairState === 'PSUS') return 'suspended';
    if (pairState === 'PSUE') return 'failed';
    return transfer !== undefined || this.#parts.freeze.busy ? 'transfer' : 'idle';
  }

  protected opened(port: PortName): void {
    if (port === 'remote' && this.power === 'running') this.#parts.session.opened();
  }

  protected closed(port: PortName): void {
    if (port === 'remote') {
      this.#started?.session.closed();
      this.#started?.failback.closed();
      return;
    }
    this.#started?.hostPort.sessionClosed();
    this.#started?.freeze.sessionClosed();
    this.#started?.writes.forgetAnswered();
    this.#answers.sessionClosed();
    this.#waiters.clear();
  }

  protected message(port: PortName, message: Message): void {
    if (port === 'remote') this.#remoteMessage(message);
    else this.#hostMessage(message);
  }

  #hostMessage(message: Message): void {
    switch (message.kind) {
      case 'command':
      case 'dataOut':
      case 'taskManagement':
        if (this.power === 'running') this.#parts.hostPort.receive(message);
        else if (message.kind === 'command') this.turnAway(message);
        break;
      case 'freeze':
        if (this.#started?.freeze.isRepeated(message) !== true)
          this.#instruct(message, 'freeze', () => this.#startFreeze(message));
        else
          this.#instruct(
            message,
            'freeze again',
            () => {},
            () => this.#parts.freeze.repeat(message),
          );
        break;
      case 'getStatus':
        this.#instruct(message, 'status', () => this.send('host', this.#status(message.request)));
        break;
      case 'wait':
        this.#instruct(message, this.#isKnown(message.generation) ? 'wait' : 'wait for unknown', () =>
          this.#wait(message),
        );
        break;
      case 'getDigests':
        this.#instruct(message, message.generation === 0 ? 'digests' : 'digests of another generation', () =>
          this.#digests.take(message, this.#parts.volumes),
        );
        break;
      case 'suspend':
        this.#instruct(message, 'suspend', () => this.#setPairState(message.request, 'PSUS', 'suspended'));
        break;
      case 'resync':
        this.#instruct(message, 'resync', () => this.#resync(message.request));
        break;
      case 'takeover':
        this.#instruct(message, message.force ? 'takeover --force' : 'takeover', () => {});
        break;
      case 'failback':
        this.#instruct(message, message.discard ? 'failback --discard' : 'failback', () => {});
        break;
      default:
        this.mark('refused', { port: 'host', code: 'message-unexpected', detail: message.kind });
    }
  }

  /** Carries an instruction out if the table says so; `answer` tells the host of one that has no effect. */
  #instruct(
    { request }: { readonly request: number },
    instruction: Instruction,
    carryOut: () => void,
    answer = () => this.#done(request, false),
  ): void {
    const outcome = mainTable[instruction][this.#phase()];
    if (outcome === 'accepted') carryOut();
    else if (outcome === 'no effect') answer();
    else this.refuseFor(request, outcome, this.#state.reason ?? '');
  }

  #isKnown(of: number): boolean {
    return of >= 1 && of <= this.#state.lastFrozen;
  }

  #done(request: number, effect: boolean, answer = this.#answers.later()): void {
    const { epoch, lastFrozen } = this.#state;
    answer({ kind: 'done', request, epoch, generation: lastFrozen, effect });
  }

  #startFreeze(message: MessageNamed<'freeze'>): void {
    const { freeze, hostPort, writes } = this.#parts;
    freeze.start(message, { session: hostPort.session, unanswered: writes.unanswered() });
  }

  #setPairState(request: number, state: 'PSUS' | 'PAIR' | 'COPY', reason?: RefusalCode): void {
    const code = reason === undefined ? 0 : refusals[reason].number;
    const answer = this.#answers.later();
    this.record(
      { kind: 'pairState', state, code },
      {
        name: `recording ${state}`,
        resume: () => {
          this.mark('pairState', { state });
          this.send('remote', { kind: 'pairStateChanged', state, code });
          if (state !== 'PSUS') this.#parts.session.again();
          this.#done(request, true, answer);
        },
      },
    );
  }

  #resync(request: number): void {
    this.#setPairState(request, this.#state.fullNeeded ? 'COPY' : 'PAIR');
  }

  #wait(message: MessageNamed<'wait'>): void {
    if (!this.#waiters.add(message)) this.refuse('host', message.request, 'too-many-requests');
  }

  /** A medium command of the host, with all its data. */
  #command(host: HostCommand): void {
    const { id, volume, command } = host;
    const { volumes, freeze, hostPort, writes } = this.#parts;
    const isAwaited = () => hostPort.isAwaited(host);
    if (!isWrite(command))
      carryOutRead(volumes, { volume, command, isAwaited }, (completion) => hostPort.answer(id, completion));
    else if (!freeze.hold(host)) writes.start(host);
  }

  /** A write that a freeze held back; meanwhile the sub may have taken over. */
  #writeHeld(held: HostCommand): void {
    const { writes, hostPort } = this.#parts;
    if (mainTable.write[this.#phase()] === 'accepted') writes.start(held);
    else hostPort.answer(held.id, checkCondition('writeProtected'));
  }

  #remoteMessage(message: Message): void {
    if (this.power === 'halted') this.#refuseHalted(message);
    if (this.#started === undefined || this.power === 'halted') return;
    const { session, failback } = this.#started;
    if (message.kind === 'pairing') {
      const verdict = session.compare(message);
      if (verdict === 'givenBack') failback.given({ epoch: message.epoch, generation: message.committed });
    } else if (!session.message(message)) failback.message(message);
  }

  /** A sub that asks for a failback would wait for ever. */
  #refuseHalted(message: Message): void {
    if (message.kind !== 'failbackAsk' || this.whyHalted === undefined) return;
    const { code, detail } = this.whyHalted;
    this.refuse('remote', message.request, code, `main halted: ${detail}`);
  }

  protected work(): void {
    const { core, session, failback, freeze, writes } = this.#parts;
    core.nowUs = this.nowUs;
    this.#protectVolumes();
    this.#failStalled(core);
    core.pump(this.nowUs);
    session.pump();
    failback.pump();
    if (writes.idle) freeze.drained();
    for (const held of freeze.release()) this.#writeHeld(held);
    core.pump(this.nowUs);
    const { committed, structured, failures } = this.#state;
    const spoilt = this.#spoilt();
    const failed = (of: number) => failures.get(of);
    for (const answer of this.#waiters.take({ committed, structured, failed, spoilt })) this.send('host', answer);
  }

  /** Why the sub will not structure what it has committed: a block of it is spoilt, or it holds it no more. */
  #spoilt(): RefusalCode | undefined {
    const { pairState, reason, fullNeeded } = this.#state;
    if (pairState === 'PSUE' && reason === 'staging-corrupt') return reason;
    return fullNeeded ? 'older-sub' : undefined;
  }

  #protectVolumes(): void {
    const phase = this.#phase();
    const { hostPort } = this.#parts;
    hostPort.setWriteProtected(mainTable.write[phase] !== 'accepted');
    hostPort.setNotReady(mainTable.read[phase] === 'accepted' ? undefined : senseOf('standby'));
  }

  /** A write that waits for a block to be sent while nothing can be sent: the image loses, not the host. */
  #failStalled(core: MainCore): void {
    if (this.nowUs >= (this.#stallEndUs() ?? Number.POSITIVE_INFINITY))
      core.failGeneration('shadow-full', 'a host write waited too long');
  }

  /** Until when the write that has waited longest goes on waiting; a sub that is heard may be slow as it likes. */
  #stallEndUs(): number | undefined {
    const since = this.#parts.core.stalledSinceUs();
    if (since === undefined) return undefined;
    const heardUs = this.#maySend() && this.isOpen('remote') ? this.heardUs('remote') : 0;
    return Math.max(since, heardUs) + (this.#options.hostStallUsMax ?? hostStallUsDefault);
  }

  protected ownDeadline(): number | undefined {
    return earlier(this.#started?.session.deadline(), this.#stallEndUs());
  }

  protected ownInHand(): string[] {
    const { core, failback, freeze, hostPort } = this.#parts;
    const locked = core.locks.claimants.map(({ name }) => name);
    return [...locked, ...freeze.inHand(), ...core.sender.inHand(), ...failback.inHand(), ...hostPort.inHand()];
  }

  #status(request: number): MessageNamed<'status'> {
    return mainStatus({ request, state: this.#state, core: this.#started?.core, lines: this.lines() });
  }
}
