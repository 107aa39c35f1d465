/** A whole controller over disks in memory, step by step, with peers at its ports that a test speaks for. */
import { crc32 } from 'node:zlib';
import { SimulatedDisk } from '../../hil/simulate/simulated-disk.js';
import type { Device, DeviceEffect, DeviceEvent, DiskName } from '../../protocol/device.js';
import { earlier } from '../../protocol/earlier.js';
import { encodeMessage, type Message, type MessageKind, type MessageNamed } from '../../protocol/message/messages.js';
import { refusalByNumber } from '../../protocol/refusals.js';
import { encodeCdb } from '../../protocol/scsi/cdb-encode.js';
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';
import { requestOf } from '../../protocol/scsi/initiator-commands.js';
import { decodeStatus } from '../../protocol/scsi/response.js';
import { HandMadePeer } from '../protocol/session/hand-made-peer.js';

export type Port = 'host' | 'remote';
type DiskEffect = Extract<DeviceEffect, { kind: 'disk' }>;

/** Two sectors. */
export const blockBytes = 1024;

/** Blocks full of a letter each; a dot stands for a block of zeros. */
export function blocksOf(letters: string): Buffer {
  return Buffer.concat(Array.from(letters, (letter) => Buffer.alloc(blockBytes, letter === '.' ? 0 : letter)));
}

/** The letters of blocks; a dot stands for zeros, a question mark for a block of several contents. */
export function lettersOf(data: Uint8Array): string {
  return Array.from({ length: data.length / blockBytes }, (_, index) => {
    const block = data.subarray(index * blockBytes, (index + 1) * blockBytes);
    const byte = block[0] ?? 0;
    if (!block.every((each) => each === byte)) return '?';
    return byte === 0 ? '.' : String.fromCharCode(byte);
  }).join('');
}

export class DeviceLab {
  device: Device;
  readonly disks: ReadonlyMap<DiskName, SimulatedDisk>;
  readonly effects: DeviceEffect[] = [];
  /** Disk commands since the last look, as words. */
  commands: string[] = [];
  /** Makes a disk command wait, or end otherwise than it would. */
  trouble: (disk: DiskName, command: MediumCommand) => 'wait' | Completion | undefined = () => undefined;
  nowUs = 1000;
  /** Ports whose lines are up and carry nothing either way. */
  readonly silent = new Set<Port>();
  readonly #peers = new Map<Port, HandMadePeer>();
  readonly #heard = new Map<Port, number>();
  readonly #held: DiskEffect[] = [];
  /** The entropy of each power on follows from its number. */
  powerOns = 0;
  #tag = 100;

  constructor(device: Device, sizes: Readonly<Partial<Record<DiskName, number>>>) {
    this.device = device;
    this.disks = new Map(
      Object.entries(sizes).map(([name, bytes]) => [name as DiskName, new SimulatedDisk(bytes ?? 0)]),
    );
  }

  /** Power comes on, over what is on the disks; nobody is connected. */
  powerOn(): this {
    this.powerOns += 1;
    this.#peers.clear();
    this.#held.length = 0;
    const capacities = new Map([...this.disks].map(([name, { sectors }]) => [name, sectors]));
    return this.step({ kind: 'powerOn', entropy: Buffer.alloc(32, this.powerOns), capacities });
  }

  /** Power is lost and comes back; `device`: another controller starts over these disks. */
  restart(device = this.device): this {
    this.device = device;
    for (const disk of this.disks.values()) disk.powerCut();
    return this.powerOn();
  }

  /** Takes an event, and carries out what follows from it. */
  step(event: DeviceEvent): this {
    this.#carryOut(this.device.step(event, this.nowUs));
    return this;
  }

