/**
 * Runs a plan for the link in virtual time and checks at every step what its two ends owe each other. The same plan gives
 * the same run, told by its trace: a hash over the times and bytes of all frames and deliveries.
 */
import { createHash } from 'node:crypto';
import type { Priority } from '../../../protocol/message/message.js';
import { ciphers } from '../../../protocol/session/ciphers.js';
import { Random } from '../../random.js';
import { FaultyWire, type FrameFault } from '../faulty-wire.js';
import { Kernel, type SimulatedLine, type Wire } from '../kernel.js';
import type { Direction } from '../plan.js';
import { isStrangeFrame } from '../strange-frame.js';
import { Eavesdropper } from './eavesdropper.js';
import { bytesPerTrouble, bytesPlanned, deliveryUs, idleUsPerByte } from './link-bounds.js';
import { envelopeBytes, LinkEnd, linePort } from './link-end.js';
import { LinkOracle } from './link-oracle.js';
import { type End, ends, type LinkFault, type LinkOperation, type LinkPlan, opposite, senderOf } from './link-plan.js';
import { parcelHeaderBytes } from './parcel.js';
import { isStaleOpen, StaleOpensWire } from './stale-opens-wire.js';
import { isTampering, type TamperingFault, TamperingWire } from './tampering-wire.js';
import { Tape } from './tape.js';

export interface Violation {
  /** Which check; names are stable. */
  readonly check: string;
  readonly detail: string;
  readonly atUs: number;
}

export interface LinkRun {
  /** Empty when all is well; a run ends at the first of a check that is on. */
  readonly violations: readonly Violation[];
  /** SHA-256 in hexadecimal. */
  readonly traceHash: string;
  /** Events of the kernel. */
  readonly events: number;
  /** When the run ended, in virtual microseconds. */
  readonly endUs: number;
  /** How often what was reached: faults applied, refusals by code, wraps, full windows, … */
  readonly coverage: Readonly<Record<string, number>>;
}

export interface LinkRunOptions {
  /** Which checks are on; all unless told otherwise. One that is off does not end a run either: others may go on. */
  readonly checks?: (check: string) => boolean;
}

export function runLinkPlan(plan: LinkPlan, { checks = () => true }: LinkRunOptions = {}): LinkRun {
  return new LinkSimulation(plan, checks).run();
}

/** Past the end of all work, time in which nothing more may come. */
const quietUs = 5_000_000;
/** What an end holds is counted piece by piece, so not at each step. */
const stepsPerCount = 16;
/** On a line that takes no time all frames of a plan may pass at once; so many are of nobody who comes to an end. */
const framesAtOnceMax = 20_000;

