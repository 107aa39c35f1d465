/**
 * A host at a controller's line, with promises: read, write, freeze, wait, digest and all other instructions. What was
 * under way when a session is lost is given again once it is back, as far as that is safe: reads, writes (the same
 * data to the same place), and instructions, which are all repeatable.
 */
import { zeroDigest } from '../protocol/digest.js';
import { blockNumber, type Generation, generation, volumeNumber } from '../protocol/ids.js';
import type { Message, MessageKind, MessageNamed } from '../protocol/message/messages.js';
import { type Refusal, type RefusalCode, RefusalError, refusalByNumber, refusals } from '../protocol/refusals.js';
import type { MediumCommand } from '../protocol/scsi/commands.js';
import { describeSense } from '../protocol/scsi/conditions.js';
import type { CommandRequest, CommandResult } from '../protocol/scsi/initiator.js';
import { checkedResult, requestOf } from '../protocol/scsi/initiator-commands.js';
import type { Role } from '../protocol/session/endpoint-types.js';
import { type LineSeal, lineSealOf } from '../protocol/session/line-seal.js';
import { AdvisedRefusal } from './advised-refusal.js';
import { GenerationFailed } from './generation-failed.js';
import { HostMachine, type Instruction, type InstructionResult } from './host-machine.js';

export interface HostClientOptions extends LineSeal {
  readonly entropy: Uint8Array;
  /** Commands under way at once. */
  readonly outstandingMax?: number;
  /** The largest payload of frames, where the default does not suit the line. */
  readonly framePayloadMax?: number;
  /** Called after something was submitted: whoever runs the machine asks it for frames. */
  readonly onSubmit: () => void;
  /** Called when a promise has been settled or a session has opened or closed. */
  readonly onTold?: () => void;
}

/** The answer to a freeze. */
export interface Frozen {
  readonly epoch: number;
  readonly generation: Generation;
  /** Tags of writes that are in the image although their acknowledgement may not have been seen. */
  readonly included: readonly number[];
}

export interface Write {
  /** The tag of the command that is under way; another one after a lost line. */
  readonly tag: number;
  readonly done: Promise<void>;
}

interface PendingCommand {
  readonly request: CommandRequest;
  readonly command: MediumCommand | undefined;
  readonly onTag: (tag: number) => void;
  readonly resolve: (data: Uint8Array) => void;
  readonly reject: (error: RefusalError) => void;
}

interface PendingInstruction {
  readonly instruction: Instruction;
  readonly resolve: (message: Message) => void;
  readonly reject: (error: RefusalError) => void;
}

export class HostClient {
  readonly machine: HostMachine;
  readonly #onSubmit: () => void;
  readonly #commands = new Map<number, PendingCommand>();
  readonly #instructions = new Map<number, PendingInstruction>();
  #waitingCommands: PendingCommand[] = [];
  #waitingInstructions: PendingInstruction[] = [];
  #whenOpen: { readonly resolve: (peer: Role) => void; readonly reject: (error: RefusalError) => void }[] = [];
  #peer: Role | undefined;
  #terminal: Refusal | undefined;

  constructor(options: HostClientOptions) {
    const { entropy, outstandingMax, framePayloadMax, onSubmit, onTold = () => {} } = options;
    this.#onSubmit = onSubmit;
    this.machine = new HostMachine({
      entropy,
      ...lineSealOf(options),
      ...(outstandingMax === undefined ? {} : { outstandingMax }),
      ...(framePayloadMax === undefined ? {} : { framePayloadMax }),
      listener: {
        opened: (peer) => {
          this.#opened(peer);
          onTold();
        },
        closed: () => {
          this.#peer = undefined;
          onTold();
        },
        refused: (refusal) => {
          this.#refused(refusal);
          onTold();
        },
        ended: (tag, result) => {
          this.#ended(tag, result);
          onTold();
        },
        answered: (request, result) => {
          this.#answered(request, result);
          onTold();
        },
      },
    });
  }

