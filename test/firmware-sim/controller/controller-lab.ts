/** The least that can be a controller, over a meta disk in memory, with peers that a test speaks for. */
import { Controller, type ControllerOptions, metaBytesMin } from '../../../firmware-sim/controller/controller.js';
import { mainRecordCodec } from '../../../firmware-sim/main/main-records.js';
import type { Operation } from '../../../firmware-sim/storage/operation.js';
import { SimulatedDisk } from '../../../hil/simulate/simulated-disk.js';
import type { DeviceEffect, DeviceEvent, DiskName, PortName } from '../../../protocol/device.js';
import { generation } from '../../../protocol/ids.js';
import type { MessageCodec } from '../../../protocol/message/message.js';
import { encodeMessage, type Message } from '../../../protocol/message/messages.js';
import type { Refusal, RefusalCode } from '../../../protocol/refusals.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';
import { HandMadePeer } from '../../protocol/session/hand-made-peer.js';

/** The only record that these controllers keep: a number. */
export interface NumberRecord {
  readonly kind: 'structured';
  readonly generation: ReturnType<typeof generation>;
}
export const numbered = (number: number): NumberRecord => ({ kind: 'structured', generation: generation(number) });

export class ProbeController extends Controller<NumberRecord> {
  numbers: number[] = [];
  readonly happened: string[] = [];
  worked = 0;
  snapshots = 0;
  deadlineUs: number | undefined;
  /** What `recovered` does; by default a fresh controller formats, and then runs. */
  begin = (fresh: boolean) => {
    if (fresh) this.format([numbered(1)], this.entropy.subarray(0, 16), () => this.run());
    else this.run();
  };

  constructor(options: Partial<ControllerOptions> = {}, codec: MessageCodec = mainRecordCodec) {
    super({ role: 'main', host: {}, remote: {}, ...options }, codec);
  }

  get phase(): string {
    return this.power;
  }

  refuseWith(code: RefusalCode): void {
    this.refuse('host', 7, code, 'because');
  }

  refuseAsTold(): void {
    this.refuseFor(8, 'why it halted', 'not this');
    this.refuseFor(9, 'pair-healthy', 'this');
  }

  haltWith(refusal: Refusal): void {
    this.halt(refusal);
  }

  runNow(): void {
    this.run();
  }

  protected recordCheck(): (record: NumberRecord) => Refusal | undefined {
    return ({ generation: number }) => (number === 666 ? { code: 'volume-mismatch', detail: 'told so' } : undefined);
  }

  protected apply(record: NumberRecord): void {
    this.numbers.push(record.generation);
  }

  protected *snapshot(): Generator<NumberRecord> {
    this.snapshots += 1;
    const last = this.numbers.at(-1);
    if (last !== undefined) yield numbered(last);
  }

  protected forget(): void {
    this.numbers = [];
    this.happened.push('forgot');
  }

  protected recovered(fresh: boolean): void {
    this.begin(fresh);
  }

  protected opened(port: PortName): void {
    this.happened.push(`opened ${port}`);
  }

  protected closed(port: PortName): void {
    this.happened.push(`closed ${port}`);
  }

  protected message(port: PortName, message: Message): void {
    this.happened.push(`${port}: ${message.kind}`);
  }

  protected work(): void {
    this.worked += 1;
  }

  protected ownInHand(): string[] {
    return ['probing'];
  }

  protected ownDeadline(): number | undefined {
    if (this.power !== 'running') throw new Error('asked for a deadline while it does not run');
    return this.deadlineUs;
  }
}

export class ControllerLab {
  readonly controller: ProbeController;
  readonly meta: SimulatedDisk;
  readonly effects: DeviceEffect[] = [];
  readonly peers = new Map<PortName, HandMadePeer>();
  /** Commands that wait because the test holds the disk. */
  readonly held: Extract<DeviceEffect, { kind: 'disk' }>[] = [];
  holding = false;
  failing: ((command: MediumCommand) => Completion | undefined) | undefined;
  nowUs = 1000;

