/** A fresh model in virtual time, with a peer at each of its lines that says what a script tells it. */
import { createHash } from 'node:crypto';
import { metaBytesMin } from '../../firmware-sim/controller/controller.js';
import { MainController } from '../../firmware-sim/main/main-controller.js';
import { SubController } from '../../firmware-sim/sub/sub-controller.js';
import type { Device, DiskName, PortName } from '../../protocol/device.js';
import { assert } from '../../protocol/ids.js';
import type { Message } from '../../protocol/message/messages.js';
import { Random } from '../random.js';
import { DiskDevice } from '../run/disks/disk-device.js';
import { idealLine, Kernel } from '../simulate/kernel.js';
import { SimulatedDisk } from '../simulate/simulated-disk.js';
import { ReplayPeer } from './replay-peer.js';
import type { ReplayRole } from './roles.js';
import type { Script, ScriptLine } from './script.js';
import type { ReplayShape } from './shape.js';

/** Disks as those of the emulator's bench: a solid state disk in round figures. */
const times = { accessUs: 100, flushUs: 400 };

export class Stage {
  readonly #kernel = new Kernel();
  readonly #peers: ReadonlyMap<ScriptLine, ReplayPeer>;
  #sessions = 0;
  #lives = 0;

  constructor(
    role: ReplayRole,
    shape: ReplayShape,
    { lines, heldRuns }: Pick<Script, 'lines' | 'heldRuns'>,
    onMessage: (line: ScriptLine, message: Message) => void,
  ) {
    this.#kernel.add('model', modelOf(role, shape, heldRuns), disksOf(role, shape));
    const connect = (line: ScriptLine) => this.#connect(role, line, heldRuns, (said) => onMessage(line, said));
    this.#peers = new Map(lines.map((line) => [line, connect(line)]));
    this.#kernel.powerOn('model', entropy('model'));
  }

  get nowUs(): number {
    return this.#kernel.nowUs;
  }

  /** The power of the model and its disks goes, and comes back: what was not flushed is lost. */
  restart(): void {
    this.#lives += 1;
    this.#kernel.powerCut('model');
    this.#kernel.powerOn('model', entropy(`model ${this.#lives}`));
  }

  /** The power of the peer goes. */
  silence(line: ScriptLine): void {
    this.#kernel.powerCut(line.name);
  }

  /** The peer starts anew, and with it the session. */
  begin(line: ScriptLine): void {
    this.#sessions += 1;
    if (this.#kernel.isOn(line.name)) this.#kernel.powerCut(line.name);
    this.#kernel.powerOn(line.name, entropy(`${line.name} ${this.#sessions}`));
  }

  isOpen(line: ScriptLine): boolean {
    return this.#peerOf(line).isOpen;
  }

  /** Says a message, and lets it arrive: what is said afterwards does not overtake it. */
  say(line: ScriptLine, message: Message): void {
    this.#peerOf(line).say(message, this.nowUs);
    this.#kernel.poke(line.name);
    while (this.#kernel.next(this.nowUs));
  }

  /** Lets time pass until something is so, or until `untilUs`; returns whether it is. */
  until(isSo: () => boolean, untilUs: number): boolean {
    while (!isSo() && this.#kernel.next(untilUs));
    if (!isSo()) this.#kernel.advance(untilUs);
    return isSo();
  }

  #peerOf(line: ScriptLine): ReplayPeer {
    const peer = this.#peers.get(line);
    assert(peer !== undefined, `${line.name} is a line of the script`);
    return peer;
  }

  #connect(
    role: ReplayRole,
    { name, peer }: ScriptLine,
    heldRuns: boolean,
    onMessage: (message: Message) => void,
  ): ReplayPeer {
    const made = new ReplayPeer({ role: peer, peer: role, heldRuns: heldRuns && peer !== 'host', onMessage });
    this.#kernel.add(name, made);
    const port: PortName = role === 'disk' ? 'target' : peer === 'host' ? 'host' : 'remote';
    this.#kernel.connect([name, 'target'], ['model', port], { ...idealLine, random: new Random(name) });
    return made;
  }
}

function modelOf(role: ReplayRole, { method, blockBytes, volumes }: ReplayShape, heldRuns: boolean): Device {
  if (role === 'disk') return new DiskDevice({ serial: 'REPLAY' });
  const shape = { host: {}, remote: { heldRuns }, blockBytes, volumeCount: volumes.length };
  return role === 'main' ? new MainController({ ...shape, method }) : new SubController(shape);
}

function disksOf(role: ReplayRole, { blockBytes, volumes }: ReplayShape): Map<DiskName, SimulatedDisk> {
  const disk = (bytes: number) => new SimulatedDisk(bytes, { times });
  if (role === 'disk') return new Map([['medium', disk(volumes[0] ?? 0)]]);
  const [volumeArea, slotArea] =
    role === 'main' ? (['primary', 'shadow'] as const) : (['secondary', 'staging'] as const);
  const total = volumes.reduce((sum, bytes) => sum + bytes, 0);
  const disks = new Map<DiskName, SimulatedDisk>([['meta', disk(Math.max(8 * metaBytesMin, total / 16))]]);
  for (const [volume, bytes] of volumes.entries()) {
    disks.set(`${volumeArea}${volume}`, disk(bytes));
    disks.set(`${slotArea}${volume}`, disk((Math.ceil(bytes / blockBytes) + 1) * blockBytes));
  }
  return disks;
}

/** The same in each replay. */
const entropy = (name: string): Uint8Array => createHash('sha256').update(`replay/${name}`).digest();
