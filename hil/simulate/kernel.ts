/**
 * Virtual time: one process, one heap of events, the same step machines as on real lines. Nothing here waits; a second
 * of a slow line passes as fast as its events can be computed, and the same inputs give the same order of events.
 */
import type { Device, DeviceEffect, DeviceEvent, DiskName, PortName } from '../../protocol/device.js';
import { Deframer } from '../../protocol/frame/deframer.js';
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';
import type { Random } from '../random.js';
import { EventHeap } from './event-heap.js';
import { type Delivery, type LineCounts, LineModel, type LineModelOptions } from './line-model.js';

/** Notes that are kept, and half as many at times. */
const notesMax = 2000;

/** What a device said beside its work: for reports and tests. */
export interface DeviceNote {
  readonly atUs: number;
  readonly device: string;
  readonly effect: Extract<DeviceEffect, { kind: 'log' | 'mark' | 'halted' | 'closed' }>;
}

/** Does something after so many microseconds of virtual time. */
export type Schedule = (delayUs: number, action: () => void) => void;

/** A disk in virtual time. */
export interface KernelDisk {
  readonly sectors: number;
  /** Begins a command; `done` is called once, from an action that was scheduled. */
  begin(command: MediumCommand, schedule: Schedule, done: (completion: Completion) => void): void;
  powerCut(): void;
}

/** One direction of a line: when it is free, and what of a frame arrives when. */
export interface Wire {
  readonly freeAtUs: number;
  readonly counts: LineCounts;
  carry(bytes: Uint8Array, nowUs: number): readonly Delivery[];
}

/** Sees all that passes, in order; may cut power and lines, which ends the step it sees there and then. */
export interface KernelWatcher {
  /** A device is about to take an event. */
  stepping?(device: string, event: DeviceEvent): void;
  /** It has taken the event, and everything that it asked for has begun. */
  stepped?(device: string, event: DeviceEvent): void;
  /** A command for a disk has begun. */
  commanded?(device: string, disk: DiskName, command: MediumCommand): void;
  /** A frame has been put on the line. */
  sent?(device: string, port: PortName, frame: Uint8Array): void;
}

interface Powered {
  readonly name: string;
  readonly device: Device;
  readonly disks: Map<DiskName, KernelDisk>;
  readonly ends: End[];
  on: boolean;
  /** Raised at each power on: events of an earlier life are dropped. */
  life: number;
  timerAtUs: number | undefined;
  /** Takes no event before this; those that come meanwhile wait here, in order. */
  pausedUntilUs: number;
  backlog: DeviceEvent[];
}

interface End {
  readonly powered: Powered;
  readonly port: PortName;
  readonly wire: Wire;
  readonly deframer: Deframer;
  other: End | undefined;
  line: SimulatedLine | undefined;
  /** A look for the next frame is on the heap. */
  asked: boolean;
  readonly look: Action;
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
  /** Puts something around the wire of a direction: `there` from the first device to the second, or `back`. */
  readonly around?: (wire: Wire, direction: 'there' | 'back') => Wire;
}

/** A line that takes no time and loses nothing. */
export const idealLine = { latencyUs: 0, bitErrorRate: 0, dropRate: 0 };

type Action = () => unknown;

export class Kernel {
  /** The newest ones: a bench may run for months. */
  readonly notes: DeviceNote[] = [];
  /** Called for each note as it comes. */
  onNote: (note: DeviceNote) => void = () => {};
  watcher: KernelWatcher = {};
  readonly #heap = new EventHeap<Action>();
  readonly #devices = new Map<string, Powered>();
  readonly #lines: SimulatedLine[] = [];
  #nowUs = 0;
  #steps = 0;
  #deviceSteps = 0;

  get nowUs(): number {
    return this.#nowUs;
  }

  /** Events carried out so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Events that devices have taken. */
  get deviceSteps(): number {
    return this.#deviceSteps;
  }

