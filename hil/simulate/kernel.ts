/**
 * Virtual time: one process, one heap of events, the same step machines as on real lines. Nothing here waits; a second
 * of a slow line passes as fast as its events can be computed, and the same inputs give the same order of events.
 */
import type { Device, DeviceEffect, DeviceEvent, DiskName, PortName } from '../../protocol/device.js';
import { Deframer } from '../../protocol/frame/deframer.js';
import type { Completion } from '../../protocol/scsi/commands.js';
import type { Random } from '../random.js';
import { EventHeap } from './event-heap.js';
import { type LineCounts, LineModel, type LineModelOptions } from './line-model.js';
import type { SimulatedDisk } from './simulated-disk.js';

/** What a device said beside its work: for reports and tests. */
export interface DeviceNote {
  readonly atUs: number;
  readonly device: string;
  readonly effect: Extract<DeviceEffect, { kind: 'log' | 'mark' | 'halted' | 'closed' }>;
}

interface Powered {
  readonly name: string;
  readonly device: Device;
  readonly disks: Map<DiskName, SimulatedDisk>;
  readonly ends: End[];
  on: boolean;
  /** Raised at each power on: events of an earlier life are dropped. */
  life: number;
  timerAtUs: number | undefined;
}

interface End {
  readonly powered: Powered;
  readonly port: PortName;
  readonly model: LineModel;
  readonly deframer: Deframer;
  other: End | undefined;
  line: SimulatedLine | undefined;
  /** A look for the next frame is on the heap. */
  asked: boolean;
}

/** A line between two devices in virtual time. */
export interface SimulatedLine {
  up: boolean;
  /** Raised at each cut: bytes on their way are lost with it. */
  life: number;
  readonly ends: readonly [End, End];
  /** What each direction carried: from the first device to the second, and back. */
  counts(): readonly [LineCounts, LineCounts];
}

export interface LineSpecification extends LineModelOptions {
  readonly random: Random;
}

/** A line that takes no time and loses nothing. */
export const idealLine = { latencyUs: 0, bitErrorRate: 0, dropRate: 0 };

type Action = () => unknown;

export class Kernel {
  readonly notes: DeviceNote[] = [];
  /** Called for each note as it comes. */
  onNote: (note: DeviceNote) => void = () => {};
  readonly #heap = new EventHeap<Action>();
  readonly #devices = new Map<string, Powered>();
  readonly #lines: SimulatedLine[] = [];
  #nowUs = 0;
  #steps = 0;

  get nowUs(): number {
    return this.#nowUs;
  }

  /** Events carried out so far. */
  get steps(): number {
    return this.#steps;
  }

