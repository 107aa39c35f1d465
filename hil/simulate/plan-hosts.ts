/**
 * Carries out the operations of a plan: the host at main, and the one at the sub after a takeover. Tells the oracle of
 * every write, and holds what the hosts are given against it.
 */
import type { Instruction } from '../../host/host-machine.js';
import { sectorBytes } from '../../protocol/ids.js';
import type { Message } from '../../protocol/message/messages.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { blockStaged, blockToSend, blockToStructure } from './chased-blocks.js';
import type { HostWrite, Oracle } from './oracle.js';
import { type Owed, owedTo } from './owed.js';
import type { Operation, Site, WriteOperation } from './plan.js';
import type { PlanBench } from './plan-bench.js';
import { PlanFreezes } from './plan-freezes.js';
import type { PlanHostsListener } from './plan-hosts-listener.js';
import { PlanQuestions, type PlanQuestionsParts } from './plan-questions.js';
import type { HowCommanded, InstructionListener } from './simulated-host.js';
import { contentOf, type SectorRun } from './truth.js';

interface GivenWrite {
  readonly write: HostWrite;
  readonly command: MediumCommand;
  readonly how: HowCommanded;
}

/** What each instruction is answered by, unless it is refused; of those that plans give. */
const answerTo: Readonly<Partial<Record<Instruction['kind'], Message['kind']>>> = {
  ...{ freeze: 'frozen', getStatus: 'status', wait: 'waited', getDigests: 'digests' },
  ...{ suspend: 'done', resync: 'done', takeover: 'done', failback: 'done' },
};

export class PlanHosts {
  readonly #bench: PlanBench;
  readonly #oracle: Oracle;
  readonly #listener: PlanHostsListener;
  readonly #owed: Owed;
  readonly #underWay: Record<Site, Set<HostWrite>> = { main: new Set(), sub: new Set() };
  /** Writes that wait for one that they overlap. */
  #held: GivenWrite[] = [];
  /** Chases that wait for a block. */
  #lying: Extract<Operation, { readonly kind: 'chase' }>[] = [];
  /** Takeovers that wait for an image that is committed and not structured. */
  #watching: Extract<Operation, { readonly kind: 'takeover' }>[] = [];
  readonly #questions: PlanQuestions;
  readonly #freezes: PlanFreezes;
  #rewrites = false;
  #numbers = 0;

