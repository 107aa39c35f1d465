import { EventEmitter } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { DeviceRunner } from '../../../hil/run/device-runner.js';
import type { DiskPort } from '../../../hil/run/disks/disk-port.js';
import type { Line, LineEvents } from '../../../hil/run/lines/line.js';
import type { Device, DeviceEffect, DeviceEvent, DiskName, PortName } from '../../../protocol/device.js';
import type { Completion, MediumCommand } from '../../../protocol/scsi/commands.js';

const good: Completion = { status: 'good', data: new Uint8Array(0) };
const flush: MediumCommand = { op: 'synchronizeCache', lba: 0, sectors: 0 };
const diskEffect = (tag: number): DeviceEffect => ({ kind: 'disk', disk: 'meta', tag, command: flush });

/** Answers events as it is told, and remembers what it saw. */
class ScriptedDevice implements Device {
  readonly events: DeviceEvent[] = [];
  readonly times: number[] = [];
  readonly frames: Uint8Array[] = [];
  answer: (event: DeviceEvent) => readonly DeviceEffect[] = () => [];
  deadlineUs: number | undefined;

  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[] {
    this.events.push(event);
    this.times.push(nowUs);
    if (event.kind === 'timer') this.deadlineUs = undefined;
    return event.kind === 'shutdown' ? [...this.answer(event), { kind: 'closed' }] : this.answer(event);
  }

  transmit(_port: PortName, nowUs: number): Uint8Array | undefined {
    this.times.push(nowUs);
    return this.frames.shift();
  }

  deadline(): number | undefined {
    return this.deadlineUs;
  }

  kinds(): string[] {
    return this.events.map((event) => (event.kind === 'line' ? `line ${event.up ? 'up' : 'down'}` : event.kind));
  }
}

class ScriptedLine extends EventEmitter<LineEvents> implements Line {
  readonly name = 'scripted';
  readonly trouble = undefined;
  readonly bufferedBytes = 0;
  isOpen = false;
  isClosed = false;
  hasRoom = true;
  readonly written: Uint8Array[] = [];

  write(bytes: Uint8Array): boolean {
    this.written.push(bytes);
    return this.hasRoom;
  }
  pause(): void {}
  resume(): void {}
  async close(): Promise<void> {
    this.isClosed = true;
  }
  open(): void {
    this.isOpen = true;
    this.emit('open');
  }
  lose(): void {
    this.isOpen = false;
    this.emit('lost', { code: 'line-lost', detail: '' });
  }
}