  add(name: string, device: Device, disks: ReadonlyMap<DiskName, SimulatedDisk> = new Map()): void {
    this.#devices.set(name, {
      name,
      device,
      disks: new Map(disks),
      ends: [],
      on: false,
      life: 0,
      timerAtUs: undefined,
    });
  }

  /** Joins two ports. The line is up from the start; devices hear of it when they are on. */
  connect(
    a: readonly [string, PortName],
    b: readonly [string, PortName],
    specification: LineSpecification,
  ): SimulatedLine {
    const { random, ...options } = specification;
    const end = ([name, port]: readonly [string, PortName], direction: string): End => ({
      powered: this.#powered(name),
      port,
      model: new LineModel(options, random.fork(direction)),
      deframer: new Deframer(),
      other: undefined,
      line: undefined,
      asked: false,
    });
    const ends = [end(a, 'there'), end(b, 'back')] as const;
    const line: SimulatedLine = { up: true, life: 0, ends, counts: () => [ends[0].model.counts, ends[1].model.counts] };
    ends[0].other = ends[1];
    ends[1].other = ends[0];
    for (const each of ends) {
      each.line = line;
      each.powered.ends.push(each);
    }
    this.#lines.push(line);
    return line;
  }

  powerOn(name: string, entropy: Uint8Array): void {
    const powered = this.#powered(name);
    powered.on = true;
    powered.life += 1;
    const capacities = new Map([...powered.disks].map(([disk, { sectors }]) => [disk, sectors]));
    this.#step(powered, { kind: 'powerOn', entropy, capacities });
    for (const end of powered.ends) {
      end.deframer.reset();
      if (end.line?.up === true) this.#step(powered, { kind: 'line', port: end.port, up: true });
    }
  }

  /** The power of a device and its disks goes: state, caches and what is on its way are lost. */
  powerCut(name: string): void {
    const powered = this.#powered(name);
    powered.on = false;
    powered.life += 1;
    for (const disk of powered.disks.values()) disk.powerCut();
    for (const end of powered.ends) end.deframer.reset();
  }

  cut(line: SimulatedLine): void {
    this.#setLine(line, false);
  }

  restore(line: SimulatedLine): void {
    this.#setLine(line, true);
  }

  /** Something outside gave a device work, such as a host that submitted a command: asks it for frames. */
  poke(name: string): void {
    this.#after(this.#powered(name));
  }

  /** Carries out the next event; false when there is none, or none before `untilUs`. */
  next(untilUs = Number.MAX_SAFE_INTEGER): boolean {
    const atUs = this.#heap.nextAtUs;
    if (atUs === undefined || atUs > untilUs) return false;
    this.#nowUs = Math.max(this.#nowUs, atUs);
    this.#steps += 1;
    this.#heap.pop()?.();
    return true;
  }

  /** Lets time pass up to `untilUs`. */
  advance(untilUs: number): void {
    while (this.next(untilUs));
    this.#nowUs = Math.max(this.#nowUs, untilUs);
  }

  /** Does something at a time to come. */
  at(atUs: number, action: Action): void {
    this.#heap.push(Math.max(atUs, this.#nowUs), action);
  }

  /** Whether nothing is left to happen, timers included. */
  get idle(): boolean {
    return this.#heap.size === 0;
  }

  #powered(name: string): Powered {
    const powered = this.#devices.get(name);
    if (powered === undefined) throw new Error(`invariant broken: no device is called ${name}`);
    return powered;
  }

  #setLine(line: SimulatedLine, up: boolean): void {
    if (line.up === up) return;
    line.up = up;
    line.life += 1;
    for (const { powered, port, deframer } of line.ends) {
      deframer.reset();
      if (powered.on) this.#step(powered, { kind: 'line', port, up });
    }
  }

  #step(powered: Powered, event: DeviceEvent): void {
    for (const effect of powered.device.step(event, this.#nowUs)) this.#carryOut(powered, effect);
    this.#after(powered);
  }

  #carryOut(powered: Powered, effect: DeviceEffect): void {
    if (effect.kind !== 'disk') {
      const note = { atUs: this.#nowUs, device: powered.name, effect };
      this.notes.push(note);
      this.onNote(note);
      return;
    }
    const { life } = powered;
    const { tag } = effect;
    const disk = powered.disks.get(effect.disk);
    if (disk === undefined) throw new Error(`invariant broken: ${powered.name} has no disk ${effect.disk}`);
    const { command } = effect;
    const endUs = this.#nowUs + disk.delayUs(command);
    const alive = () => powered.on && powered.life === life;
    const ended = (completion: Completion) => this.#step(powered, { kind: 'disk', tag, completion });
    if (disk.lateEffect) this.at(endUs, () => alive() && disk.submit(command, ended));
    else disk.submit(command, (completion) => this.at(endUs, () => alive() && ended(completion)));
  }

  #after(powered: Powered): void {
    for (const end of powered.ends) this.#ask(end);
    const deadlineUs = powered.device.deadline();
    if (deadlineUs === undefined || deadlineUs === powered.timerAtUs) return;
    powered.timerAtUs = deadlineUs;
    const { life } = powered;
    this.at(deadlineUs, () => {
      if (powered.timerAtUs === deadlineUs) powered.timerAtUs = undefined;
      if (!powered.on || powered.life !== life) return;
      const due = powered.device.deadline();
      if (due !== undefined && due <= this.#nowUs) this.#step(powered, { kind: 'timer' });
      else this.#after(powered);
    });
  }

  /** Asks for the next frame when the wire is free, so that priorities are decided as late as possible. */
  #ask(end: End): void {
    if (end.asked || !end.powered.on || end.line?.up !== true) return;
    end.asked = true;
    this.at(Math.max(this.#nowUs, end.model.freeAtUs), () => {
      end.asked = false;
      this.#send(end);
    });
  }

  #send(end: End): void {
    const { line, other, powered } = end;
    if (line === undefined || other === undefined || !line.up || !powered.on) return;
    const frame = powered.device.transmit(end.port, this.#nowUs);
    if (frame === undefined) return;
    const { life } = line;
    for (const { atUs, bytes } of end.model.carry(frame, this.#nowUs)) {
      this.at(atUs, () => {
        if (line.life === life && other.powered.on) this.#arrive(other, bytes);
      });
    }
    this.#after(powered);
  }

  #arrive(end: End, bytes: Uint8Array): void {
    for (const found of end.deframer.push(bytes)) {
      if (found.kind === 'frame') this.#step(end.powered, { kind: 'frame', port: end.port, bytes: found.encoded });
    }
  }
}