  constructor(controller: ProbeController, meta = new SimulatedDisk(metaBytesMin)) {
    this.controller = controller;
    this.meta = meta;
  }

  powerOn(sectors = this.meta.sectors): this {
    const capacities = new Map<DiskName, number>([['meta', sectors]]);
    return this.step({ kind: 'powerOn', entropy: Buffer.alloc(32, 5), capacities });
  }

  /** Takes an event, and carries out what follows from it. */
  step(event: DeviceEvent): this {
    const effects = [...this.controller.step(event, this.nowUs)];
    for (let effect = effects.shift(); effect !== undefined; effect = effects.shift()) {
      if (effect.kind !== 'disk') this.effects.push(effect);
      else if (this.holding) this.held.push(effect);
      else effects.push(...this.#carriedOut(effect));
    }
    return this;
  }

  /** Carries out what was held. */
  release(): this {
    this.holding = false;
    for (let next = this.held.shift(); next !== undefined; next = this.held.shift()) {
      for (const effect of this.#carriedOut(next)) {
        if (effect.kind === 'disk') this.held.push(effect);
        else this.effects.push(effect);
      }
    }
    return this;
  }

  /** Puts a peer at a port, and lets both say what they have to say. */
  connect(port: 'host' | 'remote'): HandMadePeer {
    const peer = new HandMadePeer({ role: port === 'host' ? 'host' : 'sub' });
    this.peers.set(port, peer);
    this.step({ kind: 'line', port, up: true });
    peer.lineUp(this.nowUs);
    this.exchange();
    return peer;
  }

  say(port: 'host' | 'remote', message: Message): void {
    this.peers.get(port)?.say(encodeMessage(message));
    this.exchange();
  }

  /** Lets frames pass, and a tenth of a second with them. */
  exchange(): void {
    for (const untilUs = this.nowUs + 100_000; this.nowUs < untilUs; this.nowUs += 1000) {
      while (this.#pass());
      this.step({ kind: 'timer' });
      for (const peer of this.peers.values()) peer.tick(this.nowUs);
    }
  }

  /** Lets each send a frame; false when nobody has any. */
  #pass(): boolean {
    let passed = false;
    for (const [port, peer] of this.peers) {
      const from = this.controller.transmit(port, this.nowUs);
      if (from !== undefined) peer.receiveFrame(from.subarray(0, -1), this.nowUs);
      const to = peer.transmit(this.nowUs);
      if (to !== undefined) this.step({ kind: 'frame', port, bytes: to.subarray(0, -1) });
      passed ||= from !== undefined || to !== undefined;
    }
    return passed;
  }

  marks(name: string): Readonly<Record<string, number | string>>[] {
    return this.effects.flatMap((effect) => (effect.kind === 'mark' && effect.name === name ? [effect.values] : []));
  }

  count(kind: DeviceEffect['kind']): number {
    return this.effects.filter((effect) => effect.kind === kind).length;
  }

  /** Why it halted: the effect's refusal. */
  get halted(): Refusal | undefined {
    return this.effects.flatMap((effect) => (effect.kind === 'halted' ? [effect.refusal] : [])).at(-1);
  }

  #carriedOut({ tag, command }: Extract<DeviceEffect, { kind: 'disk' }>): readonly DeviceEffect[] {
    let effects: readonly DeviceEffect[] = [];
    const end = (completion: Completion) => {
      effects = this.controller.step({ kind: 'disk', tag, completion }, this.nowUs);
    };
    const failure = this.failing?.(command);
    if (failure === undefined) this.meta.submit(command, end);
    else end(failure);
    return effects;
  }
}

export function recordOf(lab: ControllerLab, number: number, operation?: Operation): void {
  lab.controller.record(numbered(number), operation);
  lab.step({ kind: 'timer' });
}
