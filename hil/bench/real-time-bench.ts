/** What benches in real time share: two hosts at the ends of lines, and a clock that runs by itself. */
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import type { HostClient } from '../../host/client.js';
import type { RefusalError } from '../../protocol/refusals.js';
import type { AreaName } from '../report/block-states.js';
import type { LineRecord } from '../report/run-record.js';
import { nowUs } from '../run/clock.js';
import {
  type Bench,
  type BenchAbilities,
  type BenchKind,
  type BenchMark,
  type BenchModels,
  type BenchShape,
  type DiskError,
  hostLineNames,
  type Powered,
} from './bench.js';
import type { HostEnd } from './host-end.js';
import type { Relay } from './relay.js';

export abstract class RealTimeBench implements Bench {
  abstract readonly kind: BenchKind;
  abstract readonly shape: BenchShape;
  abstract readonly can: BenchAbilities;
  abstract readonly models: BenchModels | undefined;
  readonly #startUs = nowUs();
  readonly #markListeners: ((mark: BenchMark) => void)[] = [];
  #closing: Promise<void> | undefined;

  protected abstract readonly hostEnd: HostEnd;
  protected abstract readonly subHostEnd: HostEnd;
  protected abstract readonly remote: Relay | undefined;
  /** Stops what the bench has started; hosts and the relay are closed already. */
  protected abstract stop(): Promise<void>;
  abstract powerCut(role: Powered): Promise<void>;
  abstract powerOn(role: Powered): Promise<void>;
  abstract failDisk(error: DiskError): Promise<void>;
  abstract readArea(area: AreaName, volume: number, offsetBytes: number, lengthBytes: number): Promise<Buffer>;

  get host(): HostClient {
    return this.hostEnd.client;
  }

  get subHost(): HostClient {
    return this.subHostEnd.client;
  }

  run<T>(promise: Promise<T>): Promise<T> {
    return promise;
  }

  nowUs(): number {
    return nowUs() - this.#startUs;
  }

  async pass(us: number, signal?: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = setTimeout(end, us / 1000);
      signal?.addEventListener('abort', end, { once: true });
      if (signal?.aborted === true) end();
    });
  }

  cutRemote(): void {
    this.#relay().cut();
  }

  restoreRemote(): void {
    this.#relay().restore();
  }

  lines(): readonly LineRecord[] {
    const { hostEnd: end } = this;
    const host = { name: hostLineNames.main, address: this.hostAddress, bytesSent: end.bytesSent };
    return [
      ...(this.remote === undefined ? [] : [this.remote.record]),
      { ...host, bytesReceived: end.bytesReceived, ...end.taps.record },
    ];
  }

  onMark(listener: (mark: BenchMark) => void): void {
    this.#markListeners.push(listener);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** How the line to main is named in reports. */
  protected abstract readonly hostAddress: string;

  protected hostOf(role: Powered): HostEnd {
    return role === 'main' ? this.hostEnd : this.subHostEnd;
  }

  protected mark(mark: BenchMark): void {
    if (mark.values.port === 'remote') this.remote?.taps.mark(mark, 'main');
    for (const listener of this.#markListeners) listener(mark);
  }

  protected unable(what: string): RefusalError {
    return new AdvisedRefusal(
      'capability-missing',
      `this bench cannot ${what}`,
      'Take a bench that can: docs/bench.md says how.',
    );
  }

  #relay(): Relay {
    if (this.remote === undefined) throw this.unable('cut the line between the controllers');
    return this.remote;
  }

  async #close(): Promise<void> {
    await Promise.all([this.hostEnd.close(), this.subHostEnd.close()]);
    await this.stop();
    await this.remote?.close();
  }
}
