/**
 * A capture: a pcapng file of the frames of one or several lines, written as they pass. What a run or a device sees is
 * in the file at the end of the turn in which it was seen, so that a killed process leaves all but the last moment.
 *
 * A capture holds what was on its lines and the names of these, and nothing else: no command line and no seed, since
 * the key of an encrypted run in virtual time comes from its seed.
 */

import { closeSync, constants, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs';
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import { errorOfFile, refusalOfFile } from '../../host/golden/file-refusal.js';
import type { Refusal } from '../../protocol/refusals.js';
import { version } from '../version.js';
import { blockTypes, enhancedPacket, interfaceDescription, sectionHeader, type Way } from './pcapng.js';

export interface CapturedLineName {
  readonly name: string;
  /** Whose frames are outbound, and whose are inbound: roles, or ends of a cable. */
  readonly from: string;
  readonly to: string;
  /** Times count from the beginning of a run in virtual time, and not from 1970. */
  readonly virtualTime?: boolean;
}

/** Takes the frames of one line. */
export interface LineCapture {
  /** A frame without its delimiter, and when it passed, in microseconds. */
  take(way: Way, bytes: Uint8Array, atUs: number): void;
}

/** Bytes that wait for the end of the turn at most. */
const waitingBytesMax = 2 ** 20;

export class CaptureFile {
  readonly path: string;
  readonly #onTrouble: (refusal: Refusal) => void;
  /** Undefined once the capture has ended. */
  #file: number | undefined;
  #lines = 0;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #scheduled: NodeJS.Immediate | undefined;

  /**
   * Makes the file, in the place of a capture that was there. Throws RefusalError `capture-invalid` for what is no
   * capture, `file-missing` and `file-unreadable`. `onTrouble` hears of a file that can be written no more: the capture
   * ends there, and what is captured goes on.
   */
  constructor(path: string, onTrouble: (refusal: Refusal) => void) {
    this.path = path;
    this.#onTrouble = onTrouble;
    this.#file = create(path);
    this.#write(sectionHeader(`coldframe ${version()}`));
    process.on('exit', this.#flush);
  }

  /** A line of its own name. */
  line({ name, from, to, virtualTime = false }: CapturedLineName): LineCapture {
    const line = this.#lines;
    this.#lines += 1;
    this.#write(interfaceDescription(name, `outbound: ${from} to ${to}${virtualTime ? ', virtual time' : ''}`));
    return { take: (way, bytes, atUs) => this.#write(enhancedPacket({ line, way, bytes, atUs })) };
  }

  /** Writes what waits; nothing is captured afterwards. May be called again. */
  close(): void {
    this.#flush();
    this.#end();
  }

  #write(block: Buffer): void {
    if (this.#file === undefined) return;
    this.#waiting.push(block);
    this.#waitingBytes += block.length;
    if (this.#waitingBytes > waitingBytesMax) this.#flush();
    else this.#scheduled ??= setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    clearImmediate(this.#scheduled);
    this.#scheduled = undefined;
    if (this.#file === undefined || this.#waitingBytes === 0) return;
    const bytes = Buffer.concat(this.#waiting, this.#waitingBytes);
    this.#waiting = [];
    this.#waitingBytes = 0;
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#file, bytes, at);
    } catch (error) {
      const refusal = refusalOfFile(error, this.path);
      this.#end();
      if (refusal === undefined) throw error;
      this.#onTrouble(refusal);
    }
  };

  #end(): void {
    process.off('exit', this.#flush);
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** Carries out `work` with a capture, if there is to be one, and closes it whatever happens. Throws as its constructor. */
export async function withCapture<Result>(
  path: string | undefined,
  onTrouble: (refusal: Refusal) => void,
  work: (capture: CaptureFile | undefined) => Promise<Result>,
): Promise<Result> {
  if (path === undefined) return work(undefined);
  const capture = new CaptureFile(path, onTrouble);
  try {
    return await work(capture);
  } finally {
    capture.close();
  }
}

/** Opens the file and empties it, once it is known to be nothing but a capture: frames may hold data of volumes. */
function create(path: string): number {
  try {
    const file = openSync(path, constants.O_RDWR | constants.O_CREAT | (constants.O_NONBLOCK ?? 0), 0o600);
    if (isReplaceable(file)) {
      ftruncateSync(file);
      return file;
    }
    closeSync(file);
  } catch (error) {
    throw errorOfFile(error, path);
  }
  throw new AdvisedRefusal(
    'capture-invalid',
    `${path} is there and is no capture; it is left alone`,
    'Name another file, or move that one away.',
  );
}

function isReplaceable(file: number): boolean {
  const stats = fstatSync(file);
  if (!stats.isFile()) return false;
  if (stats.size === 0) return true;
  const type = Buffer.alloc(4);
  return readSync(file, type, 0, 4, 0) === 4 && type.readUInt32LE(0) === blockTypes.section;
}
