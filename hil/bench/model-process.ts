/** A model of a controller as a process of its own: `coldframe firmware …` over files in a folder. */
import { RefusalError } from '../../protocol/refusals.js';
import type { Cipher } from '../../protocol/session/ciphers.js';
import type { Compress } from '../run/compress.js';
import { type ErrorOrder, errorOrderText } from '../run/disks/arm-errors.js';
import type { BenchShape, Powered, SlotAreaBytes } from './bench.js';
import type { ModelAreas } from './model-areas.js';
import { type BenchProcess, startProcess } from './processes.js';

export interface ModelProcessOptions {
  readonly role: Powered;
  readonly shape: BenchShape & SlotAreaBytes;
  readonly areas: ModelAreas;
  readonly host: string;
  readonly remote: string;
  /** Of its two lines. */
  readonly keyFiles: { readonly host: string | undefined; readonly remote: string | undefined };
  readonly compress: Compress;
  /** None for all. */
  readonly ciphers: readonly Cipher[];
  /** The process has ended although nobody wanted it to. */
  readonly onEnded: (error: RefusalError) => void;
}

export class ModelProcess {
  readonly #options: ModelProcessOptions;
  #process: BenchProcess | undefined;

  constructor(options: ModelProcessOptions) {
    this.#options = options;
  }

  /** Starts it, over what its files hold. Throws `process-ended` when it does not come up. */
  async powerOn(): Promise<void> {
    if (this.#process !== undefined) return;
    const started = await startProcess(this.#arguments(), { console: true });
    this.#process = started;
    void started.ended.then(({ exitCode, signal, stderr }) => {
      if (this.#process !== started) return;
      this.#process = undefined;
      const how = exitCode === undefined ? `ended by ${signal}` : `exit code ${exitCode}`;
      const last = stderr.trim().split('\n').at(-1) ?? '';
      this.#options.onEnded(new RefusalError('process-ended', `${this.#options.role}: ${how}: ${last}`));
    });
  }

  /** Kills it at once: what it has not flushed is gone. */
  async powerCut(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    await running?.kill();
  }

  /** Asks it to end, and waits for that. */
  async stop(): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    await running?.stop();
  }

  /** Lets commands to one of its disks fail. Throws what it refuses the order with. */
  async failDisk(order: ErrorOrder): Promise<void> {
    const answer = (await this.#process?.order(errorOrderText(order))) ?? 'it has no power';
    if (answer !== 'ok') throw new RefusalError('capability-missing', `${this.#options.role}: ${answer}`);
  }

  #arguments(): string[] {
    const { role, shape, areas, host, remote, keyFiles, ciphers, compress } = this.#options;
    const [volume, slots] = role === 'main' ? (['primary', 'shadow'] as const) : (['secondary', 'staging'] as const);
    const slotBytes = role === 'main' ? shape.shadowBytes : shape.stagingBytes;
    const volumes = shape.volumes.flatMap((bytes, number) => [
      ...[`--${volume}`, areas.area(volume, number), `--${slots}`, areas.area(slots, number)],
      ...['--size', String(bytes)],
    ]);
    const isSealed = (keyFiles.host ?? keyFiles.remote) !== undefined;
    return [
      ...['firmware', role, '--console', '--host', host, '--remote', remote, '--meta', areas.meta(role)],
      ...['--block', String(shape.blockBytes), ...volumes, '--compress', compress],
      ...(role === 'main' ? ['--method', shape.method] : []),
      ...(slotBytes === undefined ? [] : [`--${slots}-size`, String(slotBytes)]),
      ...(keyFiles.host === undefined ? [] : ['--host-key-file', keyFiles.host]),
      ...(keyFiles.remote === undefined ? [] : ['--remote-key-file', keyFiles.remote]),
      ...(isSealed ? ciphers.flatMap((cipher) => ['--cipher', cipher]) : []),
    ];
  }
}
