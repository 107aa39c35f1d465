/**
 * The blocks of pcapng that a capture is made of (draft-ietf-opsawg-pcapng, section 4), little-endian:
 *
 *     0        4        8                                  n-4      n
 *     +--------+--------+-------------------+--------------+--------+
 *     | type   | n      | body, to 4 bytes  | options      | n      |
 *     +--------+--------+-------------------+--------------+--------+
 *
 * A section header, then one interface description for each line, then one enhanced packet for each frame.
 */

/** LINKTYPE_USER0: bytes that the reader knows how to take. Here frames, encoded, without their delimiter. */
export const linkType = 147;

export const blockTypes = { section: 0x0a0d0d0a, interface: 1, packet: 6 } as const;
/** What tells the order of bytes in a section. */
export const byteOrderMagic = 0x1a2b3c4d;

/** Options by block: each number means something else in another block. */
export const optionCodes = {
  section: { application: 4 },
  interface: { name: 2, description: 3, timeResolution: 9 },
  packet: { flags: 2 },
} as const;
const endOfOptions = 0;

/** Bits 0 and 1 of a packet's flags: which way it went, seen from the interface. */
export const directions = { in: 1, out: 2 } as const;
export type Way = keyof typeof directions;

/** Powers of ten: microseconds. */
const microseconds = 6;
const headerBytes = 8;
const packetBytes = 20;
const flagsBytes = 12;
const trailerBytes = 4;

/** The beginning of a capture; `application` names who wrote it. */
export function sectionHeader(application: string): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(byteOrderMagic, 0);
  body.writeUInt16LE(1, 4); // version 1.0
  body.writeBigInt64LE(-1n, 8); // of a length that is not known yet
  return block(blockTypes.section, body, [text(optionCodes.section.application, application)]);
}

/** A line; packets name it by the number of interface descriptions before it. */
export function interfaceDescription(name: string, description: string): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(linkType, 0);
  const codes = optionCodes.interface;
  return block(blockTypes.interface, body, [
    text(codes.name, name),
    text(codes.description, description),
    option(codes.timeResolution, Buffer.of(microseconds)),
  ]);
}

export interface Packet {
  /** Index of the interface description. */
  readonly line: number;
  /** Microseconds since 1970, or since virtual time began. */
  readonly atUs: number;
  readonly way: Way;
  readonly bytes: Uint8Array;
}

/** A frame. Written in one piece, as there are many of them. */
export function enhancedPacket({ line, atUs, way, bytes }: Packet): Buffer {
  const padded = padded4(bytes.length);
  const length = headerBytes + packetBytes + padded + flagsBytes + trailerBytes;
  const into = Buffer.alloc(length);
  into.writeUInt32LE(blockTypes.packet, 0);
  into.writeUInt32LE(length, 4);
  into.writeUInt32LE(line, 8);
  into.writeUInt32LE(Math.floor(atUs / 0x1_0000_0000), 12);
  into.writeUInt32LE(atUs % 0x1_0000_0000, 16);
  into.writeUInt32LE(bytes.length, 20);
  into.writeUInt32LE(bytes.length, 24);
  into.set(bytes, headerBytes + packetBytes);
  const flagsAt = headerBytes + packetBytes + padded;
  into.writeUInt16LE(optionCodes.packet.flags, flagsAt);
  into.writeUInt16LE(4, flagsAt + 2);
  into.writeUInt32LE(directions[way], flagsAt + 4);
  into.writeUInt32LE(length, length - trailerBytes);
  return into;
}

/** So many bytes with the padding behind them. */
export const padded4 = (bytes: number): number => (bytes + 3) & ~3;

function block(type: number, body: Buffer, options: readonly Buffer[]): Buffer {
  const parts = [body, ...options, option(endOfOptions, Buffer.alloc(0))];
  const length = parts.reduce((sum, part) => sum + part.length, headerBytes + trailerBytes);
  const head = Buffer.alloc(headerBytes);
  head.writeUInt32LE(type >>> 0, 0);
  head.writeUInt32LE(length, 4);
  const tail = Buffer.alloc(trailerBytes);
  tail.writeUInt32LE(length, 0);
  return Buffer.concat([head, ...parts, tail], length);
}

const text = (code: number, value: string): Buffer => option(code, Buffer.from(value));

function option(code: number, value: Buffer): Buffer {
  const into = Buffer.alloc(4 + padded4(value.length));
  into.writeUInt16LE(code, 0);
  into.writeUInt16LE(value.length, 2);
  value.copy(into, 4);
  return into;
}
