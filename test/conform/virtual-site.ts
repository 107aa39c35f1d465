/**
 * Devices in virtual time, wired to each other, with a wire of the suite at one of them: what takes minutes on a line
 * takes a moment here.
 */
import { Drain, type Wire, type WireListener } from '../../hil/conform/wire.js';
import { FrameSplitter } from '../../hil/run/lines/frames.js';
import { EventHeap } from '../../hil/simulate/event-heap.js';
import type { SimulatedDisk } from '../../hil/simulate/simulated-disk.js';
import type { Device, DeviceEvent, DiskName, PortName } from '../../protocol/device.js';
import { encodedFrameBytesMax } from '../../protocol/limits.js';

/** How long bytes travel, in microseconds. */
const latencyUs = 20;

type Receiver = (bytes: Uint8Array) => void;

/** A disk that writes slowly. */
export interface SlowDisk {
  readonly disk: DiskName;
  readonly writeUs: number;
}

interface DeviceParts {
  readonly make: () => Device;
  readonly disks: ReadonlyMap<DiskName, SimulatedDisk>;
  readonly slow: SlowDisk | undefined;
}

interface Port {
  readonly splitter: FrameSplitter;
  /** Who gets what the port sends; undefined while the line is down. */
  to: Receiver | undefined;
  readonly drain: Drain;
}

export class VirtualSite {
  nowUs = 1_000_000;
  /** Somebody outside of the devices was told something, and may want to act on it before anything else happens. */
  hasTold = true;
  readonly #events = new EventHeap<() => void>();
  readonly #devices: VirtualDevice[] = [];

  after(delayUs: number, callback: () => void): () => void {
    let called = callback;
    this.#events.push(this.nowUs + Math.max(0, Math.ceil(delayUs)), () => called());
    return () => {
      called = () => {};
    };
  }

  /** Adds a device, switched on. */
  add(make: () => Device, disks: ReadonlyMap<DiskName, SimulatedDisk>, slow?: SlowDisk): VirtualDevice {
    const device = new VirtualDevice(this, `device ${this.#devices.length + 1}`, { make, disks, slow });
    this.#devices.push(device);
    return device;
  }

  /** Runs until the promise is settled. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let isDone = false;
    const done = promise.finally(() => {
      isDone = true;
    });
    done.catch(() => {});
    for (;;) {
      // All that the last event has led to comes before the next one.
      await new Promise((resolve) => setImmediate(resolve));
      if (isDone) return done;
      this.hasTold = false;
      while (!this.hasTold) this.#next();
    }
  }

  #next(): void {
    const atUs = this.#events.nextAtUs;
    const event = this.#events.pop();
    if (atUs === undefined || event === undefined) throw new Error('nothing is left to happen');
    this.nowUs = Math.max(this.nowUs, atUs);
    event();
    for (const device of this.#devices) device.pump();
  }
}

export class VirtualDevice {
  readonly #site: VirtualSite;
  readonly #name: string;
  readonly #make: () => Device;
  readonly #disks: ReadonlyMap<DiskName, SimulatedDisk>;
  readonly #slow: SlowDisk | undefined;
  readonly #ports = new Map<PortName, Port>();
  #device: Device;
  #boots = 0;
  #deadlineUs: number | undefined;
  #slowFreeUs = 0;

  constructor(site: VirtualSite, name: string, { make, disks, slow }: DeviceParts) {
    this.#slow = slow;
    this.#site = site;
    this.#name = name;
    this.#make = make;
    this.#disks = disks;
    this.#device = make();
    site.after(0, () => this.#boot());
  }

  /** Connects a port to a receiver of bytes; returns the receiver of the port. */
  connect(name: PortName, to: Receiver, baud?: number): Receiver {
    const onFrame = (bytes: Uint8Array) => this.#step({ kind: 'frame', port: name, bytes: Uint8Array.from(bytes) });
    const port: Port = {
      splitter: new FrameSplitter({ frameBytesMax: encodedFrameBytesMax, onFrame }),
      to,
      drain: new Drain(baud),
    };
    this.#ports.set(name, port);
    if (this.#boots > 0) this.#step({ kind: 'line', port: name, up: true });
    return (bytes) => port.splitter.push(bytes);
  }

  /** The line of a port goes down. */
  disconnect(name: PortName): void {
    this.#ports.delete(name);
    this.#step({ kind: 'line', port: name, up: false });
  }

  /** The power goes, and comes again: what was not flushed is lost. Ports stay connected. */
  powerCycle(): void {
    for (const disk of this.#disks.values()) disk.powerCut();
    this.#device = this.#make();
    this.#boot();
  }

  #boot(): void {
    this.#boots += 1;
    const capacities = new Map([...this.#disks].map(([name, { sectors }]) => [name, sectors]));
    const entropy = Buffer.alloc(32, `boot ${this.#boots} of ${this.#name}. `);
    this.#step({ kind: 'powerOn', entropy, capacities });
    for (const port of this.#ports.keys()) this.#step({ kind: 'line', port, up: true });
  }

  #step(event: DeviceEvent): void {
    const device = this.#device;
    for (const effect of device.step(event, this.#site.nowUs)) {
      if (effect.kind !== 'disk') continue;
      const isSlow = effect.command.op === 'write' && effect.disk === this.#slow?.disk;
      const lateUs = isSlow ? this.#slowUs() : 0;
      this.#disks.get(effect.disk)?.submit(effect.command, (completion) => {
        this.#site.after(lateUs, () => {
          if (device === this.#device) this.#step({ kind: 'disk', tag: effect.tag, completion });
        });
      });
    }
  }

  /** How long a write to the slow disk takes: one after the other. */
  #slowUs(): number {
    this.#slowFreeUs = Math.max(this.#slowFreeUs, this.#site.nowUs) + (this.#slow?.writeUs ?? 0);
    return this.#slowFreeUs - this.#site.nowUs;
  }

