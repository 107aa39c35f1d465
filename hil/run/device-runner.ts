/**
 * Runs one device in real time: events from its lines, its disks and its clock go in, in order; its effects are
 * carried out, in order; frames go out whenever a line can take one.
 *
 * All that is waiting is worked through in one turn of the event loop, but never for longer than a few milliseconds,
 * so that lines and files are served meanwhile.
 */
import { randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import type { Device, DeviceEffect, DeviceEvent, DiskName, PortName } from '../../protocol/device.js';
import { assert, unreachable } from '../../protocol/ids.js';
import type { Refusal } from '../../protocol/refusals.js';
import { nowUs } from './clock.js';
import type { DiskPort } from './disks/disk-port.js';
import type { Line } from './lines/line.js';
import { type Carried, RunnerPort } from './runner-port.js';

export type RunnerEvents = {
  /** Something that a person should see. */
  log: [level: 'info' | 'warning' | 'error', text: string];
  /** A named step of the device's work, and when. */
  mark: [name: string, values: Readonly<Record<string, number | string>>, atUs: number];
  /** The device cannot work with what it found on its disks. */
  halted: [refusal: Refusal];
  /** Nothing is on its way to the disks any more; answers `stop`. */
  closed: [];
};

export interface DeviceRunnerOptions {
  readonly device: Device;
  readonly lines: ReadonlyMap<PortName, Line>;
  readonly disks?: ReadonlyMap<DiskName, DiskPort>;
  /** Boot entropy, 32 bytes; fresh random bytes unless given. */
  readonly entropy?: Uint8Array;
  /** Sees every frame as it is on the line, without its delimiter: for captures. */
  readonly onFrame?: (frame: Carried) => void;
}

/** The longest time that one turn works before lines and files are served, in microseconds. */
const turnUsMax = 5_000;
/** How long `stop` waits for disks that do not answer, in milliseconds. */
const stopMsMax = 5_000;
/** Longest delay of a timer of Node, in milliseconds. */
const timerMsMax = 2 ** 31 - 1;

export class DeviceRunner extends EventEmitter<RunnerEvents> {
  readonly #device: Device;
  readonly #disks: ReadonlyMap<DiskName, DiskPort>;
  readonly #entropy: Uint8Array;
  readonly #ports: readonly RunnerPort[];
  #power: 'off' | 'on' | 'cut' = 'off';
  #events: DeviceEvent[] = [];
  #next = 0;
  #scheduled = false;
  #timer: NodeJS.Timeout | undefined;
  #timerAtUs = Number.POSITIVE_INFINITY;
  #stopping: Promise<void> | undefined;

  constructor({ device, lines, disks, entropy, onFrame }: DeviceRunnerOptions) {
    super();
    this.#device = device;
    this.#disks = disks ?? new Map();
    this.#entropy = entropy ?? randomBytes(32);
    const offer = { push: (event: DeviceEvent) => this.#push(event), wake: () => this.wake(), onFrame };
    this.#ports = [...lines].map(([name, line]) => new RunnerPort(name, line, offer));
  }

  /** Power on, with the lines that are open already. To be called once, in the turn in which the lines were made. */
  start(): void {
    assert(this.#power === 'off', 'a runner is started once');
    this.#power = 'on';
    const capacities = new Map([...this.#disks].map(([name, { sectors }]) => [name, sectors]));
    this.#push({ kind: 'powerOn', entropy: this.#entropy, capacities });
    for (const port of this.#ports) port.attach();
  }

  /** Asks the device for frames and its deadline soon: something was given to it from outside. */
  wake(): void {
    if (this.#scheduled || this.#power !== 'on') return;
    this.#scheduled = true;
    setImmediate(this.#turn);
  }

  /** Lets the device finish what is on its way to its disks, then closes lines and disks. May be called again. */
  stop(): Promise<void> {
    this.#stopping ??= this.#shutDown();
    return this.#stopping;
  }

  /** Power off, now: nothing is finished. Lines stay open and disks as they are, for another runner. */
  cutPower(): void {
    this.#power = 'cut';
    clearTimeout(this.#timer);
    this.#events = [];
    this.#next = 0;
    for (const port of this.#ports) port.detach();
  }

  async #shutDown(): Promise<void> {
    if (this.#power === 'on') {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, stopMsMax);
        this.once('closed', () => {
          clearTimeout(timer);
          resolve();
        });
        this.#push({ kind: 'shutdown' });
      });
    }
    this.cutPower();
    await Promise.all(this.#ports.map(({ line }) => line.close()));
    await Promise.all([...this.#disks.values()].map((disk) => disk.close()));
  }

  #push(event: DeviceEvent): void {
    if (this.#power !== 'on') return;
    this.#events.push(event);
    this.wake();
  }

  readonly #turn = (): void => {
    this.#scheduled = false;
    if (this.#power !== 'on') return;
    const startUs = nowUs();
    for (let atUs = startUs; this.#next < this.#events.length && atUs < startUs + turnUsMax; atUs = nowUs()) {
      const event = this.#events[this.#next];
      this.#next += 1;
      if (event !== undefined) this.#step(event, atUs);
      if (this.#power !== 'on') return;
    }
    // What has been taken goes, with the data that it carries, also while disks that answer at once let more follow for long.
    this.#events.splice(0, this.#next);
    this.#next = 0;
    if (this.#events.length > 0) this.wake();
    for (const port of this.#ports) port.send(this.#device, startUs + 2 * turnUsMax);
    this.#setTimer();
  };

  #step(event: DeviceEvent, atUs: number): void {
    if (event.kind === 'line') this.#ports.find(({ name }) => name === event.port)?.told(event.up);
    for (const effect of this.#device.step(event, atUs)) this.#carryOut(effect, atUs);
  }

  #carryOut(effect: DeviceEffect, atUs: number): void {
    switch (effect.kind) {
      case 'disk': {
        const disk = this.#disks.get(effect.disk);
        assert(disk !== undefined, `there is a disk ${effect.disk}`);
        disk.submit(effect.command, (completion) => this.#push({ kind: 'disk', tag: effect.tag, completion }));
        break;
      }
      case 'log':
        this.emit('log', effect.level, effect.text);
        break;
      case 'mark':
        this.emit('mark', effect.name, effect.values, atUs);
        break;
      case 'halted':
        this.emit('halted', effect.refusal);
        break;
      case 'closed':
        this.emit('closed');
        break;
      default:
        unreachable(effect);
    }
  }

  /** One timer for the deadline; one that is set for an earlier time looks again then. */
  #setTimer(): void {
    const deadlineUs = this.#device.deadline();
    if (deadlineUs === undefined || deadlineUs >= this.#timerAtUs) return;
    clearTimeout(this.#timer);
    this.#timerAtUs = deadlineUs;
    const ms = Math.ceil((deadlineUs - nowUs()) / 1000);
    this.#timer = setTimeout(this.#expire, Math.min(timerMsMax, Math.max(1, ms)));
  }

  readonly #expire = (): void => {
    this.#timer = undefined;
    this.#timerAtUs = Number.POSITIVE_INFINITY;
    const deadlineUs = this.#device.deadline();
    if (deadlineUs !== undefined && deadlineUs <= nowUs()) this.#push({ kind: 'timer' });
    else this.#setTimer();
  };
}
