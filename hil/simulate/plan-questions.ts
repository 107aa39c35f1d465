/**
 * What hosts ask of controllers and change nothing by: reads, verifications, digests and waits, at main and at the sub.
 * Holds what they are told against the truth of the moments between question and answer.
 */
import type { Instruction } from '../../host/host-machine.js';
import { contentDigest, RangeDigest, sameDigest } from '../../protocol/digest.js';
import { blockNumber, generation, sectorBytes, volumeNumber } from '../../protocol/ids.js';
import type { Message } from '../../protocol/message/messages.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import type { HostWrite, Oracle } from './oracle.js';
import type { Owed } from './owed.js';
import type { Operation, Site } from './plan.js';
import type { PlanBench } from './plan-bench.js';
import { faultOfSector, type SectorRun, type Truth } from './truth.js';

type OperationOf<Kind extends Operation['kind']> = Extract<Operation, { readonly kind: Kind }>;
export type WaitTarget = OperationOf<'wait'>['target'];
type Instruct = (site: Site, instruction: Instruction, then: (answer: Message | undefined) => void) => void;

/** A question that has not been answered. */
interface Asked extends SectorRun {
  readonly site: Site;
  /** What may be there at any moment from the question on; undefined where nobody knows. */
  readonly truth: Truth | undefined;
  /** What has to be so when it is answered, or the answer is of another volume. */
  readonly era: string;
}

export interface PlanQuestionsParts {
  readonly bench: PlanBench;
  readonly oracle: Oracle;
  readonly owed: Owed;
  /** Gives an instruction; the answer is undefined where it is refused. */
  readonly instruct: Instruct;
}

export class PlanQuestions {
  readonly #parts: PlanQuestionsParts;
  readonly #asked = new Set<Asked>();
  #unseen = 0;
  readonly #waiting = new Set<{ readonly site: Site; readonly number: number }>();

  constructor(parts: PlanQuestionsParts) {
    this.#parts = parts;
  }

  /** A host begins to write: what is asked now may be answered before that, or after. */
  submitted(write: HostWrite): void {
    for (const { site, truth } of this.#asked) if (site === write.site) truth?.allow(write);
  }

  /** Reads a volume, or some sectors of it. */
  read(site: Site, { volume, lba = 0, sectors }: OperationOf<'read' | 'look'>): void {
    const whole = this.#ask(site, volume);
    const from = lba % whole.end;
    const asked = { ...whole, from, end: Math.min(whole.end, from + (sectors ?? whole.end)) };
    const command = { op: 'read', lba: from, sectors: asked.end - from } as const;
    this.#command(whole, command, (data) => this.#holdRead(asked, data));
  }

  /** VERIFY of sectors that may lie behind those that anybody writes to. */
  verify({ volume, lba, sectors }: OperationOf<'verify'>): void {
    const { untouchedSectors = 0 } = this.#parts.bench.plan.configuration;
    const asked = this.#ask(this.#parts.bench.sub.state.takenOver ? 'sub' : 'main', volume);
    const end = asked.end + untouchedSectors;
    const from = lba % end;
    this.#command(asked, { op: 'verify', lba: from, sectors: Math.min(sectors, end - from) }, () => {});
  }

  /** Digests of equal parts of a volume. */
  digests({ site, volume, partBlocks }: OperationOf<'digests'>): void {
    const { blockBytes } = this.#parts.bench.plan.configuration;
    const asked = this.#ask(site, volume);
    const count = Math.ceil((asked.end * sectorBytes) / blockBytes);
    const range = { volume: volumeNumber(asked.volume), first: blockNumber(0), count, partBlocks };
    this.#parts.instruct(site, { kind: 'getDigests', generation: generation(0), ...range }, (answer) => {
      this.#asked.delete(asked);
      if (answer?.kind === 'digests' && this.#isSame(asked)) this.#holdDigests(asked, partBlocks, answer.digests);
    });
  }

  /** Waits for the newest generation, or for one that is not frozen yet. */
  wait({ site, target, ahead = 0 }: OperationOf<'wait'>): void {
    const number = this.#parts.oracle.newestImage + ahead;
    if (number > 0) this.waitFor(site, number, { target });
  }