class LinkSimulation {
  readonly #plan: LinkPlan;
  readonly #checks: (check: string) => boolean;
  readonly #kernel = new Kernel();
  readonly #line: SimulatedLine;
  readonly #ends: Readonly<Record<End, LinkEnd>>;
  readonly #oracle: LinkOracle;
  /** What somebody on the line has recorded. */
  readonly #tape = new Tape();
  readonly #eavesdropper = new Eavesdropper(
    (check, detail) => this.#violate(check, detail),
    () => this.#count('acknowledgement cut short'),
  );
  readonly #hash = createHash('sha256');
  readonly #stamp = Buffer.alloc(9);
  readonly #coverage = new Map<string, number>();
  readonly #violations: Violation[] = [];
  /** What is to be sent as soon as the session is open. */
  readonly #waiting: Readonly<Record<End, SendOperation[]>> = { a: [], b: [] };
  readonly #powerOns = { a: 0, b: 0 };
  readonly #deliveryUs: number;
  readonly #bytesPlanned: number;
  readonly #bytesPerTrouble: number;
  #operationsLeft: number;
  /** When something was last done to the ends: a fault, an operation, a power on. */
  #troubleUs = 0;
  #downUntilUs = 0;
  #troubles = 0;
  /** Nothing has happened to any frame, and no end has lost its power. */
  #lineIsGood = true;
  #bytes = 0;
  /** Device events so far. */
  #steps = 0;
  #eventsAtUs = 0;
  #eventsAtOnce = 0;
  #framesAtOnce = 0;

  constructor(plan: LinkPlan, checks: (check: string) => boolean) {
    this.#plan = plan;
    this.#checks = checks;
    const sealed = plan.configuration.layer === 'sealed';
    this.#oracle = new LinkOracle((check, detail) => this.#violate(check, detail), { sealed });
    this.#bytesPlanned = bytesPlanned(plan);
    this.#bytesPerTrouble = bytesPerTrouble(plan);
    this.#operationsLeft = plan.operations.length;
    this.#deliveryUs = deliveryUs(plan);
    this.#ends = { a: this.#endOf('a'), b: this.#endOf('b') };
    for (const side of ends) this.#kernel.add(side, this.#ends[side]);
    this.#line = this.#lineOf(plan);
    this.#kernel.watcher = {
      sent: (side, _port, frame) => this.#sent(side as End, frame),
      stepped: (side, event) => {
        if (event.kind === 'frame') this.#eventsAtOnce = 0;
        if (event.kind === 'line' && event.up && this.#ends[side as End].open) this.#count('resumed');
        this.#checkEnd(side as End);
      },
    };
  }

  run(): LinkRun {
    for (const side of ends) this.#kernel.at(0, () => this.#powerOn(side));
    for (const each of this.#plan.operations) this.#kernel.at(each.atUs, () => this.#operate(each));
    try {
      this.#advance();
    } catch (error) {
      // Whatever is thrown is a finding: neither noise nor a peer may bring an end down.
      this.#violate('throw', String(error instanceof Error ? error.stack : error));
    }
    if (this.#oracle.wraps > 0) this.#count('wrapped');
    const { steps: events, nowUs: endUs } = this.#kernel;
    const coverage = Object.fromEntries([...this.#coverage].sort(([a], [b]) => (a < b ? -1 : 1)));
    return { violations: this.#violations, traceHash: this.#hash.digest('hex'), events, endUs, coverage };
  }

  /** Lets time pass until all is delivered and quiet, or something is wrong. */
  #advance(): void {
    let doneUs: number | undefined;
    while (this.#violations.length === 0) {
      const untilUs = doneUs === undefined ? this.#troubleUs + this.#deliveryUs : doneUs + quietUs;
      if (!this.#kernel.next(untilUs)) break;
      if (!this.#checkProgress()) return;
      if (!this.#done()) doneUs = undefined;
      else doneUs ??= this.#kernel.nowUs;
    }
    if (doneUs !== undefined || this.#violations.length > 0) return;
    this.#violate('delivery', `not all is delivered ${this.#deliveryUs} µs after the last trouble: ${this.#state()}`);
  }

  #done(): boolean {
    if (this.#operationsLeft > 0) return false;
    return ends.every((side) => {
      const end = this.#ends[side];
      return (
        this.#waiting[side].length === 0 &&
        end.settled &&
        end.open &&
        this.#kernel.isOn(side) &&
        this.#oracle.missing(side) === 0
      );
    });
  }

  #state(): string {
    return ends
      .map((side) => {
        const { open, queuedBytes } = this.#ends[side];
        const missing = this.#oracle.missing(side);
        const waiting = this.#waiting[side].length;
        return `${side} ${open ? 'open' : 'not open'}, ${queuedBytes} B queued, ${missing} missing, ${waiting} waiting`;
      })
      .join('; ');
  }

  #endOf(side: End): LinkEnd {
    const { configuration } = this.#plan;
    return new LinkEnd(
      { side, layer: configuration.layer, configuration: configuration[side], sealing: configuration.sealing },
      {
        opened: () => {
          this.#count('opened');
          this.#checkCipher(side);
          this.#oracle.opened(side);
          this.#flush(side);
        },
        closed: () => {
          this.#count('closed');
          this.#oracle.closed(side);
        },
        received: (content, priority) => this.#received(side, content, priority),
        refused: ({ code }) => {
          this.#count(`refused ${code}`);
          if (this.#lineIsGood) this.#violate('refusal', `${side}: ${code} on a good line`);
          this.#oracle.refused(side, code);
        },
        silent: () => {
          const { windowBytes } = configuration[opposite(side)];
          if (this.#ends[side].open && this.#ends[side].queuedBytes > windowBytes) this.#count('window full');
        },
      },
    );
  }

  #lineOf({ configuration, faults }: LinkPlan): SimulatedLine {
    const { baud, latencyUs, deliveryBytesMax } = configuration;
    return this.#kernel.connect(['a', linePort], ['b', linePort], {
      random: new Random('nothing is drawn'),
      latencyUs,
      bitErrorRate: 0,
      dropRate: 0,
      ...(baud === 0 ? {} : { baud }),
      ...(deliveryBytesMax === 0 ? {} : { deliveryBytesMax }),
      around: (wire, direction) => this.#wireOf(wire, direction, faults),
    });
  }

  #wireOf(wire: Wire, direction: Direction, faults: readonly LinkFault[]): Wire {
    const own = faults.filter((each) => each.direction === direction);
    const faulty = new FaultyWire(wire, own.filter(isNoise), {
      disconnect: (atUs, forUs) => this.#disconnect(atUs, forUs),
      applied: (fault) => {
        if (opening.carriesOpen) this.#oracle.openHit();
        this.#applied(fault);
      },
    });
    const opening = new StaleOpensWire(faulty, own.filter(isStaleOpen), (fault) => this.#applied(fault));
    if (this.#plan.configuration.layer !== 'sealed') return opening;
    const applied = (fault: TamperingFault) => this.#applied(fault);
    return new TamperingWire(opening, { direction, faults: own.filter(isTampering), tape: this.#tape, applied });
  }

  #applied(fault: LinkFault): void {
    const { direction, effect } = fault;
    this.#count(`applied ${effect.kind}`);
    this.#lineIsGood = false;
    this.#trouble(this.#kernel.nowUs + (effect.kind === 'stall' ? effect.us : 0));
    if (effect.kind === 'stall') this.#oracle.stalled(effect.us);
    if (effect.kind === 'insertBytes' && isStrangeFrame(Buffer.from(effect.hex, 'hex')))
      this.#oracle.strangeFrame(senderOf(direction));
    if (effect.kind === 'forge' || isTampering(fault)) this.#oracle.forged(senderOf(direction));
  }

  #disconnect(atUs: number, forUs: number): void {
    const endUs = atUs + forUs;
    this.#downUntilUs = Math.max(this.#downUntilUs, endUs);
    this.#trouble(endUs);
    this.#kernel.at(atUs, () => this.#kernel.cut(this.#line));
    this.#kernel.at(endUs, () => {
      if (this.#kernel.nowUs >= this.#downUntilUs) this.#kernel.restore(this.#line);
    });
  }

  #powerOn(side: End): void {
    this.#powerOns[side] += 1;
    this.#trouble(this.#kernel.nowUs);
    const entropy = new Random(`${this.#plan.seed}/${side}/${this.#powerOns[side]}`).fill(Buffer.alloc(32));
    this.#kernel.powerOn(side, entropy);
  }

  #operate(operation: LinkOperation): void {
    this.#operationsLeft -= 1;
    this.#troubleUs = Math.max(this.#troubleUs, this.#kernel.nowUs);
    const { side } = operation;
    if (operation.kind === 'send') {
      this.#waiting[side].push(operation);
      this.#flush(side);
      this.#kernel.poke(side);
    } else if (this.#kernel.isOn(side)) {
      this.#count(this.#ends[side].queuedBytes > 0 ? 'restart under way' : 'restart');
      this.#lineIsGood = false;
      this.#kernel.powerCut(side);
      this.#oracle.ended(side);
      this.#trouble(this.#kernel.nowUs + operation.offUs);
      this.#kernel.at(this.#kernel.nowUs + operation.offUs, () => this.#powerOn(side));
    }
  }

  #flush(side: End): void {
    const end = this.#ends[side];
    const session = this.#oracle.current(side);
    if (session === undefined || !end.open || !this.#kernel.isOn(side)) return;
    const { layer, ...configuration } = this.#plan.configuration;
    const bytesMax = configuration[opposite(side)].messageBytesMax - envelopeBytes[layer];
    for (const { bytes, priority } of this.#waiting[side].splice(0)) {
      const named = layer !== 'link' || session.sent[priority].length === 0;
      const content = this.#oracle.send(
        side,
        priority,
        Math.min(bytesMax, Math.max(bytes, named ? parcelHeaderBytes : 0)),
      );
      end.send(content, priority, this.#kernel.nowUs);
    }
  }

  /** Nobody has talked the ends out of the better cipher. */
  #checkCipher(side: End): void {
    const { layer, sealing } = this.#plan.configuration;
    if (layer !== 'sealed') return;
    const best = ciphers.find((each) => sealing.a.includes(each) && sealing.b.includes(each));
    const { cipher } = this.#ends[side];
    // It may have ended again with the frame that opened it.
    if (cipher === undefined) return;
    this.#count(`sealed with ${cipher}`);
    if (cipher !== best) this.#violate('downgrade', `${side} seals with ${cipher}, both take ${best}`);
  }

  #sent(side: End, frame: Uint8Array): void {
    this.#note(side, frame);
    this.#checkTraffic(frame.length);
    this.#eavesdropper.hear(side, frame);
  }

  #received(side: End, content: Uint8Array, priority: Priority | undefined): void {
    this.#count('delivered');
    this.#note(side, content);
    this.#oracle.received(side, content, priority);
  }

  /** Things may happen at one time, but not for ever, least of all without a frame: false when they do. */
  #checkProgress(): boolean {
    const { nowUs } = this.#kernel;
    if (nowUs !== this.#eventsAtUs) {
      this.#eventsAtOnce = 0;
      this.#framesAtOnce = 0;
    }
    this.#eventsAtUs = nowUs;
    this.#eventsAtOnce += 1;
    if (this.#framesAtOnce > framesAtOnceMax) return false;
    const eventsMax = 1000 + this.#plan.operations.length;
    if (this.#eventsAtOnce <= eventsMax) return true;
    this.#violate('livelock', `${eventsMax} events at one time without a frame`);
    return false;
  }

  #checkTraffic(bytes: number): void {
    this.#eventsAtOnce = 0;
    this.#framesAtOnce += 1;
    this.#bytes += bytes;
    const bytesMax = this.#bytesPlanned + this.#troubles * this.#bytesPerTrouble + this.#kernel.nowUs / idleUsPerByte;
    if (this.#bytes > bytesMax || this.#framesAtOnce > framesAtOnceMax)
      this.#violate('traffic', `${this.#bytes} bytes on the line, ${this.#troubles} troubles`);
  }

  /** What must hold whenever an end has taken an event. */
  #checkEnd(side: End): void {
    this.#checkMemory(side);
    if (this.#ends[side].settled && this.#oracle.missing(side) > 0) {
      this.#violate('loss', `${side} has nothing queued, and the other end misses ${this.#oracle.missing(side)}`);
    }
  }

  /** A link holds no more than its windows and a message in each queue (PROTOCOL.md, "Windows"). Counted now and then. */
  #checkMemory(side: End): void {
    this.#steps += 1;
    if (this.#steps % stepsPerCount !== 0) return;
    const { windowBytes, messageBytesMax } = this.#plan.configuration[side];
    const held = this.#ends[side].heldBytes;
    if (held > 3 * (windowBytes + messageBytesMax)) this.#violate('memory', `${side} holds ${held} bytes`);
  }

  #note(side: End, bytes: Uint8Array): void {
    this.#stamp.writeDoubleLE(this.#kernel.nowUs, 0);
    this.#stamp[8] = side === 'a' ? 0 : 1;
    this.#hash.update(this.#stamp).update(bytes);
  }

  #trouble(untilUs: number): void {
    this.#troubles += 1;
    this.#troubleUs = Math.max(this.#troubleUs, untilUs);
  }

  #count(what: string): void {
    this.#coverage.set(what, (this.#coverage.get(what) ?? 0) + 1);
  }

  #violate(check: string, detail: string): void {
    if (this.#checks(check)) this.#violations.push({ check, detail, atUs: this.#kernel.nowUs });
  }
}

type SendOperation = Extract<LinkOperation, { kind: 'send' }>;

function isNoise(fault: LinkFault): fault is LinkFault & FrameFault {
  return !isTampering(fault) && !isStaleOpen(fault);
}
