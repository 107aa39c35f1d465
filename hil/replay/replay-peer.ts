/** The other end of a line in a replay: opens a session as its role, and says what it is told to. */
import type { Device, DeviceEffect, DeviceEvent, PortName } from '../../protocol/device.js';
import type { Message } from '../../protocol/message/messages.js';
import { Endpoint } from '../../protocol/session/endpoint.js';
import type { EndpointEvent, Role } from '../../protocol/session/endpoint-types.js';

export interface ReplayPeerOptions {
  readonly role: Role;
  /** The role that is replayed to. */
  readonly peer: Role;
  /** It takes runs that it may hold. */
  readonly heldRuns: boolean;
  readonly onMessage: (message: Message) => void;
}

export class ReplayPeer implements Device {
  readonly #options: ReplayPeerOptions;
  #endpoint: Endpoint | undefined;

  constructor(options: ReplayPeerOptions) {
    this.#options = options;
  }

  /** Whether a session is open. */
  get isOpen(): boolean {
    return this.#endpoint?.open === true;
  }

  /** Queues a message; it is dropped when no session is open. Whoever runs the peer has to be told. */
  say(message: Message, nowUs: number): void {
    this.#endpoint?.send(message, nowUs);
  }

  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[] {
    if (event.kind === 'powerOn') {
      const { role, peer, heldRuns } = this.#options;
      this.#endpoint = new Endpoint({ role, peers: [peer], entropy: event.entropy, heldRuns });
    } else if (event.kind === 'line' && event.up) this.#endpoint?.lineUp(nowUs);
    else if (event.kind === 'line') this.#endpoint?.lineDown(nowUs);
    else if (event.kind === 'frame') this.#take(this.#endpoint?.receiveFrame(event.bytes, nowUs) ?? []);
    else if (event.kind === 'timer') this.#take(this.#endpoint?.tick(nowUs) ?? []);
    return [];
  }

  transmit(_port: PortName, nowUs: number): Uint8Array | undefined {
    return this.#endpoint?.transmit(nowUs);
  }

  deadline(): number | undefined {
    return this.#endpoint?.deadline();
  }

  #take(events: readonly EndpointEvent[]): void {
    for (const event of events) if (event.kind === 'message') this.#options.onMessage(event.message);
  }
}