  constructor(bench: PlanBench, oracle: Oracle, listener: PlanHostsListener = {}) {
    this.#bench = bench;
    this.#oracle = oracle;
    this.#listener = listener;
    this.#owed = owedTo(bench.plan);
    const instruct: PlanQuestionsParts['instruct'] = (...given) => this.instruct(...given);
    this.#questions = new PlanQuestions({ bench, oracle, owed: this.#owed, instruct });
    this.#freezes = new PlanFreezes({
      ...{ bench, oracle, owed: this.#owed, instruct: (...given) => this.#instruct('main', ...given) },
      waitFor: (number, target, then) => this.#questions.waitFor('main', number, { target, then }),
    });
  }

  /** Nothing that was submitted is unanswered. */
  get quiet(): boolean {
    const { host, subHost } = this.#bench;
    return host.outstanding === 0 && subHost.outstanding === 0 && this.#held.length === 0;
  }

  /** Questions that should have been answered once this generation is structured. */
  unansweredUpTo(newest: number): readonly string[] {
    return this.#questions.waitingUpTo(newest);
  }

  /** Something has happened at a controller: who lies in wait for a block may have found one. */
  looked(): void {
    if (this.#watching.length > 0 && this.#bench.sub.replica.overlaid > 0) {
      const { kernel } = this.#bench;
      for (const each of this.#watching.splice(0))
        kernel.at(kernel.nowUs + (each.committedUs ?? 0), () => this.#takeOver(each));
    }
    if (this.#lying.length === 0) return;
    const { main, sub } = this.#bench;
    this.#lying = this.#lying.filter((operation) => {
      const volume = operation.volume % this.#bench.plan.configuration.volumeSectors.length;
      const block = blockStaged(main.state, sub.replica, volume);
      if (block === undefined) return true;
      const { kernel } = this.#bench;
      kernel.at(kernel.nowUs + (operation.stagedUs ?? 0), () => this.#write(operation, block));
      return false;
    });
  }

  /** Who still lies in wait does so no longer. */
  giveUpWaiting(): void {
    this.#lying = [];
    this.#watching = [];
  }

  carryOut(operation: Operation): void {
    switch (operation.kind) {
      case 'write':
      case 'zero':
        this.#write(operation);
        break;
      case 'chase':
        if (operation.stagedUs === undefined) this.#write(operation);
        else this.#lying.push(operation);
        break;
      case 'read':
        this.#questions.read('main', operation);
        break;
      case 'look':
        this.#questions.read('sub', operation);
        break;
      case 'verify':
        this.#questions.verify(operation);
        break;
      case 'digests':
        this.#questions.digests(operation);
        break;
      case 'wait':
        this.#questions.wait(operation);
        break;
      case 'freeze':
        if (operation.follows) this.#freezes.makeNext();
        else this.#freezes.make();
        break;
      case 'freezeAgain':
        this.#freezes.repeat(operation.ago);
        break;
      case 'suspend':
      case 'resync':
        this.instruct('main', { kind: operation.kind });
        break;
      case 'takeover':
        if (operation.committedUs === undefined) this.#takeOver(operation);
        else this.#watching.push(operation);
        break;
      case 'failback':
        this.instruct('sub', { kind: 'failback', discard: operation.discard });
        break;
    }
  }

  #takeOver({ force, chases = 0, atUs }: Extract<Operation, { readonly kind: 'takeover' }>): void {
    const { volumeSectors, blockBytes } = this.#bench.plan.configuration;
    const chase = { kind: 'chase', atUs, lba: 0, sectors: blockBytes / sectorBytes } as const;
    const wasPaired = this.#isPaired();
    this.instruct('sub', { kind: 'takeover', force }, (answer) => {
      if (answer === undefined) return;
      const isTaken = answer.kind === 'done' && answer.effect;
      if (isTaken && wasPaired && !force) this.#oracle.fail('answer', 'a healthy pair is taken over without force');
      for (let volume = 0; volume < chases; volume += 1)
        this.#write({ ...chase, volume: volume % volumeSectors.length });
    });
  }

  /** Nothing keeps the pair from working, nor will anything. */
  #isPaired(): boolean {
    const { plan, main, sub } = this.#bench;
    const isHealthy = plan.faults.length === 0 && plan.operations.every(({ kind }) => kind !== 'suspend');
    return isHealthy && main.state.reason === undefined && sub.state.pairState === 'PAIR' && !sub.state.takenOver;
  }

  /** Freezes; `then` gets the generation, or undefined when it was refused. */
  freeze(then: (generation: number | undefined) => void): void {
    this.#freezes.make(then);
  }

  /** Gives an instruction whose refusal is nobody's fault. */
  instruct(site: Site, instruction: Instruction, then: (answer: Message | undefined) => void = () => {}): void {
    this.#instruct(site, instruction, (answer) => then('refusal' in answer ? undefined : answer));
  }

  #instruct(site: Site, instruction: Instruction, then: InstructionListener): void {
    const host = site === 'main' ? this.#bench.host : this.#bench.subHost;
    this.#listener.instructed?.(site, instruction.kind);
    host.instruct(instruction, (answer) => {
      this.#listener.answered?.(site, answer);
      if ('kind' in answer && answer.kind !== answerTo[instruction.kind])
        this.#oracle.fail('answer', `${instruction.kind} is answered by ${answer.kind} at ${site}`);
      then(answer);
    });
  }

  /** The host at a sub that has taken over writes all of its volumes again, which no block that is spoilt there hinders. */
  rewrite(): void {
    this.#rewrites = true;
    const { blockBytes, volumeSectors, untouchedSectors = 0 } = this.#bench.plan.configuration;
    const block = blockBytes / sectorBytes;
    for (const [volume, touched] of volumeSectors.entries()) {
      const end = Math.min(touched + untouchedSectors, Math.ceil(touched / block) * block);
      this.#give('sub', { kind: 'write', atUs: 0, volume, lba: 0, sectors: end }, { volume, from: 0, end });
    }
  }

  #write(operation: WriteOperation, block?: number): void {
    const site: Site = this.#bench.sub.state.takenOver && !operation.stays ? 'sub' : 'main';
    const run = this.#place(operation, site, block);
    if (run !== undefined) this.#give(site, operation, run);
  }

  #give(site: Site, operation: WriteOperation, { volume, from, end }: SectorRun): void {
    this.#numbers += 1;
    const number = operation.kind === 'zero' ? 0 : this.#numbers;
    const write: HostWrite = { volume, from, end, number, site, tag: 0, uncertain: false, ended: 'no', aborted: false };
    const data = () => contentOf(number, { volume, lba: from, sectors: end - from });
    const command: MediumCommand =
      operation.kind === 'zero'
        ? { op: 'unmap', ranges: [{ lba: from, sectors: end - from }] }
        : { op: 'write', lba: from, data: data() };
    const how = { once: operation.once ?? false, abortUs: operation.abortUs };
    if (this.#overlaps(write)) this.#held.push({ write, command, how });
    else this.#submit({ write, command, how });
  }

  /**
   * The sectors that an operation is about, within its volume; a chase looks for a block that is still to be sent, or, at
   * the sub, to be structured.
   */
  #place(operation: WriteOperation, site: Site, found?: number): SectorRun | undefined {
    const { blockBytes, volumeSectors } = this.#bench.plan.configuration;
    const volume = operation.volume % volumeSectors.length;
    const sectors = volumeSectors[volume] ?? 0;
    const block = blockBytes / sectorBytes;
    const { main, sub } = this.#bench;
    const wanted = () => (site === 'main' ? blockToSend(main.state, volume) : blockToStructure(sub.replica, volume));
    const chased = found ?? (operation.kind === 'chase' ? wanted() : undefined);
    const from = chased === undefined ? operation.lba % sectors : chased * block + (operation.lba % block);
    if (from >= sectors) return undefined;
    return { volume, from, end: Math.min(sectors, from + operation.sectors) };
  }

  /** Order among writes that overlap and are under way together is nobody's promise (SAM-5, simple tasks). */
  #overlaps(write: SectorRun & { readonly site: Site }): boolean {
    const touches = (each: SectorRun) => each.volume === write.volume && each.from < write.end && write.from < each.end;
    return [...this.#underWay[write.site]].some(touches) || this.#held.some((each) => touches(each.write));
  }

  #submit({ write, command, how }: GivenWrite): void {
    const { site } = write;
    const { regained } = this.#oracle;
    const knewOfTakeover = site === 'main' && this.#bench.kernel.isOn('main') && this.#bench.main.state.takenOver;
    const host = site === 'main' ? this.#bench.host : this.#bench.subHost;
    const mayRefuse = this.#mayRefuse(site);
    this.#underWay[site].add(write);
    this.#oracle.submitted(write);
    this.#listener.submitted?.(write);
    this.#questions.submitted(write);
    const listener = {
      submitted: (tag: number) => {
        write.tag = tag;
      },
      unanswered: () => {
        write.uncertain = true;
      },
      // It may be there in part, and a freeze does not name it any more.
      aborting: () => {
        write.uncertain = true;
      },
      aborted: () => {
        write.aborted = true;
      },
      forgotten: () => {
        this.#underWay[site].delete(write);
        this.#oracle.ended(write, false);
        this.#listener.ended?.(write);
        this.#submitHeld();
      },
      ended: (data: Uint8Array | undefined) => {
        this.#underWay[site].delete(write);
        this.#oracle.ended(write, data !== undefined);
        if (write.aborted && this.#bench.kernel.isOn(site)) this.#holdAborted(write);
        if (data === undefined && !write.aborted && !(how.once && write.uncertain)) this.#failed(site, mayRefuse());
        else if (data !== undefined && knewOfTakeover && this.#oracle.regained === regained && this.#owed.hostData) {
          this.#oracle.fail('answer', `main takes host write ${write.number}, and knows that the sub has taken over`);
        }
        this.#listener.ended?.(write);
        this.#submitHeld();
      },
    };
    host.command(write.volume, command, listener, how);
  }

  /** Once a host has been told that a write is aborted, what its sectors hold is what they go on holding. */
  #holdAborted(write: HostWrite): void {
    const { main } = this.#bench;
    // A disk that has failed may hold what it has not made durable.
    if (this.#owed.mayBlame || !this.#owed.hostData) return;
    if (write.site === 'main' && main.state.formatted && !main.state.takenOver)
      this.#oracle.settleAborted(write, main.state, this.#bench.disks('main'));
  }

  #submitHeld(): void {
    const held = this.#held;
    this.#held = [];
    for (const each of held) {
      if (this.#overlaps(each.write)) this.#held.push(each);
      else this.#submit(each);
    }
  }

  /**
   * Whether a controller may refuse a write that begins now: main while somebody may take over, a sub unless it has been taken over
   * all the while.
   */
  #mayRefuse(site: Site): () => boolean {
    const { plan, sub } = this.#bench;
    if (site === 'main') return () => plan.operations.some(({ kind }) => kind === 'takeover');
    const givesBack = () =>
      sub.state.failback !== undefined || sub.inHand().some((each) => each.startsWith('failback'));
    const isOpen = () => sub.state.takenOver && !givesBack();
    const wasOpen = isOpen();
    return () => !wasOpen || !isOpen();
  }

  /** Disks that give no reason to fail no write of a host; what is spoilt does not hinder one that replaces all of it. */
  #failed(site: Site, mayRefuse: boolean): void {
    // One that has stopped for good says so, and carries nothing out.
    const isExcused = this.#owed.mayHalt(site) || this.#owed.mayBlame;
    if (mayRefuse || (isExcused && !this.#rewrites)) return;
    this.#oracle.fail('blamed', `a host’s write fails at ${site}`);
  }
}