  /** Sends what there is to send, and sets the alarm. */
  pump(): void {
    if (this.#boots === 0) return;
    for (const [name, port] of this.#ports) {
      for (;;) {
        // It decides what to send when the line can take it.
        const isFree = port.to !== undefined && port.drain.leftUs(this.#site.nowUs) === 0;
        const frame = isFree ? this.#device.transmit(name, this.#site.nowUs) : undefined;
        if (frame === undefined) break;
        const { to, drain } = port;
        const leftUs = drain.give(frame.length, this.#site.nowUs) - this.#site.nowUs;
        this.#site.after(leftUs + latencyUs, () => to?.(frame));
      }
    }
    const deadlineUs = this.#device.deadline();
    if (deadlineUs === undefined || deadlineUs === this.#deadlineUs) return;
    this.#deadlineUs = deadlineUs;
    const device = this.#device;
    this.#site.after(deadlineUs - this.#site.nowUs, () => {
      this.#deadlineUs = undefined;
      if (device === this.#device && (device.deadline() ?? Number.POSITIVE_INFINITY) <= this.#site.nowUs) {
        this.#step({ kind: 'timer' });
      }
    });
  }
}

/** Wires two ports to each other. */
export function join(
  site: VirtualSite,
  [a, aPort]: [VirtualDevice, PortName],
  [b, bPort]: [VirtualDevice, PortName],
): void {
  let toB: Receiver = () => {};
  const toA = a.connect(aPort, (bytes) => site.after(latencyUs, () => toB(bytes)));
  toB = b.connect(bPort, (bytes) => site.after(latencyUs, () => toA(bytes)));
}

/** The suite's wire to a port of a device. */
export class VirtualWire implements Wire {
  readonly name = 'virtual';
  readonly baud: number | undefined;
  readonly trouble = undefined;
  readonly reopen = () => this.#again();
  isOpen = true;
  readonly #site: VirtualSite;
  readonly #device: VirtualDevice;
  readonly #port: PortName;
  #drain: Drain;
  #connections = 0;
  #listener: WireListener | undefined;
  #to: Receiver = () => {};

  constructor(site: VirtualSite, device: VirtualDevice, port: PortName, baud?: number) {
    this.baud = baud;
    this.#drain = new Drain(baud);
    this.#site = site;
    this.#device = device;
    this.#port = port;
    this.#connect();
  }

  nowUs(): number {
    return this.#site.nowUs;
  }

  drainUs(): number {
    return this.#drain.leftUs(this.#site.nowUs);
  }

  write(bytes: Uint8Array): void {
    const to = this.#to;
    const copy = Uint8Array.from(bytes);
    const leftUs = this.#drain.give(bytes.length, this.#site.nowUs) - this.#site.nowUs;
    this.#site.after(leftUs + latencyUs, () => to(copy));
  }

  listen(listener: WireListener): void {
    this.#listener = listener;
  }

  after(delayUs: number, callback: () => void): () => void {
    return this.#site.after(delayUs, () => {
      this.#site.hasTold = true;
      callback();
    });
  }

  async close(): Promise<void> {}

  #connect(): void {
    this.#connections += 1;
    this.#drain = new Drain(this.baud);
    const connection = this.#connections;
    const arrived = (bytes: Uint8Array) => {
      // What was on the line when it was cut is gone.
      if (connection !== this.#connections) return;
      this.#site.hasTold = true;
      this.#listener?.arrived(bytes);
    };
    this.#to = this.#device.connect(this.#port, arrived, this.baud);
  }

  async #again(): Promise<void> {
    this.#device.disconnect(this.#port);
    this.#connections += 1;
    this.#listener?.changed();
    this.#site.after(1000, () => this.#connect());
    await new Promise<void>((resolve) => this.after(2000, resolve));
  }
}
