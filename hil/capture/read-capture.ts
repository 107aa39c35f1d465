/** Reads the frames of a capture: of a file that `--capture` wrote, or that Wireshark wrote from one. */
import { closeSync, openSync, readSync } from 'node:fs';
import { errorOfFile } from '../../host/golden/file-refusal.js';
import { RefusalError } from '../../protocol/refusals.js';
import { blockTypes, byteOrderMagic, linkType, type Way } from './pcapng.js';
import { type InterfaceBody, interfaceBody, packetBody } from './pcapng-bodies.js';

export interface CaptureLine {
  readonly name: string;
  /** Whose frames are outbound and whose inbound, where the capture says so. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly virtualTime: boolean;
}

export interface CapturedFrame {
  /** Of the packet in its file, from 1, as Wireshark counts. */
  readonly number: number;
  readonly line: CaptureLine;
  /** Microseconds since 1970, or since virtual time began. */
  readonly atUs: number;
  readonly way: Way;
  /** The frame, encoded, without its delimiter. */
  readonly bytes: Buffer;
}

/** No block of ours is longer; what claims to be is no capture. */
const blockBytesMax = 2 ** 24;
const blockBytesMin = 12;

/**
 * The frames, in the order of the file. A last block that is cut off, as a killed process leaves it, ends them. Throws
 * RefusalError `capture-invalid` with the place, `file-missing`, `file-unreadable`.
 */
export function* readCapture(path: string): Generator<CapturedFrame> {
  const file = refusing(path, () => openSync(path, 'r'));
  try {
    yield* framesOf(blocksOf(file, path), path);
  } finally {
    closeSync(file);
  }
}

interface Block {
  readonly at: number;
  readonly type: number;
  /** Between the two lengths. */
  readonly body: Buffer;
  readonly bigEndian: boolean;
}

function* framesOf(blocks: Iterable<Block>, path: string): Generator<CapturedFrame> {
  let interfaces: (InterfaceBody & { readonly line: CaptureLine })[] = [];
  let number = 0;
  for (const { at, type, body, bigEndian } of blocks) {
    if (type === blockTypes.section) interfaces = [];
    else if (type === blockTypes.interface) {
      const read = interfaceBody(body, bigEndian) ?? invalid(path, at, 'an interface description that is too short');
      interfaces.push({ ...read, line: lineOf(read, interfaces.length) });
    } else if (type === blockTypes.packet) {
      number += 1;
      const { from, ...packet } =
        packetBody(body, bigEndian, interfaces) ?? invalid(path, at, 'a packet that is wrong');
      if (from.linkType === linkType) yield { number, line: from.line, ...packet };
    }
  }
}

function lineOf({ name, description }: InterfaceBody, index: number): CaptureLine {
  const [, from, to, time] = /^outbound: (\S+) to ([^\s,]+)(, virtual time)?$/.exec(description) ?? [];
  return { name: name === '' ? `line ${index}` : name, from, to, virtualTime: time !== undefined };
}

/** Cuts the file into blocks, whatever their types. */
function* blocksOf(file: number, path: string): Generator<Block> {
  let bigEndian = false;
  for (let at = 0; ; ) {
    const head = bytesAt(file, at, 12, path);
    if (head === undefined) {
      if (at === 0) invalid(path, 0, 'no section header');
      return;
    }
    // The type of a section header reads the same either way; what follows it tells the order of bytes.
    if (head.readUInt32LE(0) === blockTypes.section) bigEndian = orderOf(head) ?? invalid(path, at, 'no byte order');
    else if (at === 0) invalid(path, 0, 'no section header');
    const number = (offset: number) => (bigEndian ? head.readUInt32BE(offset) : head.readUInt32LE(offset));
    const length = number(4);
    if (length < blockBytesMin || length > blockBytesMax || length % 4 !== 0) {
      invalid(path, at, `a block of ${length} bytes`);
    }
    const block = bytesAt(file, at, length, path);
    if (block === undefined) return;
    yield { at, type: number(0), body: block.subarray(8, -4), bigEndian };
    at += length;
  }
}

function orderOf(head: Buffer): boolean | undefined {
  if (head.readUInt32LE(8) === byteOrderMagic) return false;
  return head.readUInt32BE(8) === byteOrderMagic ? true : undefined;
}

/** So many bytes, or undefined when the file ends before. */
function bytesAt(file: number, at: number, length: number, path: string): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(length);
  for (let got = 0; got < length; ) {
    const more = refusing(path, () => readSync(file, bytes, got, length - got, at + got));
    if (more === 0) return undefined;
    got += more;
  }
  return bytes;
}

function refusing<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw errorOfFile(error, path);
  }
}

function invalid(path: string, at: number, what: string): never {
  throw new RefusalError('capture-invalid', `${path}: ${what} at byte ${at}`);
}
