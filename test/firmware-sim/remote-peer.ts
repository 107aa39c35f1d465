/** A hand-made controller in the place of main or of the sub: says to the real one whatever a test wants. */
import { Random } from '../../hil/random.js';
import type { Device, DeviceEffect, DeviceEvent, PortName } from '../../protocol/device.js';
import type { Priority } from '../../protocol/message/message.js';
import { encodeMessage, type Message, type MessageKind, type MessageNamed } from '../../protocol/message/messages.js';
import { HandMadePeer } from '../protocol/session/hand-made-peer.js';
import type { Lab } from './lab.js';

/** What a peer says of itself, where it is not what fits. */
export interface Impostor {
  readonly key?: Uint8Array;
  readonly hello?: Partial<MessageNamed<'hello'>>;
  /** The salt that its proof names. */
  readonly provenSalt?: Uint8Array;
}

export class RemotePeer implements Device {
  readonly #peer: HandMadePeer;
  readonly #poke: () => void;

  constructor(role: 'main' | 'sub' | 'host', poke: () => void, { key, hello, provenSalt }: Impostor = {}) {
    this.#peer = new HandMadePeer({ role, ...hello }, key);
    this.#peer.provenSalt = provenSalt;
    this.#poke = poke;
  }

  /** Takes the other controller's place on the remote line, or the host's at the host port. */
  static attach(lab: Lab, victim: 'main' | 'sub', port: 'remote' | 'host' = 'remote', of: Impostor = {}): RemotePeer {
    const { kernel, lines } = lab.bench;
    const role = port === 'host' ? 'host' : victim === 'main' ? 'sub' : 'main';
    const peer = new RemotePeer(role, () => kernel.poke('hostile'), of);
    kernel.cut(port === 'remote' ? lines.remote : victim === 'main' ? lines.host : lines.subHost);
    kernel.add('hostile', peer);
    const shape = { latencyUs: 100, bitErrorRate: 0, dropRate: 0, random: new Random('hostile') };
    const line = kernel.connect(['hostile', 'remote'], [victim, port], shape);
    kernel.powerOn('hostile', Buffer.alloc(32));
    kernel.cut(line);
    kernel.restore(line);
    return peer;
  }

  say(message: Message, priority: Priority = 0): void {
    this.#peer.say(encodeMessage(message), priority);
    this.#poke();
  }

  /** Says it sealed with the keys that this peer has made, when it has. */
  saySealed(message: Message, priority: Priority = 0): void {
    this.#peer.sayInSession(encodeMessage(message), priority);
    this.#poke();
  }

  /** The kinds of all that arrived, in clear. */
  get told(): readonly MessageKind[] {
    return this.#peer.received.map(({ kind }) => kind);
  }

  heard<Kind extends MessageKind>(kind: Kind): MessageNamed<Kind>[] {
    return this.#peer.received.filter((each): each is MessageNamed<Kind> => each.kind === kind);
  }

  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[] {
    if (event.kind === 'line') {
      if (event.up) this.#peer.lineUp(nowUs);
      else this.#peer.lineDown();
    } else if (event.kind === 'frame') this.#peer.receiveFrame(event.bytes, nowUs);
    else if (event.kind === 'timer') this.#peer.tick(nowUs);
    return [];
  }

  transmit(_port: PortName, nowUs: number): Uint8Array | undefined {
    return this.#peer.transmit(nowUs);
  }

  deadline(): number | undefined {
    return this.#peer.deadline();
  }
}
