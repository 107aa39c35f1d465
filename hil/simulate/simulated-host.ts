/**
 * A host in virtual time, without promises: commands and instructions with callbacks. Like `HostClient` it gives again
 * what was under way when a session was lost, and what ended with BUSY or a unit attention. Its process may end at any
 * moment; another one goes on in its place, with tags and numbers of its own from 1 on.
 */
import { HostMachine, type Instruction, type InstructionResult } from '../../host/host-machine.js';
import type { Device, DeviceEffect, DeviceEvent, PortName } from '../../protocol/device.js';
import type { Message } from '../../protocol/message/messages.js';
import type { Refusal, RefusalCode } from '../../protocol/refusals.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import type { CommandResult } from '../../protocol/scsi/initiator.js';
import { checkedResult, requestOf } from '../../protocol/scsi/initiator-commands.js';

export interface HostCommandListener {
  /** It has been submitted, under this tag; again after a lost session. */
  submitted?(tag: number): void;
  /** Its session was lost, or it has to be given again: it may have been carried out or not. */
  unanswered?(): void;
  /** It is about to be aborted. */
  aborting?(): void;
  /** Aborted: nothing of it happens any more. `ended` follows. */
  aborted?(): void;
  /** Nobody will hear how it ends: whoever gave it is gone. Nothing follows. */
  forgotten(): void;
  /** It ended; `data` of a read, undefined when it failed. */
  ended(data: Uint8Array | undefined): void;
}

export interface HowCommanded {
  /** Not again when its session is lost. */
  readonly once?: boolean;
  /** It is aborted so much later. */
  readonly abortUs?: number | undefined;
}

export type InstructionListener = (answer: Message | { readonly refusal: Refusal }) => void;

interface PendingCommand {
  readonly volume: number;
  readonly command: MediumCommand;
  readonly listener: HostCommandListener;
  readonly once: boolean;
  /** Its host has aborted it. */
  isAborted: boolean;
}

interface PendingInstruction {
  readonly instruction: Instruction;
  readonly listener: InstructionListener;
}

export interface SimulatedHostOptions {
  readonly entropy: Uint8Array;
  readonly key: Uint8Array | undefined;
  readonly framePayloadMax: number;
  /** Does something once the step under way has ended. */
  readonly soon: (action: () => void) => void;
  /** The machine has something to send. */
  readonly poke: () => void;
  readonly onRefused: (refusal: Refusal) => void;
  /** Was told what nobody may be told. */
  readonly onStrange: (what: string) => void;
}

const busyPauseUs = 20_000;
/** What a process that has ended is told of what it asked for: nobody hears the answer. */
const processEnded: Refusal = { code: 'line-lost', detail: 'the process has ended' };
const sessionEnds: ReadonlySet<RefusalCode> = new Set(['line-lost', 'line-silent', 'peer-restarted']);

export class SimulatedHost implements Device {
  #machine: HostMachine;
  readonly #options: SimulatedHostOptions;
  readonly #commands = new Map<number, PendingCommand>();
  readonly #instructions = new Map<number, PendingInstruction>();
  #waitingCommands: PendingCommand[] = [];
  #waitingInstructions: PendingInstruction[] = [];
  #open = false;
  /** Commands that wait until the controller may be less busy. */
  readonly #paused = new Set<PendingCommand>();

  constructor(options: SimulatedHostOptions) {
    this.#options = options;
    this.#machine = this.#process(options.entropy);
  }