  /** `then` gets whether it is told to be there. */
  waitFor(
    site: Site,
    number: number,
    { target, then = () => {} }: { readonly target: WaitTarget; readonly then?: (isReached: boolean) => void },
  ): void {
    const waiting = { site, number };
    this.#waiting.add(waiting);
    this.#parts.instruct(site, { kind: 'wait', generation: generation(number), target }, (answer) => {
      this.#waiting.delete(waiting);
      const isAnswered = answer?.kind === 'waited';
      if (isAnswered) this.#holdWaited(site, number, { target, isFailed: answer.reason !== 0 });
      then(isAnswered && answer.reason === 0);
    });
  }

  /** Who waits for a generation that is not newer than this one. */
  waitingUpTo(newest: number): readonly string[] {
    const late = [...this.#waiting].filter(({ number }) => number <= newest);
    return late.map(({ site, number }) => `a wait for generation ${number} at ${site}`);
  }

  #ask(site: Site, number: number): Asked {
    const { bench, oracle } = this.#parts;
    const { volumeSectors } = bench.plan.configuration;
    const volume = number % volumeSectors.length;
    const truth = site === 'main' ? oracle.mainTruth : oracle.shownTruth;
    const run = { volume, from: 0, end: volumeSectors[volume] ?? 0 };
    const asked = { site, truth: truth?.clone(), ...run, era: this.#era(site) };
    this.#asked.add(asked);
    return asked;
  }

  /** Within one a host sees one volume: the one of main, an image, or what was taken over. */
  #era(site: Site): string {
    const { bench, oracle } = this.#parts;
    const { state, replica } = bench.sub;
    // What nobody has looked at yet is like nothing else, and nothing is held against it.
    this.#unseen += oracle.isUpToDate(bench.sub) ? 0 : 1;
    const seen = oracle.isUpToDate(bench.sub) ? '' : `, unseen ${this.#unseen}`;
    const subEra = `${state.takenOver ? 'taken over after' : 'image'} ${replica.committed}${seen}`;
    return site === 'sub' ? subEra : `main ${oracle.regained} ${bench.main.state.failingBack}`;
  }

  #isSame({ site, era }: Asked): boolean {
    return era === this.#era(site);
  }

  #command(asked: Asked, command: MediumCommand, hold: (data: Uint8Array) => void): void {
    const { bench } = this.#parts;
    const { site } = asked;
    const mayRefuse = this.#mayRefuse(site);
    const host = site === 'main' ? bench.host : bench.subHost;
    host.command(asked.volume, command, {
      forgotten: () => this.#asked.delete(asked),
      ended: (data) => {
        this.#asked.delete(asked);
        if (data === undefined && !mayRefuse && !this.#mayRefuse(site)) this.#blame(site, command.op);
        if (data !== undefined && this.#isSame(asked)) hold(data);
      },
    });
  }

  /** A main whose volume is being replaced by the sub's, and a sub without one, give nothing. */
  #mayRefuse(site: Site): boolean {
    const { main, sub } = this.#parts.bench;
    const isReplaced = main.state.failingBack && main.replica.structured !== main.replica.committed;
    return site === 'main' ? isReplaced : !sub.state.takenOver && sub.replica.committed === 0;
  }

  /** Disks that give no reason to fail no command of a host. */
  #blame(site: Site, what: string): void {
    const { oracle, owed } = this.#parts;
    // One that has stopped for good says so, and carries nothing out.
    if (!owed.mayBlame && !owed.mayHalt(site)) oracle.fail('blamed', `a host’s ${what} fails at ${site}`);
  }

  #isOwed(site: Site): boolean {
    const { owed } = this.#parts;
    return site === 'main' ? owed.hostData : owed.image;
  }

  #holdRead({ site, truth, volume, from, end }: Asked, data: Uint8Array): void {
    const { bench, oracle, owed } = this.#parts;
    // What a main of before has frozen, nobody knows.
    if (!this.#isOwed(site) || (site === 'main' && bench.main.state.failingBack)) return;
    if (truth === undefined) {
      if (owed.hostData && !bench.sub.state.takenOver) oracle.fail('read', 'the sub gives data and has no image');
      return;
    }
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    for (let lba = from; lba < end; lba += 1) {
      const fault = faultOfSector(truth, bytes, (lba - from) * sectorBytes, { volume, lba });
      if (fault !== undefined) oracle.fail('read', `${site}, volume ${volume}, sector ${lba} ${fault}`);
    }
  }

  #holdDigests({ site, truth, volume, end }: Asked, partBlocks: number, given: readonly Uint8Array[]): void {
    const { bench, oracle, owed } = this.#parts;
    if (!this.#isOwed(site) || owed.mayBlame || (site === 'main' && bench.main.state.failingBack)) return;
    const bytes = truth?.bytesOf({ volume, from: 0, end });
    if (bytes === undefined) return;
    const { blockBytes } = bench.plan.configuration;
    const wanted = rangeDigests(bytes, blockBytes, partBlocks);
    const isSame = wanted.every((each, index) => sameDigest(each, given[index] ?? nothing));
    if (!isSame || wanted.length !== given.length)
      oracle.fail('answer', `${site} tells digests of volume ${volume} that are of something else`);
  }

  #holdWaited(
    site: Site,
    number: number,
    { target, isFailed }: { readonly target: WaitTarget; readonly isFailed: boolean },
  ): void {
    const { oracle, owed, bench } = this.#parts;
    if (!owed.hostData || !owed.image || owed.mayLose) return;
    const { committed, structured } = bench.sub.replica;
    const reached = target === 'committed' ? committed : structured;
    const what = `${site} tells that generation ${number} is ${target}`;
    // A sub that reads its records does not know yet.
    const isUp = bench.kernel.isOn('sub') && bench.sub.state.blockBytes !== 0;
    if (!isFailed && isUp && reached < number) oracle.fail('answer', `${what}, and ${reached} is the newest that is`);
    if (!isFailed && oracle.hasFailed(number)) oracle.fail('answer', `${what}, and it has failed`);
    if (isFailed && isUp && target === 'committed' && committed === number)
      oracle.fail('answer', `${site} tells that generation ${number} has failed, and it is committed`);
  }
}

const nothing = new Uint8Array(0);

/** Of parts of so many blocks each; the last block is padded with zeros. */
function rangeDigests(volume: Buffer, blockBytes: number, partBlocks: number): Uint8Array[] {
  const digests: Uint8Array[] = [];
  const blocks = Math.ceil(volume.length / blockBytes);
  const bytes = Buffer.concat([volume], blocks * blockBytes);
  for (let first = 0; first < blocks; first += partBlocks) {
    const range = new RangeDigest();
    for (let block = first; block < Math.min(blocks, first + partBlocks); block += 1)
      range.add(block, contentDigest(bytes.subarray(block * blockBytes, (block + 1) * blockBytes)));
    digests.push(range.finish());
  }
  return digests;
}
