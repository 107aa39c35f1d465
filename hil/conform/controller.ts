/** Instructions to a controller, and the state in which it is. */
import {
  type InstructionOutcome,
  type MainPhase,
  mainTable,
  type SubPhase,
  subTable,
} from '../../firmware-sim/controller/instructions.js';
import type { Instruction } from '../../host/host-machine.js';
import { blockNumber, generation, volumeNumber } from '../../protocol/ids.js';
import type { Message, MessageKind, MessageNamed } from '../../protocol/message/messages.js';
import { type RefusalCode, refusalByNumber, refusals } from '../../protocol/refusals.js';
import type { Bench } from './bench.js';
import { demand } from './finding.js';
import { messageWords } from './frame-words.js';
import type { ProbeSession } from './probe-session.js';

/** Longest time for the answer to an instruction, in microseconds: a takeover asks for a sign of life. */
const instructionUs = 10_000_000;

export class ProbeController {
  readonly session: ProbeSession;
  readonly #bench: Bench;
  #request = 1000;

  constructor(bench: Bench, session: ProbeSession) {
    this.#bench = bench;
    this.session = session;
  }

  /** Gives an instruction; resolves with its answer, whatever it is. */
  async ask(instruction: Instruction, limitUs = instructionUs): Promise<Message> {
    const request = this.send(instruction);
    return this.answer(request, limitUs);
  }

  /** Sends an instruction; gives its number. */
  send(instruction: Instruction): number {
    this.#request += 1;
    void this.session.send({ ...instruction, request: this.#request } as Message);
    return this.#request;
  }

  answer(request: number, limitUs = instructionUs): Promise<Message> {
    const isAnswer = (message: Message) => 'request' in message && message.request === request;
    return this.session.link.probe.need(
      `an answer to request ${request}`,
      () => this.session.messages.find(isAnswer),
      limitUs,
    );
  }

  /** An instruction that has to be carried out, and answered by this kind of message. */
  async accepted<Kind extends MessageKind>(instruction: Instruction, kind: Kind): Promise<MessageNamed<Kind>> {
    const answer = await this.ask(instruction);
    demand(answer.kind === kind, `${kind} in answer to ${instruction.kind}`, () => answerWords(answer));
    return answer as MessageNamed<Kind>;
  }

  /** An instruction that has to be refused with this code. */
  async refused(instruction: Instruction, code: RefusalCode, what: string): Promise<void> {
    const answer = await this.ask(instruction);
    const isRight = answer.kind === 'refused' && answer.code === refusals[code].number;
    demand(isRight, `${what} refused with ${refusals[code].number} (${code})`, () => answerWords(answer));
  }

  status(): Promise<MessageNamed<'status'>> {
    return this.accepted({ kind: 'getStatus' }, 'status');
  }

  freeze(token: Uint8Array): Promise<MessageNamed<'frozen'>> {
    return this.accepted({ kind: 'freeze', token }, 'frozen');
  }

  freshToken(): Uint8Array {
    return this.#bench.fresh(16);
  }
}

export async function controllerOf(bench: Bench): Promise<ProbeController> {
  return new ProbeController(bench, await bench.session());
}

/** The controller once it has read its records. */
export async function recoveredController(bench: Bench): Promise<ProbeController> {
  const controller = await controllerOf(bench);
  for (let tries = 0; tries < 40; tries += 1) {
    const answer = await controller.ask({ kind: 'wait', generation: generation(0), target: 'committed' });
    if (answer.kind === 'refused' && answer.code !== refusals.recovering.number) return controller;
    await bench.probe.pause(250_000);
  }
  return controller;
}

/** An answer in words, a refusal with its name. */
export function answerWords(answer: Message): string {
  if (answer.kind !== 'refused') return messageWords(answer);
  return `refused with ${answer.code} (${refusalByNumber(answer.code) ?? 'unknown'}): ${answer.detail}`;
}

/** Digests of the first blocks of volume 0. */
export function digestsOf(of: number, { first = 0, count = 1, partBlocks = 1, volume = 0 } = {}): Instruction {
  const range = { volume: volumeNumber(volume), first: blockNumber(first), count, partBlocks };
  return { kind: 'getDigests', generation: generation(of), ...range };
}

type Status = MessageNamed<'status'>;

/** The state of docs/instructions.md that a main is in, as far as its status tells. */
export function mainPhaseOf({ pairState, reason, frozen, committed, failed }: Status): MainPhase {
  if (pairState === 'PSUS') return 'suspended';
  if (pairState === 'PSUE') return refusalByNumber(reason) === 'taken-over' ? 'taken over' : 'failed';
  return frozen > Math.max(committed, failed) ? 'transfer' : 'idle';
}

/** The same of a sub. */
export function subPhaseOf({ pairState, committed, lines }: Status): SubPhase {
  const isMainThere = lines.some(({ name, up }) => name !== 'host' && up);
  if (pairState === 'SSWS') return isMainThere ? 'taken over' : 'taken over, main away';
  if (committed === 0) return 'no image';
  if (pairState === 'SSUS' || pairState === 'PSUE') return 'suspended';
  return isMainThere ? 'paired' : 'main away';
}

/** What the table of docs/instructions.md says of the instructions that a host may give at any time. */
export function outcomes(
  role: 'main' | 'sub',
  status: Status,
): Readonly<Record<keyof typeof mainTable, InstructionOutcome>> {
  const named =
    role === 'main'
      ? Object.entries(mainTable).map(([name, row]) => [name, row[mainPhaseOf(status)]])
      : Object.entries(subTable).map(([name, row]) => [name, row[subPhaseOf(status)]]);
  return Object.fromEntries(named) as Record<keyof typeof mainTable, InstructionOutcome>;
}

/** Whether an outcome is a refusal; its code then. */
export function refusalOf(outcome: InstructionOutcome): RefusalCode | undefined {
  return outcome === 'accepted' || outcome === 'no effect' || outcome === 'why it halted' ? undefined : outcome;
}
