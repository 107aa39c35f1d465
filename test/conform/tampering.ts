/**
 * A device that does wrong: a model of ours whose frames, opens, messages and disk commands pass through somebody who
 * changes them. The model itself has no switches.
 */
import type { Device, DeviceEffect, DeviceEvent, PortName } from '../../protocol/device.js';
import { decodeFrame, encodeFrame, type Frame, markOf } from '../../protocol/frame/frame.js';
import { markOfLink } from '../../protocol/link/handshake.js';
import { decodeOpen, encodeOpen, type Open } from '../../protocol/link/open-frame.js';
import type { Priority } from '../../protocol/message/message.js';
import { decodeMessage, encodeMessage, type Message } from '../../protocol/message/messages.js';

export type DataFrame = Extract<Frame, { readonly kind: 'data' }>;
export type AcknowledgementFrame = Extract<Frame, { readonly kind: 'acknowledgement' }>;
export type DiskEffect = Extract<DeviceEffect, { readonly kind: 'disk' }>;

/** What is changed; undefined in place of a frame drops it. Messages must keep the number of their units. */
export interface Tampering {
  /** Encoded frames without their delimiter. */
  readonly bytesOut?: (bytes: Buffer, ids: Ids) => Buffer | undefined;
  readonly bytesIn?: (bytes: Buffer, ids: Ids) => Buffer | undefined;
  readonly openOut?: (open: Open, ids: Ids) => Open | undefined;
  readonly openIn?: (open: Open, ids: Ids) => Open | undefined;
  readonly dataOut?: (frame: DataFrame, ids: Ids) => DataFrame | undefined;
  readonly dataIn?: (frame: DataFrame, ids: Ids) => DataFrame | undefined;
  readonly acknowledgementOut?: (frame: AcknowledgementFrame, ids: Ids) => AcknowledgementFrame | undefined;
  readonly acknowledgementIn?: (frame: AcknowledgementFrame, ids: Ids) => AcknowledgementFrame | undefined;
  readonly messageOut?: (message: Message, queue: Priority) => Message;
  readonly messageIn?: (message: Message, queue: Priority) => Message;
  readonly diskCommand?: (effect: DiskEffect) => DiskEffect;
  /** The same at the line of the host, where it is another one than all of this is about. */
  readonly atHost?: Tampering;
  /** What is fresh at each power on. */
  readonly entropy?: Uint8Array;
}

/** What is known of the link from its opens, and a way to send something of one's own. */
export interface Ids {
  /** Of the newest open of the device that named a peer. */
  own: bigint;
  peer: bigint;
  /** Frames to be sent before anything else, encoded, with their delimiter. */
  readonly extra: Buffer[];
  /** Mark of frames to the device. */
  readonly markIn: number;
  readonly markOut: number;
}

class SeenIds implements Ids {
  own = 0n;
  peer = 0n;
  readonly extra: Buffer[] = [];

  get markIn(): number {
    return markOfLink(this.peer, this.own);
  }

  get markOut(): number {
    return markOfLink(this.own, this.peer);
  }
}

export class WrongDevice implements Device {
  readonly #device: Device;
  readonly #tampering: Tampering;
  readonly #port: PortName;
  readonly #ids = new SeenIds();
  /** Fragments of messages of the device, of which the last is still to come, by queue. */
  readonly #begun = new Map<Priority, DataFrame[]>();

  constructor(device: Device, port: PortName, tampering: Tampering) {
    this.#device = device;
    this.#port = port;
    this.#tampering = tampering;
  }

  step(event: DeviceEvent, nowUs: number): readonly DeviceEffect[] {
    const taken = event.kind === 'frame' && event.port === this.#port ? this.#in(event) : this.#poweredOn(event);
    const effects = taken === undefined ? [] : this.#device.step(taken, nowUs);
    const { diskCommand } = this.#tampering;
    return diskCommand === undefined
      ? effects
      : effects.map((each) => (each.kind === 'disk' ? diskCommand(each) : each));
  }

