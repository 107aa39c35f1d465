/** A main and a sub controller as processes in a folder of their own, and the host commands that talk to them. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  type BenchProcess,
  type ProcessEnd,
  runProcess,
  startProcess,
  temporaryFolder,
} from '../../hil/bench/processes.js';

export interface PairOptions {
  readonly method?: 'copy' | 'differential' | 'streaming';
  /** Size of the volume as written on the command line. */
  readonly size?: string;
  /** Lines between the controllers; a Unix socket unless given. */
  readonly mainRemote?: string;
  readonly subRemote?: string;
  /** In place of the staging file. */
  readonly staging?: string;
  readonly keyFile?: string;
  /** Of the line between the controllers, where it is another one. */
  readonly remoteKeyFile?: string;
  /** That the controllers take. */
  readonly ciphers?: readonly string[];
}

export class Pair {
  readonly folder: string;
  readonly #options: PairOptions;
  readonly #remove: () => Promise<void>;
  readonly #started: BenchProcess[] = [];
  main: BenchProcess | undefined;
  sub: BenchProcess | undefined;

  private constructor(folder: { path: string; remove(): Promise<void> }, options: PairOptions) {
    this.folder = folder.path;
    this.#remove = () => folder.remove();
    this.#options = options;
  }

  static async make(options: (path: (name: string) => string) => PairOptions = () => ({})): Promise<Pair> {
    const folder = await temporaryFolder();
    return new Pair(
      folder,
      options((name) => join(folder.path, name)),
    );
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  get mainLine(): string {
    return `unix:${this.path('main.sock')}`;
  }

  get subLine(): string {
    return `unix:${this.path('sub.sock')}`;
  }

  async startMain(): Promise<BenchProcess> {
    const { method = 'differential', size = '4MiB', mainRemote = `unix-listen:${this.path('r.sock')}` } = this.#options;
    const areas = [
      '--primary',
      this.path('primary.img'),
      '--shadow',
      this.path('shadow.img'),
      '--meta',
      this.path('m.meta'),
    ];
    const lines = ['--host', `unix-listen:${this.path('main.sock')}`, '--remote', mainRemote];
    this.main = await this.start([
      'firmware',
      'main',
      ...lines,
      ...areas,
      '--size',
      size,
      '--method',
      method,
      ...this.#firmwareKeys(),
    ]);
    return this.main;
  }

  async startSub(): Promise<BenchProcess> {
    const {
      size = '4MiB',
      subRemote = `unix:${this.path('r.sock')}`,
      staging = this.path('staging.img'),
    } = this.#options;
    const areas = ['--staging', staging, '--secondary', this.path('secondary.img'), '--meta', this.path('s.meta')];
    const lines = ['--host', `unix-listen:${this.path('sub.sock')}`, '--remote', subRemote];
    this.sub = await this.start(['firmware', 'sub', ...lines, ...areas, '--size', size, ...this.#firmwareKeys()]);
    return this.sub;
  }

  async startBoth(): Promise<void> {
    await Promise.all([this.startMain(), this.startSub()]);
  }

  /** Starts any other process, which ends with the pair. */
  async start(args: readonly string[]): Promise<BenchProcess> {
    const started = await startProcess(args);
    this.#started.push(started);
    return started;
  }

  /** Runs a host command, and expects that it goes well. Returns what it printed. */
  async host(line: string, command: string, ...args: readonly string[]): Promise<string> {
    const end = await this.tryHost(line, command, ...args);
    expect(end.exitCode, `host ${command} ${args.join(' ')}: ${end.stderr}${this.logs()}`).to.equal(0);
    return end.stdout;
  }

  tryHost(line: string, command: string, ...args: readonly string[]): Promise<ProcessEnd> {
    return runProcess(['host', command, '--line', line, ...this.#key(), ...args]);
  }

  /** Writes random data at main; returns it. */
  async writeRandom(offset: number, length: number): Promise<Buffer> {
    const data = randomBytes(length);
    const file = this.path(`data-${offset}`);
    writeFileSync(file, data);
    await this.host(this.mainLine, 'write', '--offset', String(offset), '--from', file);
    return data;
  }

  /** Freezes; returns the generation. */
  async freeze(): Promise<string> {
    return (await this.host(this.mainLine, 'freeze')).trim();
  }

  waitStructured(generation: string): Promise<string> {
    const args = ['--generation', generation, '--for', 'structured', '--timeout', '15'];
    return this.host(this.mainLine, 'wait', ...args);
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  /** What the processes said on stderr, for messages of tests. */
  logs(): string {
    return `\nmain:\n${this.main?.stderr}\nsub:\n${this.sub?.stderr}`;
  }

  /** Kills whatever still runs and removes the folder. */
  async remove(): Promise<void> {
    await Promise.all(this.#started.map((each) => each.kill()));
    await this.#remove();
  }

  #firmwareKeys(): string[] {
    const { remoteKeyFile, ciphers = [] } = this.#options;
    const remote = remoteKeyFile === undefined ? [] : ['--remote-key-file', remoteKeyFile];
    return [...this.#key(), ...remote, ...ciphers.flatMap((cipher) => ['--cipher', cipher])];
  }

  #key(): string[] {
    return this.#options.keyFile === undefined ? [] : ['--key-file', this.#options.keyFile];
  }
}
