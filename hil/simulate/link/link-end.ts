/**
 * One end of the line as a device of the kernel: a link, or an endpoint with or without a key, and nothing above it.
 */
import type { Device, DeviceEvent, PortName } from '../../../protocol/device.js';
import { unreachable } from '../../../protocol/ids.js';
import { Link, type LinkOptions } from '../../../protocol/link/link.js';
import type { Priority } from '../../../protocol/message/message.js';
import type { Refusal } from '../../../protocol/refusals.js';
import type { Cipher } from '../../../protocol/session/ciphers.js';
import { Endpoint } from '../../../protocol/session/endpoint.js';
import type { End, EndConfiguration, Layer, Sealing } from './link-plan.js';

/** The line's port of both ends. */
export const linePort: PortName = 'remote';
/** What a message takes around its content, in clear, and sealed with room for more. */
export const envelopeBytes = { link: 0, clear: 18, sealed: 64 } as const;

const key = Buffer.alloc(32, 'the key of a simulated line');
const roles = { a: 'main', b: 'sub' } as const;

/** What an end tells whoever runs it, while it takes an event. */
export interface LinkEndHooks {
  opened(): void;
  closed(): void;
  /** A message; endpoints do not tell in which queue it came. */
  received(content: Uint8Array, priority: Priority | undefined): void;
  refused(refusal: Refusal): void;
  /** The line would take a frame, and there is none to send. */
  silent(): void;
}

export interface LinkEndOptions {
  readonly side: End;
  readonly layer: Layer;
  readonly configuration: EndConfiguration;
  readonly sealing: Sealing;
}

export class LinkEnd implements Device {
  readonly #options: LinkEndOptions;
  readonly #hooks: LinkEndHooks;
  #machine: Link | Endpoint;

  constructor(options: LinkEndOptions, hooks: LinkEndHooks) {
    this.#options = options;
    this.#hooks = hooks;
    this.#machine = machineOf(options, new Uint8Array(32));
  }

  get open(): boolean {
    return this.#machine.open;
  }

  /** The cipher of a sealed session that is open. */
  get cipher(): Cipher | undefined {
    return this.#machine instanceof Link ? undefined : this.#machine.cipher;
  }

  /** Bytes of messages that are queued and not acknowledged, envelopes included. */
  get queuedBytes(): number {
    return this.#machine.queuedBytes;
  }

  /** Whether everything sent is acknowledged. An empty message, which only a bare link carries, has no bytes. */
  get settled(): boolean {
    const machine = this.#machine;
    return machine.queuedBytes === 0 && !(machine instanceof Link && machine.queuedMessages > 0);
  }

  /** Bytes that wait at a bare link for their order or the rest of their message. */
  get heldBytes(): number {
    return this.#machine instanceof Link ? this.#machine.heldBytes : 0;
  }

  /** Sends a message; the end must be open. */
  send(content: Uint8Array, priority: Priority, nowUs: number): void {
    if (this.#machine instanceof Link) this.#machine.send(content, priority);
    else this.#machine.send({ kind: 'dataOut', tag: 0, offset: 0, data: content }, nowUs, priority);
  }

  step(event: DeviceEvent, nowUs: number): readonly [] {
    switch (event.kind) {
      case 'powerOn':
        this.#machine = machineOf(this.#options, event.entropy);
        break;
      case 'line':
        if (event.up) this.#machine.lineUp(nowUs);
        else this.#machine.lineDown(nowUs);
        break;
      case 'frame':
        this.#receive(event.bytes, nowUs);
        break;
      case 'timer':
        this.#machine.tick(nowUs);
        break;
      default:
        throw new Error(`invariant broken: an end of a line is told ${event.kind}`);
    }
    return [];
  }

  transmit(_port: PortName, nowUs: number): Uint8Array | undefined {
    const frame = this.#machine.transmit(nowUs);
    if (frame === undefined) this.#hooks.silent();
    return frame;
  }

  deadline(): number | undefined {
    return this.#machine.deadline();
  }

  #receive(frame: Uint8Array, nowUs: number): void {
    for (const event of this.#machine.receiveFrame(frame, nowUs)) {
      switch (event.kind) {
        case 'opened':
          this.#hooks.opened();
          break;
        case 'closed':
          this.#hooks.closed();
          break;
        case 'refused':
          this.#hooks.refused(event.refusal);
          break;
        case 'message':
          this.#deliver(event);
          break;
        default:
          unreachable(event);
      }
    }
  }

  #deliver(event: Extract<ReturnType<(Link | Endpoint)['receiveFrame']>[number], { kind: 'message' }>): void {
    if ('bytes' in event) this.#hooks.received(event.bytes, event.priority);
    else if (event.message.kind === 'dataOut') this.#hooks.received(event.message.data, undefined);
    else throw new Error(`nobody sent a message of the kind ${event.message.kind}`);
  }
}

function machineOf({ side, layer, configuration, sealing }: LinkEndOptions, entropy: Uint8Array): Link | Endpoint {
  const limits: Omit<LinkOptions, 'entropy'> = configuration;
  if (layer === 'link') return new Link({ ...limits, entropy });
  const role = roles[side];
  const peers = [roles[side === 'a' ? 'b' : 'a']];
  const sealed = { key, ciphers: sealing[side], rekeyMessages: sealing.rekeyMessages };
  return new Endpoint({ role, peers, entropy, link: limits, ...(layer === 'sealed' ? sealed : {}) });
}
