/** The doctor's end of a line: says hello, and tells what comes of it. It asks for nothing else. */
import type { Device, DeviceEffect, DeviceEvent, PortName } from '../../protocol/device.js';
import type { Refusal } from '../../protocol/refusals.js';
import { Endpoint } from '../../protocol/session/endpoint.js';
import type { EndpointEvent, Role } from '../../protocol/session/endpoint-types.js';

export interface ProbeDeviceOptions {
  /** Who it says it is. */
  readonly role: Role;
  readonly key?: Uint8Array | undefined;
  readonly framePayloadMax?: number | undefined;
  readonly entropy: Uint8Array;
  readonly onOpened: (peer: Role) => void;
  /** The session, or a frame, was refused by either side. */
  readonly onRefused: (refusal: Refusal) => void;
}

const roles: readonly Role[] = ['host', 'main', 'sub', 'disk'];

export class ProbeDevice implements Device {
  readonly #options: ProbeDeviceOptions;
  readonly #endpoint: Endpoint;

  constructor(options: ProbeDeviceOptions) {
    const { role, key, framePayloadMax, entropy } = options;
    this.#options = options;
    this.#endpoint = new Endpoint({
      ...{ role, entropy, peers: roles.filter((each) => each !== role) },
      ...(key === undefined ? {} : { key }),
      ...(framePayloadMax === undefined ? {} : { link: { framePayloadMax } }),
    });
  }

  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[] {
    switch (event.kind) {
      case 'line':
        if (event.up) this.#endpoint.lineUp(nowUs);
        else this.#endpoint.lineDown(nowUs);
        break;
      case 'frame':
        this.#tell(this.#endpoint.receiveFrame(event.bytes, nowUs));
        break;
      case 'timer':
        this.#tell(this.#endpoint.tick(nowUs));
        break;
      case 'powerOn':
      case 'disk':
        break;
      case 'shutdown':
        return [{ kind: 'closed' }];
    }
    return [];
  }

  transmit(_port: PortName, nowUs: number): Uint8Array | undefined {
    return this.#endpoint.transmit(nowUs);
  }

  deadline(): number | undefined {
    return this.#endpoint.deadline();
  }

  #tell(events: readonly EndpointEvent[]): void {
    for (const event of events) {
      if (event.kind === 'opened') this.#options.onOpened(event.peer);
      if (event.kind === 'refused') this.#options.onRefused(event.refusal);
    }
  }
}