  #process(entropy: Uint8Array): HostMachine {
    const { key, framePayloadMax } = this.#options;
    return new HostMachine({
      entropy,
      key,
      framePayloadMax,
      listener: {
        opened: () => {
          this.#open = true;
          this.#options.soon(() => this.#submitWaiting());
        },
        closed: () => {
          this.#open = false;
        },
        refused: (refusal) => this.#options.onRefused(refusal),
        ended: (tag, result) => this.#ended(tag, result),
        answered: (request, result) => this.#answered(request, result),
      },
    });
  }

  /** Commands and instructions that have not ended; who waits for a generation may do so for long. */
  get outstanding(): number {
    const instructions = [...this.#instructions.values(), ...this.#waitingInstructions];
    const toEnd = instructions.filter(({ instruction }) => instruction.kind !== 'wait').length;
    return this.#commands.size + toEnd + this.#waitingCommands.length + this.#paused.size;
  }

  /**
   * Its process has ended, and another one takes its place. `knows`: of what was under way, and gives it again; else
   * nobody will hear of that.
   */
  replace(entropy: Uint8Array, knows: boolean): void {
    this.#open = false;
    const commands = [...this.#commands.values(), ...this.#paused];
    const instructions = [...this.#instructions.values()];
    this.#commands.clear();
    this.#paused.clear();
    this.#instructions.clear();
    for (const { listener } of commands) listener.unanswered?.();
    const isKept = ({ once }: PendingCommand) => knows && !once;
    this.#waitingCommands.push(...commands.filter(isKept));
    // In another order: what answers a request of the process before answers none of these.
    if (knows) this.#waitingInstructions.push(...instructions.reverse());
    else for (const { listener } of instructions) this.#options.soon(() => listener({ refusal: processEnded }));
    for (const each of commands) if (!isKept(each)) this.#options.soon(() => each.listener.forgotten());
    this.#machine = this.#process(entropy);
  }

  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[] {
    return this.#machine.step(event, nowUs);
  }

  transmit(port: PortName, nowUs: number): Uint8Array | undefined {
    return this.#machine.transmit(port, nowUs);
  }

  deadline(): number | undefined {
    return this.#machine.deadline();
  }

  command(
    volume: number,
    command: MediumCommand,
    listener: HostCommandListener,
    { once = false, abortUs }: HowCommanded = {},
  ): void {
    const pending = { volume, command, listener, once, isAborted: false };
    this.#submit(pending);
    if (abortUs !== undefined) this.#machine.after(abortUs, () => this.#abort(pending));
    if (abortUs !== undefined) this.#options.poke();
  }

  instruct(instruction: Instruction, listener: InstructionListener): void {
    this.#instruct({ instruction, listener });
  }

  #submit(pending: PendingCommand): void {
    if (!this.#open) {
      this.#waitingCommands.push(pending);
      return;
    }
    const tag = this.#machine.submit(requestOf(pending.command, pending.volume));
    this.#commands.set(tag, pending);
    pending.listener.submitted?.(tag);
    this.#options.poke();
  }

  #instruct(pending: PendingInstruction): void {
    if (!this.#open) {
      this.#waitingInstructions.push(pending);
      return;
    }
    this.#instructions.set(this.#machine.instruct(pending.instruction), pending);
    this.#options.poke();
  }

  /** Unless it has ended by now, or waits for its session. */
  #abort(pending: PendingCommand): void {
    for (const [tag, each] of this.#commands) {
      if (each !== pending) continue;
      pending.isAborted = true;
      pending.listener.aborting?.();
      this.#machine.abort(tag, pending.volume);
    }
  }

  #submitWaiting(): void {
    if (!this.#open) return;
    for (const each of this.#waitingInstructions.splice(0)) this.#instruct(each);
    for (const each of this.#waitingCommands.splice(0)) this.#submit(each);
  }

  #ended(tag: number, result: CommandResult): void {
    const pending = this.#commands.get(tag);
    if (pending === undefined) return;
    this.#commands.delete(tag);
    const checked = checkedResult(pending.command, result);
    if (checked.kind === 'failed') {
      pending.listener.unanswered?.();
      if (pending.once) this.#options.soon(() => pending.listener.ended(undefined));
      else this.#again(pending);
      return;
    }
    const { completion } = checked;
    if (completion.status === 'good') this.#options.soon(() => pending.listener.ended(completion.data));
    else if (completion.status === 'busy' || completion.status === 'taskSetFull') {
      this.#paused.add(pending);
      this.#machine.after(busyPauseUs, () => this.#again(pending, () => this.#paused.delete(pending)));
      this.#options.poke();
    } else if (completion.status === 'checkCondition' && completion.sense.key === 'unitAttention') this.#again(pending);
    else {
      if (completion.status === 'taskAborted' && !pending.isAborted)
        this.#options.soon(() =>
          this.#options.onStrange(`${pending.command.op} is aborted, and nobody has aborted it`),
        );
      this.#options.soon(() => {
        if (completion.status === 'taskAborted') pending.listener.aborted?.();
        pending.listener.ended(undefined);
      });
    }
  }

  #again(pending: PendingCommand, before: () => void = () => {}): void {
    this.#options.soon(() => {
      before();
      this.#submit(pending);
    });
  }

  #answered(request: number, result: InstructionResult): void {
    const pending = this.#instructions.get(request);
    if (pending === undefined) return;
    this.#instructions.delete(request);
    const { listener } = pending;
    if (result.kind === 'answered') this.#options.soon(() => listener(result.message));
    else if (sessionEnds.has(result.refusal.code)) this.#options.soon(() => this.#instruct(pending));
    else this.#options.soon(() => listener({ refusal: result.refusal }));
  }
}
