/**
 * The command `coldframe line`: an emulated serial line between two PTYs, for two processes that open them as ports.
 */
import { lstat, readlink, symlink, unlink } from 'node:fs/promises';
import { resolve } from 'node:path';
import { type Refusal, RefusalError } from '../../../protocol/refusals.js';
import { type CaptureFile, withCapture } from '../../capture/capture-file.js';
import { captureBytes } from './capture-bytes.js';
import { type Emulator, joinLines } from './emulator.js';
import { openPtyLine, type PtyLine } from './open-line.js';

export interface LineCommandOptions {
  /** Bits per second; without it the line is as fast as it can. */
  readonly baud?: number;
  readonly latencyMs: number;
  readonly bitErrorRate: number;
  readonly dropRate: number;
  readonly seed: string | number;
  /** Names to link the two ends to; links to PTYs that are there are replaced, nothing else is. */
  readonly linkA?: string;
  readonly linkB?: string;
  /** A file for the frames that arrive at the two ends. */
  readonly capture?: string;
  /** Hears of a capture that ends early. */
  readonly onCaptureTrouble?: (refusal: Refusal) => void;
}

/** Where the command writes; a terminal also gets a running count of bytes. */
export interface LineCommandOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** How often the count on a terminal is renewed, in milliseconds. */
const countMs = 500;

/**
 * Runs until SIGINT, SIGTERM or SIGHUP, then removes the links. Returns the exit code: 130 after SIGINT, otherwise 0. Throws
 * RefusalError `argument-invalid` when a link's name is taken or given twice, `line-unavailable` when there are no PTYs,
 * and as CaptureFile does.
 */
export async function runLine(options: LineCommandOptions, out: LineCommandOutput): Promise<number> {
  checkLinks(options);
  const { onCaptureTrouble = () => {} } = options;
  return withCapture(options.capture, onCaptureTrouble, (capture) => carryLine(options, out, capture));
}

async function carryLine(options: LineCommandOptions, out: LineCommandOutput, capture: CaptureFile | undefined) {
  const ended = endSignal();
  const ends: PtyLine[] = [];
  const links: { path: string; target: string }[] = [];
  let count: NodeJS.Timeout | undefined;
  try {
    const a = openPtyLine({ kind: 'pty' });
    ends.push(a);
    const b = openPtyLine({ kind: 'pty' });
    ends.push(b);
    const emulator = joined(a, b, options, capture);
    const named = [['--link-a', options.linkA, a.path] as const, ['--link-b', options.linkB, b.path] as const];
    for (const [option, path, target] of named) {
      if (path !== undefined) links.push(await link(option, path, target));
    }
    out.write(`A  ${nameOf(options.linkA, a)}\nB  ${nameOf(options.linkB, b)}\n`);
    if (out.isTTY === true) count = setInterval(() => out.write(`\r${countsOf(emulator)}\x1b[K`), countMs);
    const signal = await ended.signal;
    out.write(`${out.isTTY === true ? '\n' : ''}${countsOf(emulator)}\n`);
    emulator.stop();
    return signal === 'SIGINT' ? 130 : 0;
  } finally {
    clearInterval(count);
    ended.stop();
    for (const each of links) await unlinkOwn(each);
    await Promise.all(ends.map((end) => end.close()));
  }
}

function checkLinks({ linkA, linkB }: LineCommandOptions): void {
  if (linkA === undefined || linkB === undefined || resolve(linkA) !== resolve(linkB)) return;
  throw new RefusalError(
    'argument-invalid',
    `--link-a, --link-b: ${linkA} is given for both ends, which need a name each`,
  );
}

function joined(a: PtyLine, b: PtyLine, options: LineCommandOptions, capture: CaptureFile | undefined): Emulator {
  const line = capture?.line({ name: 'A–B', from: 'A', to: 'B' });
  const captured = line === undefined ? {} : { onArrived: captureBytes(line) };
  try {
    return joinLines(a, b, { ...options, ...captured, latencyUs: Math.round(options.latencyMs * 1000) });
  } catch (error) {
    if (error instanceof RangeError) throw new RefusalError('argument-invalid', error.message);
    throw error;
  }
}

function nameOf(link: string | undefined, end: PtyLine): string {
  return link === undefined ? `serial:${end.path}` : `serial:${link} -> ${end.path}`;
}

function countsOf({ aToB, bToA }: Emulator): string {
  const wrong = aToB.flippedBits + bToA.flippedBits;
  const lost = aToB.droppedBytes + bToA.droppedBytes;
  return `A to B ${aToB.carriedBytes} bytes, B to A ${bToA.carriedBytes} bytes, ${wrong} bits flipped, ${lost} bytes lost`;
}

type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';
const endSignals: readonly EndSignal[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

function endSignal(): { signal: Promise<EndSignal>; stop: () => void } {
  let onSignal: (signal: EndSignal) => void = () => {};
  const signal = new Promise<EndSignal>((end) => {
    onSignal = end;
  });
  for (const each of endSignals) process.on(each, onSignal);
  const stop = () => {
    for (const each of endSignals) process.off(each, onSignal);
  };
  return { signal, stop };
}

/** Links `path` to a PTY, in place of a link that another run left behind. */
async function link(option: string, path: string, target: string): Promise<{ path: string; target: string }> {
  try {
    const stats = await lstat(path).catch(absent);
    if (stats !== undefined) {
      const isOurs = stats.isSymbolicLink() && (await readlink(path)).startsWith('/dev/pts/');
      if (!isOurs)
        throw new RefusalError('argument-invalid', `${option}: ${path} is there and is no link to a PTY; name another`);
      await unlink(path);
    }
    await symlink(target, path);
    return { path, target };
  } catch (error) {
    if (error instanceof RefusalError) throw error;
    throw new RefusalError('argument-invalid', `${option}: cannot link ${path}: ${(error as Error).message}`);
  }
}

/** Removes a link that still is ours: another run may have replaced it. */
async function unlinkOwn({ path, target }: { path: string; target: string }): Promise<void> {
  if ((await readlink(path).catch(absent)) === target) await unlink(path);
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