  /** Lets the disk commands that waited end as they would, or all otherwise. */
  release(completion?: Completion): this {
    this.trouble = () => undefined;
    for (const next of this.#held.splice(0)) this.#end(next, completion);
    this.pass(0);
    return this;
  }

  /** Lets the disk commands that wait end, as they would or all otherwise; what follows from that may wait again. */
  end(completion?: Completion): this {
    for (const next of this.#held.splice(0)) this.#end(next, completion);
    return this.pass(0);
  }

  get holding(): boolean {
    return this.#held.length > 0;
  }

  /** Puts a peer at a port, and lets a session open. */
  connect(port: Port, role: 'host' | 'main' | 'sub'): this {
    const salt = Buffer.alloc(32, this.#peers.size + this.nowUs);
    const peer = new HandMadePeer({ role, salt });
    this.#peers.set(port, peer);
    this.#heard.set(port, 0);
    this.step({ kind: 'line', port, up: true });
    peer.lineUp(this.nowUs);
    return this.pass(500_000);
  }

  /** The line is lost, or comes back; the session is not ended by that. */
  line(port: Port, up: boolean): this {
    this.step({ kind: 'line', port, up });
    if (up) this.#peers.get(port)?.lineUp(this.nowUs);
    else this.#peers.get(port)?.lineDown();
    return this.pass(0);
  }

  /** A peer says these messages, one right behind the other. */
  say(port: Port, ...messages: Message[]): this {
    for (const message of messages) this.#peers.get(port)?.say(encodeMessage(message));
    return this.pass(0);
  }

  /** All messages of a kind that a peer has heard. */
  heard<Kind extends MessageKind>(port: Port, kind: Kind): MessageNamed<Kind>[] {
    const received = this.#peers.get(port)?.received ?? [];
    return received.filter((each): each is MessageNamed<Kind> => each.kind === kind);
  }

  /** What a peer has heard since the last look, without hello. */
  news(port: Port): Message[] {
    const received = this.#peers.get(port)?.received ?? [];
    const from = this.#heard.get(port) ?? 0;
    this.#heard.set(port, received.length);
    return received.slice(from).filter(({ kind }) => kind !== 'hello');
  }

  /** Refusals at the host port since the last look, as words. */
  refusals(port: Port = 'host'): string[] {
    return this.news(port).map((message) =>
      message.kind === 'refused' ? `${message.request} ${refusalByNumber(message.code)}` : message.kind,
    );
  }

  /** Lets frames pass, and so much time with them. */
  pass(us: number): this {
    const untilUs = this.nowUs + us;
    for (;;) {
      while (this.#frames());
      let nextUs = this.device.deadline();
      for (const peer of this.#peers.values()) nextUs = earlier(nextUs, peer.deadline());
      if (nextUs !== undefined) nextUs = Math.max(nextUs, this.nowUs + 1);
      if (nextUs === undefined || nextUs > untilUs) break;
      this.nowUs = nextUs;
      this.step({ kind: 'timer' });
      for (const peer of this.#peers.values()) peer.tick(this.nowUs);
    }
    this.nowUs = untilUs;
    return this;
  }

  /** Submits a command of the host, and says how it ended; undefined while it has not. */
  scsi(command: MediumCommand, lun = 0): Completion | undefined {
    return this.ended(this.submit(command, lun));
  }

  /** Submits a command of the host with all its data, in as many messages as are asked for; gives its tag. */
  submit(command: MediumCommand, lun = 0): number {
    this.#tag += 1;
    const tag = this.#tag;
    const { dataOut = new Uint8Array(0), ...request } = requestOf(command, lun);
    const dataCheck = dataOut.length === 0 ? 0 : crc32(dataOut);
    const of = { ...request, dataOutBytes: dataOut.length, dataCheck };
    this.say('host', { kind: 'command', tag, attribute: 'simple', ...of });
    const ready = this.heard('host', 'transferReady').filter((each) => each.tag === tag);
    for (const { offset, length } of ready)
      this.say('host', { kind: 'dataOut', tag, offset, data: dataOut.subarray(offset, offset + length) });
    return tag;
  }

  /** What a unit says of itself: the standard INQUIRY data, or a page of its vital product data. */
  inquire(page?: number): string {
    this.#tag += 1;
    const cdb = encodeCdb({ op: 'inquiry', page, allocationBytes: 255 });
    const of = { tag: this.#tag, lun: 0, attribute: 'simple', cdb } as const;
    this.say('host', { kind: 'command', ...of, dataOutBytes: 0, dataInBytesMax: 255, dataCheck: 0 });
    const completion = this.ended(this.#tag);
    return completion?.status === 'good' ? Buffer.from(completion.data).toString('latin1') : '';
  }

  /** How a command ended, with the data that came. */
  ended(tag: number): Completion | undefined {
    const response = this.heard('host', 'response').find((each) => each.tag === tag);
    if (response === undefined) return undefined;
    const data = this.heard('host', 'dataIn').flatMap((each) => (each.tag === tag ? [each.data] : []));
    const decoded = decodeStatus(response, Buffer.concat(data));
    if (!decoded.ok) throw new Error(decoded.refusal.detail);
    return decoded.completion;
  }

  /** The letters of blocks as a host reads them, or the sense key or status in their place. */
  read(first: number, count: number, lun = 0): string | undefined {
    const range = { lba: first * (blockBytes / 512), sectors: count * (blockBytes / 512) };
    const completion = this.scsi({ op: 'read', ...range }, lun);
    return completion?.status === 'good' ? lettersOf(completion.data) : inWords(completion);
  }

  /** A host writes blocks; how that ended, in words. */
  write(first: number, letters: string, lun = 0): string | undefined {
    const lba = first * (blockBytes / 512);
    return inWords(this.scsi({ op: 'write', lba, data: blocksOf(letters), fua: false }, lun));
  }

  /** The letters of blocks as they durably lie on a disk. */
  letters(disk: DiskName, first: number, count: number): string {
    return lettersOf(this.#disk(disk).durable(first * blockBytes, count * blockBytes));
  }

  /** Changes what lies on a disk, behind everybody's back. */
  put(disk: DiskName, first: number, letters: string): this {
    this.#disk(disk).store.apply({ writes: [{ offset: first * blockBytes, data: blocksOf(letters) }], punches: [] });
    return this;
  }

  marks(name: string): Readonly<Record<string, number | string>>[] {
    return this.effects.flatMap((effect) => (effect.kind === 'mark' && effect.name === name ? [effect.values] : []));
  }

  /** Why it halted, as words. */
  get halted(): string | undefined {
    const refusal = this.effects.flatMap((effect) => (effect.kind === 'halted' ? [effect.refusal] : [])).at(-1);
    return refusal === undefined ? undefined : `${refusal.code}: ${refusal.detail}`;
  }

  #disk(name: DiskName): SimulatedDisk {
    const disk = this.disks.get(name);
    if (disk === undefined) throw new Error(`there is no disk ${name}`);
    return disk;
  }

  #carryOut(effects: readonly DeviceEffect[]): void {
    for (const effect of effects) {
      if (effect.kind !== 'disk') {
        this.effects.push(effect);
        continue;
      }
      this.commands.push(`${effect.disk} ${effect.command.op}`);
      const trouble = this.trouble(effect.disk, effect.command);
      if (trouble === 'wait') this.#held.push(effect);
      else this.#end(effect, trouble);
    }
  }

  #end({ disk, tag, command }: DiskEffect, completion?: Completion): void {
    const end = (ended: Completion) => {
      this.#carryOut(this.device.step({ kind: 'disk', tag, completion: ended }, this.nowUs));
    };
    if (completion === undefined) this.#disk(disk).submit(command, end);
    else end(completion);
  }

  /** Lets each side send a frame; false when nobody has any. */
  #frames(): boolean {
    let passed = false;
    for (const [port, peer] of this.#peers) {
      if (this.silent.has(port)) continue;
      const from = this.device.transmit(port, this.nowUs);
      if (from !== undefined) peer.receiveFrame(from.subarray(0, -1), this.nowUs);
      const to = peer.transmit(this.nowUs);
      if (to !== undefined) this.step({ kind: 'frame', port, bytes: to.subarray(0, -1) });
      passed ||= from !== undefined || to !== undefined;
    }
    return passed;
  }
}

/** A completion as a word: `good`, a sense key, or another status. */
export function inWords(completion: Completion | undefined): string | undefined {
  return completion?.status === 'checkCondition' ? completion.sense.key : completion?.status;
}