class ScriptedDisk implements DiskPort {
  readonly sectors = 99;
  isClosed = false;
  submit: DiskPort['submit'] = (_command, done) => done(good);
  async close(): Promise<void> {
    this.isClosed = true;
  }
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
async function turns(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await turn();
}

describe('the runner of a device', () => {
  let device: ScriptedDevice;
  let line: ScriptedLine;
  let disk: ScriptedDisk;
  let runner: DeviceRunner;

  beforeEach(() => {
    device = new ScriptedDevice();
    line = new ScriptedLine();
    disk = new ScriptedDisk();
    runner = new DeviceRunner({
      device,
      lines: new Map<PortName, Line>([['host', line]]),
      disks: new Map<DiskName, DiskPort>([['meta', disk]]),
    });
  });
  afterEach(() => runner.cutPower());

  it('powers the device on with fresh entropy and the capacities of its disks before anything else', async () => {
    line.isOpen = true;
    runner.start();
    await turns(1);
    const [first] = device.events;
    expect(device.kinds()).to.deep.equal(['powerOn', 'line up']);
    expect(first?.kind === 'powerOn' && [first.entropy.length, first.capacities.get('meta')]).to.deep.equal([32, 99]);
  });

  it('hands over what stands between delimiters, and nothing of a frame that a loss cut off', async () => {
    runner.start();
    line.open();
    line.emit('data', Buffer.of(1, 2, 0, 3));
    line.lose();
    line.open();
    line.emit('data', Buffer.of(4, 0));
    await turns(1);
    const frames = device.events.flatMap((event) => (event.kind === 'frame' ? [[...event.bytes]] : []));
    expect(device.kinds()).to.deep.equal(['powerOn', 'line up', 'frame', 'line down', 'line up', 'frame']);
    expect(frames).to.deep.equal([[1, 2], [4]]);
  });

  it('carries effects out in order, and gives completions back in the order in which they come', async () => {
    const waiting: (() => void)[] = [];
    const seen: string[] = [];
    disk.submit = (_command, done) => {
      seen.push('disk');
      waiting.push(() => done(good));
    };
    runner.on('log', (_level, text) => seen.push(text));
    device.answer = ({ kind }) =>
      kind === 'powerOn' ? [diskEffect(1), { kind: 'log', level: 'info', text: 'between' }, diskEffect(2)] : [];
    runner.start();
    await turns(1);
    for (const end of waiting.reverse()) end();
    await turns(1);
    expect(seen).to.deep.equal(['disk', 'between', 'disk']);
    expect(device.events.flatMap((event) => (event.kind === 'disk' ? [event.tag] : []))).to.deep.equal([2, 1]);
  });

  it('takes completions that come at once in the same turn', async () => {
    device.answer = ({ kind }) => (device.events.length < 100 && kind !== 'line' ? [diskEffect(1)] : []);
    runner.start();
    await turns(1);
    expect(device.events).to.have.length(100);
  });

  it('lets the event loop go on while there is always more to do', async () => {
    device.answer = () => [diskEffect(1)];
    runner.start();
    await turns(3);
    const after = device.events.length;
    expect(after).to.be.greaterThan(100);
    await turns(2);
    expect(device.events.length).to.be.greaterThan(after);
  });

  it('keeps nothing of what it has taken while there is always more to do', async () => {
    const given: WeakRef<Uint8Array>[] = [];
    device.step = ({ kind }) => (kind === 'line' ? [] : [diskEffect(1)]);
    disk.submit = (_command, done) => {
      const data = new Uint8Array(64);
      given.push(new WeakRef(data));
      done({ status: 'good', data });
    };
    runner.start();
    await turns(3);
    collectGarbage();
    const early = given.slice(0, 100);
    expect(early).to.have.length(100);
    expect(early.filter((each) => each.deref() !== undefined)).to.deep.equal([]);
  });

  it('asks for frames while the line takes them, and again when there is room', async () => {
    runner.start();
    line.hasRoom = false;
    device.frames.push(Buffer.of(1, 0), Buffer.of(2, 0), Buffer.of(3, 0));
    line.open();
    await turns(3);
    expect(line.written).to.have.length(1);
    line.hasRoom = true;
    line.emit('drain');
    await turns(1);
    expect(line.written.map((bytes) => bytes[0])).to.deep.equal([1, 2, 3]);
  });

  it('asks for no frames while the line is down, nor before the device knows that it is up', async () => {
    runner.start();
    await turns(1);
    device.frames.push(Buffer.of(1, 0));
    runner.wake();
    await turns(1);
    device.answer = ({ kind }) => {
      // So long that the loss is only told in the next turn.
      for (const endMs = performance.now() + 8; kind === 'line' && performance.now() < endMs; );
      return [];
    };
    line.open();
    line.lose();
    await turns(1);
    expect(device.kinds()).to.deep.equal(['powerOn', 'line up']);
    await turns(1);
    expect(device.kinds()).to.deep.equal(['powerOn', 'line up', 'line down']);
    expect(line.written).to.have.length(0);
    device.answer = () => [];
    line.open();
    await turns(2);
    expect(line.written).to.have.length(1);
  });

  it('sends what was given to the device from outside once it is woken', async () => {
    runner.start();
    line.open();
    await turns(1);
    device.frames.push(Buffer.of(1, 0));
    runner.wake();
    await turns(1);
    expect(line.written).to.have.length(1);
  });

  it('tells the time when a deadline has come, not before, also when it moves', async () => {
    runner.start();
    await turns(1);
    const startUs = device.times.at(-1) ?? 0;
    device.deadlineUs = startUs + 60_000_000;
    runner.wake();
    await turns(1);
    device.deadlineUs = startUs + 15_000;
    runner.wake();
    const timer = new Promise<void>((resolve) => {
      device.answer = ({ kind }) => {
        if (kind === 'timer') resolve();
        return [];
      };
    });
    await timer;
    const firedUs = device.times[device.times.length - 1] ?? 0;
    expect(firedUs).to.be.at.least(startUs + 15_000);
  });

  it('gives whole microseconds that never go back', async () => {
    device.answer = ({ kind }) => (kind === 'powerOn' || device.events.length < 1000 ? [diskEffect(1)] : []);
    runner.start();
    line.open();
    await turns(5);
    expect(device.times.every(Number.isInteger)).to.equal(true);
    expect(device.times).to.deep.equal([...device.times].sort((a, b) => a - b));
  });

  it('stops once the device has nothing on its way to the disks, then closes lines and disks', async () => {
    const order: string[] = [];
    runner.on('closed', () => order.push(`closed, line ${line.isClosed}, disk ${disk.isClosed}`));
    runner.start();
    await Promise.all([runner.stop(), runner.stop()]);
    expect(order).to.deep.equal(['closed, line false, disk false']);
    expect([line.isClosed, disk.isClosed]).to.deep.equal([true, true]);
    expect(device.kinds()).to.deep.equal(['powerOn', 'shutdown']);
  });

  it('gives nothing to a device whose power was cut, leaves lines and disks open, and nothing of its own', async () => {
    const timers = () => process.getActiveResourcesInfo().filter((each) => each === 'Timeout').length;
    await turns(1);
    const before = timers();
    let end = () => {};
    disk.submit = (_command, done) => {
      end = () => done(good);
    };
    device.answer = ({ kind }) => (kind === 'powerOn' ? [diskEffect(1)] : []);
    runner.start();
    for (const waitUs of [60_000_000, 50_000_000]) {
      device.deadlineUs = waitUs;
      runner.wake();
      await turns(1);
    }
    runner.cutPower();
    expect(timers(), 'timers').to.equal(before);
    expect(line.listenerCount('data'), 'listeners').to.equal(0);
    end();
    line.open();
    line.emit('data', Buffer.of(1, 0));
    await turns(3);
    expect(device.kinds()).to.deep.equal(['powerOn']);
    expect([line.isClosed, disk.isClosed]).to.deep.equal([false, false]);
  });

  it('passes on refusals that halt a device, and its marks with their time', async () => {
    const told: unknown[] = [];
    runner.on('halted', (refusal) => told.push(refusal));
    runner.on('mark', (name, values, atUs) => told.push([name, values, Number.isInteger(atUs)]));
    device.answer = ({ kind }) =>
      kind === 'powerOn'
        ? [
            { kind: 'mark', name: 'step', values: { a: 1 } },
            { kind: 'halted', refusal: { code: 'records-corrupt', detail: 'x' } },
          ]
        : [];
    runner.start();
    await turns(1);
    expect(told).to.deep.equal([['step', { a: 1 }, true], { code: 'records-corrupt', detail: 'x' }]);
  });

  it('shows every frame that passes, in both directions', async () => {
    const shown: string[] = [];
    runner = new DeviceRunner({
      device,
      lines: new Map<PortName, Line>([['host', line]]),
      onFrame: ({ port, way, bytes }) => shown.push(`${port} ${way} ${bytes.join()}`),
    });
    runner.start();
    line.open();
    device.frames.push(Buffer.of(0), Buffer.of(7, 8, 0));
    line.emit('data', Buffer.of(5, 6, 0));
    await turns(2);
    expect(shown).to.deep.equal(['host in 5,6', 'host out 7,8']);
  });
});