  transmit(port: PortName, nowUs: number): Uint8Array | undefined {
    if (port !== this.#port) return this.#device.transmit(port, nowUs);
    for (;;) {
      const extra = this.#ids.extra.shift();
      if (extra !== undefined) return extra;
      const frame = this.#device.transmit(port, nowUs);
      if (frame === undefined) return undefined;
      // What was put in front of these frames leaves before them.
      for (const whole of this.#joined(Buffer.from(frame).subarray(0, -1))) {
        const changed = this.#out(whole);
        if (changed !== undefined) this.#ids.extra.push(Buffer.concat([changed, Buffer.of(0)]));
      }
    }
  }

  /** A message in fragments is changed as a whole, and leaves in fragments as long as before. */
  #joined(bytes: Buffer): Buffer[] {
    const { messageOut } = this.#tampering;
    const mark = markOf(bytes) ?? 0;
    const decoded = messageOut === undefined ? undefined : decodeFrame(bytes, mark);
    const frame = decoded?.ok === true && decoded.frame.kind === 'data' ? decoded.frame : undefined;
    if (frame === undefined || messageOut === undefined || (frame.first && frame.last)) return [bytes];
    const begun = frame.first ? [] : (this.#begun.get(frame.priority) ?? []);
    // Its bytes are the device's to use again.
    begun.push({ ...frame, payload: Uint8Array.from(frame.payload) });
    this.#begun.set(frame.priority, begun);
    if (!frame.last) return [];
    const whole = Buffer.concat(begun.map(({ payload }) => payload));
    const message = changedMessage({ ...frame, first: true, payload: whole }, messageOut).payload;
    let at = 0;
    return begun.map((each) => {
      const payload = message.subarray(at, each.last ? message.length : at + each.payload.length);
      at += payload.length;
      return encodeFrame({ ...each, payload }, mark).subarray(0, -1);
    });
  }

  deadline(): number | undefined {
    return this.#device.deadline();
  }

  #poweredOn(event: DeviceEvent): DeviceEvent {
    const { entropy } = this.#tampering;
    return event.kind === 'powerOn' && entropy !== undefined ? { ...event, entropy } : event;
  }

  #in(event: Extract<DeviceEvent, { kind: 'frame' }>): DeviceEvent | undefined {
    const { bytesIn, openIn, dataIn, acknowledgementIn, messageIn } = this.#tampering;
    const bytes = bytesIn === undefined ? Buffer.from(event.bytes) : bytesIn(Buffer.from(event.bytes), this.#ids);
    const hooks = { open: openIn, data: dataIn, acknowledgement: acknowledgementIn, message: messageIn };
    const changed = bytes === undefined ? undefined : this.#changed(bytes, hooks);
    return changed === undefined ? undefined : { ...event, bytes: changed };
  }

  #out(bytes: Buffer): Buffer | undefined {
    const { bytesOut, openOut, dataOut, acknowledgementOut, messageOut } = this.#tampering;
    const mark = markOf(bytes);
    const decoded = mark === 0 ? decodeFrame(bytes, 0) : undefined;
    if (decoded?.ok === true && decoded.frame.kind === 'open') this.#see(decoded.frame.payload);
    const hooks = { open: openOut, data: dataOut, acknowledgement: acknowledgementOut, message: messageOut };
    const changed = this.#changed(bytes, hooks);
    return changed === undefined || bytesOut === undefined ? changed : bytesOut(changed, this.#ids);
  }

  #see(payload: Uint8Array): void {
    const decoded = decodeOpen(payload);
    if (!decoded.ok || decoded.open.peer === 0n) return;
    this.#ids.own = decoded.open.own;
    this.#ids.peer = decoded.open.peer;
  }

  #changed(bytes: Buffer, hooks: Hooks): Buffer | undefined {
    const mark = markOf(bytes) ?? 0;
    const decoded = decodeFrame(bytes, mark);
    if (!decoded.ok) return bytes;
    const frame = this.#changedFrame(decoded.frame, hooks);
    if (frame === undefined) return undefined;
    return frame === decoded.frame ? bytes : encodeFrame(frame, mark).subarray(0, -1);
  }

  #changedFrame(frame: Frame, { open, data, acknowledgement, message }: Hooks): Frame | undefined {
    if (frame.kind === 'open') return open === undefined ? frame : changedOpen(frame, (each) => open(each, this.#ids));
    if (frame.kind === 'acknowledgement')
      return acknowledgement === undefined ? frame : acknowledgement(frame, this.#ids);
    const changed = data === undefined ? frame : data(frame, this.#ids);
    return changed === undefined || message === undefined ? changed : changedMessage(changed, message);
  }
}

interface Hooks {
  readonly open: Tampering['openIn'];
  readonly data: Tampering['dataIn'];
  readonly acknowledgement: Tampering['acknowledgementIn'];
  readonly message: Tampering['messageIn'];
}

function changedOpen(
  frame: Extract<Frame, { kind: 'open' }>,
  change: (open: Open) => Open | undefined,
): Frame | undefined {
  const decoded = decodeOpen(frame.payload);
  if (!decoded.ok) return frame;
  const changed = change(decoded.open);
  if (changed === undefined) return undefined;
  return changed === decoded.open ? frame : { kind: 'open', payload: encodeOpen(changed) };
}

function changedMessage(frame: DataFrame, change: (message: Message, queue: Priority) => Message): DataFrame {
  const decoded = frame.first && frame.last ? decodeMessage(frame.payload) : undefined;
  if (decoded?.ok !== true) return frame;
  const changed = change(decoded.message, frame.priority);
  return changed === decoded.message ? frame : { ...frame, payload: encodeMessage(changed) };
}
