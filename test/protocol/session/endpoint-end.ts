/** An endpoint at an end of a line, with what it told and what it sent. */
import { decodeFrame, markOf } from '../../../protocol/frame/frame.js';
import type { MessageKind } from '../../../protocol/message/messages.js';
import { Endpoint } from '../../../protocol/session/endpoint.js';
import type { EndpointEvent, EndpointOptions } from '../../../protocol/session/endpoint-types.js';
import type { LineEnd } from '../link/lossy-line.js';

export class EndpointEnd implements LineEnd {
  endpoint: Endpoint;
  readonly events: EndpointEvent[] = [];
  /** Payloads of data frames that left, as they stood on the line. */
  readonly sent: Buffer[] = [];

  constructor(options: EndpointOptions) {
    this.endpoint = new Endpoint(options);
  }

  lineUp(nowUs: number): void {
    this.endpoint.lineUp(nowUs);
  }

  lineDown(nowUs: number): void {
    this.endpoint.lineDown(nowUs);
  }

  receiveFrame(frame: Uint8Array, nowUs: number): void {
    this.events.push(...this.endpoint.receiveFrame(frame, nowUs));
  }

  tick(nowUs: number): void {
    this.events.push(...this.endpoint.tick(nowUs));
  }

  transmit(nowUs: number): Uint8Array | undefined {
    const encoded = this.endpoint.transmit(nowUs);
    const plain = encoded?.subarray(0, -1);
    const decoded = plain && decodeFrame(plain, markOf(plain) ?? 0);
    if (decoded?.ok && decoded.frame.kind === 'data') this.sent.push(Buffer.from(decoded.frame.payload));
    return encoded;
  }

  deadline(): number | undefined {
    return this.endpoint.deadline();
  }

  kinds(): string[] {
    return this.events.map(({ kind }) => kind);
  }

  refusals(): string[] {
    return this.events.flatMap((event) => (event.kind === 'refused' ? [event.refusal.code] : []));
  }

  messages(): MessageKind[] {
    return this.events.flatMap((event) => (event.kind === 'message' ? [event.message.kind] : []));
  }
}