  add(name: string, device: Device, disks: ReadonlyMap<DiskName, KernelDisk> = new Map()): void {
    this.#devices.set(name, {
      name,
      device,
      disks: new Map(disks),
      ends: [],
      on: false,
      life: 0,
      timerAtUs: undefined,
      pausedUntilUs: 0,
      backlog: [],
    });
  }

  /** Joins two ports. The line is up from the start; devices hear of it when they are on. */
  connect(
    a: readonly [string, PortName],
    b: readonly [string, PortName],
    specification: LineSpecification,
  ): SimulatedLine {
    const { random, around = (wire: Wire) => wire, ...options } = specification;
    const end = ([name, port]: readonly [string, PortName], direction: 'there' | 'back'): End => {
      const made: End = {
        powered: this.#powered(name),
        port,
        wire: around(new LineModel(options, random.fork(direction)), direction),
        deframer: new Deframer(),
        other: undefined,
        line: undefined,
        asked: false,
        look: () => {
          made.asked = false;
          this.#send(made);
        },
      };
      return made;
    };
    const ends = [end(a, 'there'), end(b, 'back')] as const;
    const line: SimulatedLine = { up: true, life: 0, ends, counts: () => [ends[0].wire.counts, ends[1].wire.counts] };
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
    powered.backlog = [];
    powered.pausedUntilUs = 0;
    const capacities = new Map([...powered.disks].map(([disk, { sectors }]) => [disk, sectors]));
    this.#step(powered, { kind: 'powerOn', entropy, capacities });
    const { life } = powered;
    for (const end of powered.ends) {
      if (powered.life !== life) return;
      end.deframer.reset();
      if (end.line?.up === true) this.#step(powered, { kind: 'line', port: end.port, up: true });
    }
  }

  /** The power of a device and its disks goes: state, caches and what is on its way are lost. */
  powerCut(name: string): void {
    this.switchOff(name);
    for (const disk of this.#powered(name).disks.values()) disk.powerCut();
  }

  /** A device alone loses its power; its disks go on, and nobody hears how their commands end. */
  switchOff(name: string): void {
    const powered = this.#powered(name);
    powered.on = false;
    powered.life += 1;
    for (const end of powered.ends) end.deframer.reset();
  }

  isOn(name: string): boolean {
    return this.#powered(name).on;
  }

  /** A controller that has come back is given other disks. */
  replaceDisks(name: string, disks: ReadonlyMap<DiskName, KernelDisk>): void {
    const powered = this.#powered(name);
    powered.disks.clear();
    for (const [disk, each] of disks) powered.disks.set(disk, each);
  }

  /** The device takes no event for so long; those that come meanwhile wait. */
  pause(name: string, us: number): void {
    const powered = this.#powered(name);
    if (!powered.on) return;
    powered.pausedUntilUs = Math.max(powered.pausedUntilUs, this.#nowUs + us);
    const { life } = powered;
    this.at(powered.pausedUntilUs, () => {
      if (powered.life === life && powered.on) this.#resume(powered);
    });
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
    if (powered.backlog.length > 0 || powered.pausedUntilUs > this.#nowUs) powered.backlog.push(event);
    else this.#take(powered, event);
  }

  #take(powered: Powered, event: DeviceEvent): void {
    const { life, name } = powered;
    this.#deviceSteps += 1;
    this.watcher.stepping?.(name, event);
    for (const effect of powered.device.step(event, this.#nowUs)) {
      this.#carryOut(powered, effect);
      if (powered.life !== life) return;
    }
    this.#after(powered);
    this.watcher.stepped?.(name, event);
  }

  #resume(powered: Powered): void {
    if (powered.pausedUntilUs > this.#nowUs) return;
    const { life } = powered;
    for (let event = powered.backlog.shift(); event !== undefined; event = powered.backlog.shift()) {
      this.#take(powered, event);
      if (powered.life !== life || powered.pausedUntilUs > this.#nowUs) return;
    }
    this.#after(powered);
  }

  #carryOut(powered: Powered, effect: DeviceEffect): void {
    if (effect.kind !== 'disk') {
      const note = { atUs: this.#nowUs, device: powered.name, effect };
      this.notes.push(note);
      if (this.notes.length > notesMax) this.notes.splice(0, notesMax / 2);
      this.onNote(note);
      return;
    }
    const { life } = powered;
    const { tag, command } = effect;
    const disk = powered.disks.get(effect.disk);
    if (disk === undefined) throw new Error(`invariant broken: ${powered.name} has no disk ${effect.disk}`);
    const schedule: Schedule = (delayUs, action) => {
      this.at(this.#nowUs + delayUs, () => {
        if (powered.on && powered.life === life) action();
      });
    };
    disk.begin(command, schedule, (completion) => this.#step(powered, { kind: 'disk', tag, completion }));
    this.watcher.commanded?.(powered.name, effect.disk, command);
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
      if (powered.pausedUntilUs > this.#nowUs) return;
      const due = powered.device.deadline();
      if (due !== undefined && due <= this.#nowUs) this.#step(powered, { kind: 'timer' });
      else this.#after(powered);
    });
  }

  /** Asks for the next frame when the wire is free, so that priorities are decided as late as possible. */
  #ask(end: End): void {
    if (end.asked || !end.powered.on || end.line?.up !== true) return;
    end.asked = true;
    this.at(end.wire.freeAtUs, end.look);
  }

  #send(end: End): void {
    const { line, other, powered } = end;
    if (line === undefined || other === undefined || !line.up || !powered.on) return;
    if (powered.pausedUntilUs > this.#nowUs) return;
    const frame = powered.device.transmit(end.port, this.#nowUs);
    if (frame === undefined) return;
    const { life } = line;
    const { life: senderLife } = powered;
    for (const { atUs, bytes } of end.wire.carry(frame, this.#nowUs)) {
      this.at(atUs, () => {
        if (line.life === life && other.powered.on) this.#arrive(other, bytes);
      });
    }
    this.watcher.sent?.(powered.name, end.port, frame);
    if (powered.life === senderLife) this.#after(powered);
  }

  #arrive(end: End, bytes: Uint8Array): void {
    const { life } = end.powered;
    for (const found of end.deframer.push(bytes)) {
      if (end.powered.life !== life) return;
      if (found.kind === 'frame') this.#step(end.powered, { kind: 'frame', port: end.port, bytes: found.encoded });
    }
  }
}
