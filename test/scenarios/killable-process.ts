/** A `coldframe` process that can be killed at any moment, also while it starts, and started again on its files. */
import { setTimeout as pause } from 'node:timers/promises';
import { type ProcessEnd, runProcess } from '../../hil/bench/processes.js';

interface Life {
  readonly pid: number;
  readonly ended: Promise<ProcessEnd>;
}

export class KillableProcess {
  readonly name: string;
  readonly #args: readonly string[];
  readonly #onFailed: (error: Error) => void;
  #life: Life | undefined;
  /** What its lives before this one said on stderr, the last characters of each. */
  #said = '';
  kills = 0;
  starts = 0;

  /** `onFailed` is told when it ends although nobody killed it. */
  constructor(name: string, args: readonly string[], onFailed: (error: Error) => void) {
    this.name = name;
    this.#args = args;
    this.#onFailed = onFailed;
  }

  start(): void {
    if (this.#life !== undefined) return;
    this.starts += 1;
    let pid = 0;
    const ended = runProcess(this.#args, {
      onStart: (child) => {
        pid = child.pid ?? 0;
      },
    });
    const life = { pid, ended };
    this.#life = life;
    void ended.then(({ exitCode, signal, stderr }) => {
      this.#said += `--- ${this.name}, start ${this.starts}, ended with ${exitCode ?? signal}\n${stderr.slice(-saidMax)}`;
      if (this.#life !== life) return;
      this.#life = undefined;
      this.#onFailed(new Error(`${this.name} ended by itself, with ${exitCode ?? signal}: ${stderr.slice(-saidMax)}`));
    });
  }

  /** Kills it, as a power cut would; resolves when it is gone. */
  async kill(): Promise<void> {
    const life = this.#life;
    if (life === undefined) return;
    this.#life = undefined;
    this.kills += 1;
    process.kill(life.pid, 'SIGKILL');
    await life.ended;
  }

  /** Kills it and starts it again; once more in the middle of that where `againMs` says so. */
  async restart(downMs: number, againMs?: number): Promise<void> {
    await this.kill();
    await pause(downMs);
    this.start();
    if (againMs === undefined) return;
    await pause(againMs);
    await this.restart(downMs);
  }

  /** Asks it to end; resolves with its exit code. */
  async stop(): Promise<number | undefined> {
    const life = this.#life;
    this.#life = undefined;
    if (life === undefined) return undefined;
    process.kill(life.pid, 'SIGTERM');
    return (await life.ended).exitCode;
  }

  /** What it has said since the beginning, but for the life that it is in. */
  get said(): string {
    return this.#said;
  }
}

const saidMax = 2000;
