/** Opens a line, says hello for a while, and notes all that comes back. */
import { randomBytes } from 'node:crypto';
import type { PortName } from '../../protocol/device.js';
import { markOf } from '../../protocol/frame/frame.js';
import { type Refusal, type RefusalCode, RefusalError } from '../../protocol/refusals.js';
import type { Role } from '../../protocol/session/endpoint-types.js';
import { DeviceRunner } from '../run/device-runner.js';
import type { LineAddress } from '../run/lines/address.js';
import { type Line, whenOpen } from '../run/lines/line.js';
import { type OpenLineOptions, openLine } from '../run/lines/open-line.js';
import { framePayloadMaxOf } from '../run/lines/payload.js';
import type { Carried } from '../run/runner-port.js';
import { ProbeDevice } from './probe-device.js';

export interface ProbeOptions {
  readonly address: LineAddress;
  /** Who to say that one is. */
  readonly role: Role;
  readonly key?: Uint8Array | undefined;
  /** How long to wait for a session, in milliseconds. */
  readonly patienceMs: number;
  readonly lineOptions: OpenLineOptions;
  /** Called while the line is open. */
  readonly onOpen?: () => void;
  /** Ends the looking, with what was seen so far. */
  readonly signal?: AbortSignal;
}

/** What was seen at a line. */
export interface Observation {
  /** Why the line did not open. */
  readonly trouble: Refusal | undefined;
  /** Who is there, once a session was open. */
  readonly peer: Role | undefined;
  /** Why no session opened. */
  readonly refusal: Refusal | undefined;
  readonly framesSent: number;
  readonly bytesReceived: number;
  /** Runs between delimiters: opens and frames of a link, what is neither, and frames of our own. */
  readonly framesGood: number;
  readonly framesBad: number;
  readonly framesOwn: number;
  /** The first bytes that arrived. */
  readonly sample: Buffer;
}

const sampleBytesMax = 200;
/** Opens belong to no link yet. */
const openMark = 0;
/** How long a line may take to open at least, in milliseconds. */
const openMsMin = 1000;
/** Frames of our own after which a line is looped for certain. */
const ownFramesMin = 2;
/** After these no session will open: somebody has to change something. */
const final: ReadonlySet<RefusalCode> = new Set([
  ...(['version-mismatch', 'key-required', 'key-unknown', 'wrong-key', 'wrong-role', 'capability-missing'] as const),
]);

/** Looks at a line until it is clear what is there, or patience ends. Throws RefusalError `line-address`. */
export async function probeLine(options: ProbeOptions): Promise<Observation> {
  const { address, lineOptions, patienceMs, onOpen, signal } = options;
  const line = openLine(address, lineOptions);
  const probe = new Probe(line, options);
  const end = () => void probe.close();
  signal?.addEventListener('abort', end);
  if (signal?.aborted === true) end();
  try {
    await whenOpen(line, Math.max(patienceMs, openMsMin));
    onOpen?.();
    await probe.settled(patienceMs);
    return probe.observation(undefined);
  } catch (error) {
    if (!(error instanceof RefusalError)) throw error;
    return probe.observation(error.refusal);
  } finally {
    signal?.removeEventListener('abort', end);
    await probe.close();
  }
}

class Probe {
  readonly #runner: DeviceRunner;
  readonly #sent = new Set<string>();
  #settle: () => void = () => {};
  #peer: Role | undefined;
  #refusal: Refusal | undefined;
  #framesSent = 0;
  #bytesReceived = 0;
  /** How often each mark was seen; all frames of a link have the same, and runs of noise one each. */
  readonly #marks = new Map<number | undefined, number>();
  #own = 0;
  #sample = Buffer.alloc(0);

  constructor(line: Line, { address, role, key }: ProbeOptions) {
    const device = new ProbeDevice({
      ...{ role, key, framePayloadMax: framePayloadMaxOf(address), entropy: randomBytes(32) },
      onOpened: (peer) => {
        this.#peer = peer;
        this.#settle();
      },
      onRefused: (refusal) => this.#refused(refusal),
    });
    line.on('data', (bytes) => this.#arrived(bytes));
    this.#runner = new DeviceRunner({
      device,
      lines: new Map<PortName, Line>([['target', line]]),
      onFrame: (frame) => this.#carried(frame),
    });
    this.#runner.start();
  }

  /** Resolves when it is clear what is there, or after so long. */
  settled(patienceMs: number): Promise<void> {
    if (this.#peer !== undefined || this.#refusal !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, patienceMs);
      this.#settle = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  observation(trouble: Refusal | undefined): Observation {
    return {
      ...{ trouble, peer: this.#peer, refusal: this.#refusal, framesSent: this.#framesSent },
      ...{ bytesReceived: this.#bytesReceived, sample: this.#sample },
      ...{ ...this.#frames(), framesOwn: this.#own },
    };
  }

  #frames(): Pick<Observation, 'framesGood' | 'framesBad'> {
    let [framesGood, framesBad] = [0, 0];
    for (const [mark, count] of this.#marks) {
      if (mark === openMark || (mark !== undefined && count > 1)) framesGood += count;
      else framesBad += count;
    }
    return { framesGood, framesBad };
  }

  close(): Promise<void> {
    this.#settle();
    return this.#runner.stop();
  }

  #refused(refusal: Refusal): void {
    if (!final.has(refusal.code)) return;
    this.#refusal = refusal;
    this.#settle();
  }

  #arrived(bytes: Uint8Array): void {
    this.#bytesReceived += bytes.length;
    if (this.#sample.length < sampleBytesMax) {
      this.#sample = Buffer.concat([this.#sample, bytes]).subarray(0, sampleBytesMax);
    }
  }

  #carried({ way, bytes }: Carried): void {
    const text = Buffer.from(bytes).toString('latin1');
    if (way === 'out') {
      this.#framesSent += 1;
      this.#sent.add(text);
      return;
    }
    if (this.#sent.has(text)) {
      this.#own += 1;
      if (this.#own >= ownFramesMin) this.#settle();
      return;
    }
    const mark = markOf(bytes);
    this.#marks.set(mark, (this.#marks.get(mark) ?? 0) + 1);
  }
}
