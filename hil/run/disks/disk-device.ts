/**
 * A disk at the end of a line, as a step machine: a SCSI target with one logical unit, whose medium is the `medium` of
 * whoever runs it. Every line has its own unit attentions; power on raises one, so that a controller learns that what
 * it had not flushed is gone.
 */
import { answerAbsentUnit, DeviceServer } from '../../../firmware-sim/disk/device-server.js';
import type { Device, DeviceEffect, DeviceEvent, PortName } from '../../../protocol/device.js';
import { assert, unreachable } from '../../../protocol/ids.js';
import type { Message } from '../../../protocol/message/messages.js';
import type { MediumCommand } from '../../../protocol/scsi/commands.js';
import { Target, type TargetEffect } from '../../../protocol/scsi/target.js';
import { coldframeIdentity, type UnitIdentity } from '../../../protocol/scsi/unit-profile.js';
import { Endpoint } from '../../../protocol/session/endpoint.js';
import type { EndpointEvent } from '../../../protocol/session/endpoint-types.js';

export interface DiskDeviceOptions {
  /** Distinguishes disks: the unit serial number. */
  readonly serial: string;
  readonly framePayloadMax?: number;
}

const luns: readonly number[] = [0];
const bufferBytesMax = 32 * 2 ** 20;
const commandsMax = 256;

export class DiskDevice implements Device {
  readonly #options: DiskDeviceOptions;
  readonly #target = new Target({ bufferBytesMax, commandsMax, luns });
  #endpoint: Endpoint | undefined;
  #server: DeviceServer | undefined;
  #outstanding = 0;
  #closing = false;
  #effects: DeviceEffect[] = [];
  #nowUs = 0;

  constructor(options: DiskDeviceOptions) {
    this.#options = options;
  }

  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[] {
    this.#nowUs = nowUs;
    this.#take(event);
    return this.#effects.splice(0);
  }

  transmit(_port: PortName, nowUs: number): Uint8Array | undefined {
    return this.#endpoint?.transmit(nowUs);
  }

  deadline(): number | undefined {
    return this.#endpoint?.deadline();
  }

  #take(event: DeviceEvent): void {
    switch (event.kind) {
      case 'powerOn':
        this.#powerOn(event.entropy, event.capacities.get('medium'));
        break;
      case 'line':
        if (event.up) this.#endpoint?.lineUp(this.#nowUs);
        else this.#endpoint?.lineDown(this.#nowUs);
        this.#messages(this.#endpoint?.tick(this.#nowUs) ?? []);
        break;
      case 'frame':
        this.#messages(this.#endpoint?.receiveFrame(event.bytes, this.#nowUs) ?? []);
        break;
      case 'timer':
        this.#messages(this.#endpoint?.tick(this.#nowUs) ?? []);
        break;
      case 'disk':
        this.#ended(event);
        break;
      case 'shutdown':
        this.#closing = true;
        this.#tryClose();
        break;
      default:
        unreachable(event);
    }
  }

  #powerOn(entropy: Uint8Array, capacitySectors: number | undefined): void {
    assert(capacitySectors !== undefined, 'a disk has a medium');
    const { framePayloadMax } = this.#options;
    this.#endpoint = new Endpoint({
      ...{ role: 'disk', peers: ['main', 'sub', 'host'], entropy },
      ...(framePayloadMax === undefined ? {} : { link: { framePayloadMax } }),
    });
    this.#server = new DeviceServer({ identity: this.#identity, capacitySectors, writeCacheEnabled: true, luns });
    this.#server.powerOn();
  }

  get #identity(): UnitIdentity {
    return coldframeIdentity({ product: 'DISK', serial: this.#options.serial });
  }

  #messages(events: readonly EndpointEvent[]): void {
    for (const event of events) {
      if (event.kind === 'message') this.#message(event.message);
      else if (event.kind === 'opened') this.#mark('session', { peer: event.peer });
      else if (event.kind === 'refused') this.#mark('refused', { ...event.refusal });
      else {
        this.#target.reset();
        this.#mark('sessionClosed', { reason: event.reason.code });
      }
    }
  }

  #message(message: Message): void {
    switch (message.kind) {
      case 'command':
      case 'dataOut':
      case 'taskManagement':
        this.#carryOut(this.#target.receive(message));
        break;
      default:
        this.#mark('refused', { code: 'message-unexpected', detail: message.kind });
    }
  }

  #carryOut(effects: readonly TargetEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'send') this.#endpoint?.send(effect.message, this.#nowUs);
      else if (effect.kind === 'execute') this.#execute(effect);
      else if (effect.kind === 'unitReset') this.#server?.attend('unitReset');
      else this.#mark('refused', { ...effect.refusal });
    }
  }

  #execute({ id, lun, cdb, dataOut }: Extract<TargetEffect, { kind: 'execute' }>): void {
    assert(this.#server !== undefined, 'power is on');
    const absent = () => ({ kind: 'answer' as const, completion: answerAbsentUnit(cdb, this.#identity, luns) });
    const outcome = lun === 0 ? this.#server.execute(cdb, dataOut) : absent();
    if (outcome.kind === 'medium') this.#issue(id, outcome.command);
    else this.#carryOut(this.#target.complete(id, outcome.completion));
  }

  #issue(tag: number, command: MediumCommand): void {
    this.#outstanding += 1;
    this.#effects.push({ kind: 'disk', disk: 'medium', tag, command });
  }

  #ended({ tag, completion }: DeviceEvent & { kind: 'disk' }): void {
    this.#outstanding -= 1;
    this.#carryOut(this.#target.complete(tag, completion));
    this.#tryClose();
  }

  #tryClose(): void {
    if (!this.#closing || this.#outstanding > 0) return;
    this.#closing = false;
    this.#effects.push({ kind: 'closed' });
  }

  #mark(name: string, values: Readonly<Record<string, string>>): void {
    this.#effects.push({ kind: 'mark', name, values });
  }
}
