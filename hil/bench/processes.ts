/**
 * Processes of a bench: `coldframe` run as others would run it, with its ready line read, its stderr kept, and its end
 * awaited. Whatever still runs when this process ends is killed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RefusalError } from '../../protocol/refusals.js';

export interface ProcessEnd {
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined;
  readonly signal: NodeJS.Signals | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface StartOptions {
  readonly cwd?: string;
  /** How long to wait for the ready line, in milliseconds. */
  readonly readyMsMax?: number;
  /** It takes orders on its stdin. */
  readonly console?: boolean;
}

const mainScript = fileURLToPath(new URL('../cli/main.js', import.meta.url));
const readyMsDefault = 15_000;
/** Characters of stdout and stderr that are kept of each process: the last ones. */
const charactersMax = 2 ** 20;
const running = new Set<ChildProcess>();

const folders = new Set<string>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
  for (const path of folders) rmSync(path, { recursive: true, force: true, maxRetries: 3 });
});

/** A `coldframe` process that has printed its first line. */
export class BenchProcess {
  /** Its first line on stdout. */
  readonly ready: string;
  readonly pid: number;
  readonly #output: Output;

  constructor(ready: string, output: Output) {
    this.ready = ready;
    this.pid = output.child.pid ?? 0;
    this.#output = output;
  }

  /** The value of a `name=value` in the ready line, such as the line that `host=` names; empty when it has none. */
  readyValue(name: string): string {
    const word = this.ready.split(' ').find((each) => each.startsWith(`${name}=`));
    return word?.slice(name.length + 1) ?? '';
  }

  get stdout(): string {
    return this.#output.stdout;
  }

  get stderr(): string {
    return this.#output.stderr;
  }

  /** Gives an order on its console, and waits for the answer. Throws `process-ended` when the process ends before. */
  async order(line: string): Promise<string> {
    const { child, nextLine } = this.#output;
    const answer = nextLine();
    child.stdin?.write(`${line}\n`);
    const found = await Promise.race([answer, this.ended]);
    if (typeof found === 'string') return found;
    throw new RefusalError('process-ended', `while it was told ${line}`);
  }

  /** Resolves when the process has ended, however it did. */
  get ended(): Promise<ProcessEnd> {
    return this.#output.ended;
  }

  /** Asks it to end, as Ctrl-C or a service manager would. */
  stop(signal: 'SIGTERM' | 'SIGINT' = 'SIGTERM'): Promise<ProcessEnd> {
    this.#output.child.kill(signal);
    return this.ended;
  }

  /** Kills it, as a power cut would. */
  kill(): Promise<ProcessEnd> {
    this.#output.child.kill('SIGKILL');
    return this.ended;
  }
}

/** Starts `coldframe …` and waits for its first line on stdout. Throws `process-ended` when it ends before. */
export async function startProcess(
  args: readonly string[],
  { cwd, readyMsMax = readyMsDefault, console = false }: StartOptions = {},
): Promise<BenchProcess> {
  const output = launch(args, cwd, console ? 'pipe' : 'ignore');
  const timer = setTimeout(() => output.child.kill('SIGKILL'), readyMsMax);
  const line = await Promise.race([output.nextLine(), output.ended]).finally(() => clearTimeout(timer));
  if (typeof line === 'string') return new BenchProcess(line, output);
  const how = line.exitCode === undefined ? `ended by ${line.signal}` : `exit code ${line.exitCode}`;
  throw new RefusalError('process-ended', `coldframe ${args.slice(0, 2).join(' ')}: ${how}: ${line.stderr.trim()}`);
}

export interface RunOptions extends Pick<StartOptions, 'cwd'> {
  /** Called when the process runs: to send it signals. */
  readonly onStart?: (process: { readonly pid?: number | undefined }) => void;
}

/** Runs `coldframe …` to its end. */
export function runProcess(args: readonly string[], { cwd, onStart }: RunOptions = {}): Promise<ProcessEnd> {
  const { child, ended } = launch(args, cwd, 'ignore');
  onStart?.(child);
  return ended;
}

/** A new folder for the files and sockets of a bench, and how to remove it; the end of this process removes it too. */
export async function temporaryFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'coldframe-'));
  folders.add(path);
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      folders.delete(path);
    },
  };
}

interface Output {
  readonly child: ChildProcess;
  stdout: string;
  stderr: string;
  /** The next line on stdout that nobody else waits for; lines that nobody waits for are passed over. */
  readonly nextLine: () => Promise<string>;
  readonly ended: Promise<ProcessEnd>;
}

function launch(args: readonly string[], cwd: string | undefined, stdin: 'pipe' | 'ignore'): Output {
  const child = spawn(process.execPath, ['--enable-source-maps', mainScript, ...args], {
    ...(cwd === undefined ? {} : { cwd }),
    stdio: [stdin, 'pipe', 'pipe'],
  });
  running.add(child);
  // An order to a process that has ended is lost: its end says so.
  child.stdin?.on('error', () => {});
  const waiting: ((line: string) => void)[] = [];
  const nextLine = () => new Promise<string>((resolve) => waiting.push(resolve));
  let partOfLine = '';
  const ended = new Promise<ProcessEnd>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      running.delete(child);
      const { stdout, stderr } = output;
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined, stdout, stderr });
    });
  });
  const output: Output = { child, stdout: '', stderr: '', nextLine, ended };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output.stdout = (output.stdout + text).slice(-charactersMax);
    const lines = (partOfLine + text).split('\n');
    partOfLine = (lines.pop() ?? '').slice(-charactersMax);
    for (const line of lines) waiting.shift()?.(line);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    output.stderr = (output.stderr + text).slice(-charactersMax);
  });
  return output;
}