  /** Resolves with the role at the other end once a session is open; rejects when versions, keys or roles do not fit. */
  opened(): Promise<Role> {
    if (this.#terminal !== undefined) return Promise.reject(errorOf(this.#terminal));
    if (this.#peer !== undefined) return Promise.resolve(this.#peer);
    return new Promise((resolve, reject) => this.#whenOpen.push({ resolve, reject }));
  }

  /** Ends everything that waits, with this refusal: the caller gives up. */
  abort(refusal: Refusal): void {
    this.#terminal = refusal;
    const error = errorOf(refusal);
    for (const each of [...this.#whenOpen, ...this.#commands.values(), ...this.#instructions.values()])
      each.reject(error);
    for (const each of [...this.#waitingCommands, ...this.#waitingInstructions]) each.reject(error);
    this.#whenOpen = [];
    this.#commands.clear();
    this.#instructions.clear();
    this.#waitingCommands = [];
    this.#waitingInstructions = [];
  }

  /** Carries out a medium command; resolves with the data that it read. Rejects with `scsi-error` and the sense data. */
  command(volume: number, command: MediumCommand, onTag: (tag: number) => void = () => {}): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#submit({ request: requestOf(command, volume), command, onTag, resolve, reject });
    });
  }

  /** Sends any CDB; resolves with its data in. */
  cdb(request: CommandRequest): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      this.#submit({ request, command: undefined, onTag: () => {}, resolve, reject });
    });
  }

  /** Writes, offsets and lengths in bytes that are multiples of 512, at most 1 MiB. `tag` can be compared with a freeze's answer. */
  write(volume: number, offsetBytes: number, data: Uint8Array): Write {
    const write = { tag: 0, done: Promise.resolve() };
    const command: MediumCommand = { op: 'write', lba: offsetBytes / 512, data };
    write.done = this.command(volume, command, (tag) => {
      write.tag = tag;
    }).then(() => undefined);
    return write;
  }

  /** Reads at most 1 MiB. */
  read(volume: number, offsetBytes: number, lengthBytes: number): Promise<Uint8Array> {
    return this.command(volume, { op: 'read', lba: offsetBytes / 512, sectors: lengthBytes / 512 });
  }

  /** Sends an instruction; resolves with its answer. */
  async instruct<Kind extends MessageKind>(instruction: Instruction, answer: Kind): Promise<MessageNamed<Kind>> {
    const message = await new Promise<Message>((resolve, reject) => this.#instruct({ instruction, resolve, reject }));
    if (message.kind !== answer) throw new RefusalError('message-unexpected', `${message.kind} in place of ${answer}`);
    return message as MessageNamed<Kind>;
  }

  /** Freezes the group. The same token again gives the same generation: pass one to be able to repeat it yourself. */
  async freeze(token: Uint8Array): Promise<Frozen> {
    const { epoch, generation: of, included } = await this.instruct({ kind: 'freeze', token }, 'frozen');
    return { epoch, generation: of, included };
  }

  /**
   * Resolves when the generation is committed, or structured; rejects with GenerationFailed when it failed, with
   * `message-value` when it did for a reason that this version has no name for.
   */
  async wait(of: number, target: 'committed' | 'structured' = 'committed'): Promise<void> {
    const { reason } = await this.instruct({ kind: 'wait', generation: generation(of), target }, 'waited');
    if (reason === 0) return;
    const code = refusalByNumber(reason);
    if (code !== undefined) throw new GenerationFailed(code, of);
    const detail = `generation ${of} failed for reason ${reason}, which this version does not know`;
    throw new AdvisedRefusal('message-value', detail, 'Update this side.');
  }

  status(): Promise<MessageNamed<'status'>> {
    return this.instruct({ kind: 'getStatus' }, 'status');
  }

  /**
   * Digests of equal parts of a range of blocks. `of`: the generation meant, 0 for whichever is current. Rejects with
   * `wrong-generation` where another one is current, or is answered for.
   */
  async digests(
    volume: number,
    range: { readonly first: number; readonly count: number; readonly partBlocks: number; readonly of?: number },
  ): Promise<readonly Uint8Array[]> {
    const { first, count, partBlocks, of = 0 } = range;
    const request = { volume: volumeNumber(volume), first: blockNumber(first), count, partBlocks };
    const answer = await this.instruct({ kind: 'getDigests', generation: generation(of), ...request }, 'digests');
    if (of !== 0 && answer.generation !== of) {
      throw new RefusalError('wrong-generation', `digests of generation ${answer.generation}, not ${of}`);
    }
    return answer.digests;
  }

  suspend(): Promise<MessageNamed<'done'>> {
    return this.instruct({ kind: 'suspend' }, 'done');
  }

  resync(): Promise<MessageNamed<'done'>> {
    return this.instruct({ kind: 'resync' }, 'done');
  }

  takeover(force = false): Promise<MessageNamed<'done'>> {
    return this.instruct({ kind: 'takeover', force }, 'done');
  }

  failback(discard = false): Promise<MessageNamed<'done'>> {
    return this.instruct({ kind: 'failback', discard }, 'done');
  }

  #submit(pending: PendingCommand): void {
    if (this.#terminal !== undefined) {
      pending.reject(errorOf(this.#terminal));
      return;
    }
    if (this.#peer === undefined) {
      this.#waitingCommands.push(pending);
      return;
    }
    const tag = this.machine.submit(pending.request);
    this.#commands.set(tag, pending);
    pending.onTag(tag);
    this.#onSubmit();
  }

  #instruct(pending: PendingInstruction): void {
    if (this.#terminal !== undefined) {
      pending.reject(errorOf(this.#terminal));
      return;
    }
    if (this.#peer === undefined) {
      this.#waitingInstructions.push(pending);
      return;
    }
    this.#instructions.set(this.machine.instruct(pending.instruction), pending);
    this.#onSubmit();
  }

  #opened(peer: Role): void {
    this.#peer = peer;
    for (const each of this.#whenOpen.splice(0)) each.resolve(peer);
    // Submitting calls back into the machine, which is still in its step: wait until that has ended.
    queueMicrotask(() => this.#submitWaiting());
  }

  #submitWaiting(): void {
    if (this.#peer === undefined) return;
    for (const each of this.#waitingInstructions.splice(0)) this.#instruct(each);
    for (const each of this.#waitingCommands.splice(0)) this.#submit(each);
  }

  #refused(refusal: Refusal): void {
    if (terminal.has(refusal.code)) this.abort(refusal);
  }

  #ended(tag: number, result: CommandResult): void {
    const pending = this.#commands.get(tag);
    if (pending === undefined) return;
    this.#commands.delete(tag);
    const checked = pending.command === undefined ? result : checkedResult(pending.command, result);
    if (checked.kind === 'failed') this.#retry(pending, checked.refusal);
    else this.#complete(pending, checked.completion);
  }

  #complete(pending: PendingCommand, completion: Extract<CommandResult, { kind: 'completed' }>['completion']): void {
    if (completion.status === 'good') pending.resolve(completion.data);
    else if (completion.status === 'busy' || completion.status === 'taskSetFull') {
      // Without a pause a line without delay would carry the same question for ever.
      this.machine.after(busyPauseUs, () => this.#submit(pending));
      this.#onSubmit();
    } else if (completion.status === 'checkCondition') {
      // A unit attention tells of an event and asks for the command again.
      if (completion.sense.key === 'unitAttention') this.#again(pending);
      else pending.reject(new RefusalError('scsi-error', describeSense(completion.sense)));
    } else pending.reject(new RefusalError('scsi-error', completion.status));
  }

  #again(pending: PendingCommand): void {
    queueMicrotask(() => this.#submit(pending));
  }

  #retry(pending: PendingCommand, refusal: Refusal): void {
    if (pending.command === undefined && refusal.code !== 'line-lost') pending.reject(errorOf(refusal));
    else this.#waitingCommands.push(pending);
  }

  #answered(request: number, result: InstructionResult): void {
    const pending = this.#instructions.get(request);
    if (pending === undefined) return;
    this.#instructions.delete(request);
    if (result.kind === 'answered') pending.resolve(result.message);
    else if (sessionEnds.has(result.refusal.code)) this.#waitingInstructions.push(pending);
    else pending.reject(errorOf(result.refusal));
  }
}

/** Pause before a command is given again that a controller had no room or no time for. */
const busyPauseUs = 20_000;

/** Refusals after which this line will not open: somebody has to change something. */
const terminal: ReadonlySet<RefusalCode> = new Set([
  'version-mismatch',
  'key-required',
  'key-unknown',
  'wrong-key',
  'wrong-role',
  'capability-missing',
]);

/** The session ended before the answer: the instruction is given again in the next. */
const sessionEnds: ReadonlySet<RefusalCode> = new Set(['line-lost', 'line-silent', 'peer-restarted']);

function errorOf({ code, detail }: Refusal): RefusalError {
  return new RefusalError(code, detail);
}

/** Whether a digest is that of zeros. */
export const isZeroDigest = (digest: Uint8Array): boolean => Buffer.compare(digest, zeroDigest) === 0;

/** The exit code that a refusal ends a command with. */
export const exitCodeOf = (code: RefusalCode): number => refusals[code].exit;
