/** A main and a sub at the ends of a bad line, with all that arrives captured, and beside it what the ends made of it. */
import type { Way } from '../../../hil/capture/pcapng.js';
import type { CapturedFrame, CaptureLine } from '../../../hil/capture/read-capture.js';
import type { Message } from '../../../protocol/message/messages.js';
import type { EndpointEvent } from '../../../protocol/session/endpoint-types.js';
import { type LineFaults, LossyLine } from '../../protocol/link/lossy-line.js';
import { EndpointEnd } from '../../protocol/session/endpoint-end.js';

/** What an end made of the frame of the same place. */
export interface Taken {
  readonly messages: readonly Message[];
  readonly refusals: readonly string[];
}

export const tappedLine: CaptureLine = { name: 'main–sub', from: 'main', to: 'sub', virtualTime: true };

export class TappedPair {
  readonly captured: CapturedFrame[] = [];
  readonly taken: Taken[] = [];
  readonly main: EndpointEnd;
  readonly sub: EndpointEnd;
  readonly line: LossyLine;

  constructor({ seed, key, faults }: { seed: number; key?: Uint8Array | undefined; faults?: LineFaults }) {
    const common = { ...(key === undefined ? {} : { key }), link: { framePayloadMax: 512 } };
    const entropy = (side: number) => Buffer.alloc(32, `${side} ${seed}`);
    this.main = this.#tap(new EndpointEnd({ role: 'main', peers: ['sub'], entropy: entropy(1), ...common }), 'in');
    this.sub = this.#tap(new EndpointEnd({ role: 'sub', peers: ['main'], entropy: entropy(2), ...common }), 'out');
    this.line = new LossyLine(this.main, this.sub, { bytesPerSecond: 300_000, latencyUs: 1000, seed });
    if (faults !== undefined) this.line.faults = faults;
  }

  /** The line comes up, and both sessions open. */
  open(): void {
    this.line.up();
    this.line.run(this.line.nowUs + 20_000_000, () => this.main.endpoint.open && this.sub.endpoint.open);
  }

  #tap(end: EndpointEnd, way: Way): EndpointEnd {
    const receive = end.receiveFrame.bind(end);
    end.receiveFrame = (frame, nowUs) => {
      const before = end.events.length;
      receive(frame, nowUs);
      const bytes = Buffer.from(frame);
      this.captured.push({ number: this.captured.length + 1, line: tappedLine, atUs: nowUs, way, bytes });
      this.taken.push(takenOf(end.events.slice(before)));
    };
    return end;
  }
}

function takenOf(events: readonly EndpointEvent[]): Taken {
  return {
    messages: events.flatMap((event) => (event.kind === 'message' ? [event.message] : [])),
    refusals: events.flatMap((event) => (event.kind === 'refused' ? [event.refusal.code] : [])),
  };
}
