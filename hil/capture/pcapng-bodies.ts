/** What stands in the blocks of a pcapng file that a reader has to know, in either order of bytes. */
import { directions, optionCodes, padded4, type Way } from './pcapng.js';

export interface InterfaceBody {
  readonly linkType: number;
  readonly name: string;
  readonly description: string;
  /** How many units of time are a second. */
  readonly unitsPerSecond: bigint;
}

export interface PacketBody<Interface> {
  readonly from: Interface;
  readonly atUs: number;
  readonly way: Way;
  readonly bytes: Buffer;
}

/** An interface description; undefined when it is too short. */
export function interfaceBody(body: Buffer, bigEndian: boolean): InterfaceBody | undefined {
  if (body.length < 8) return undefined;
  const options = optionsOf(body.subarray(8), bigEndian);
  const codes = optionCodes.interface;
  return {
    linkType: numbers(body, bigEndian).u16(0),
    name: options.get(codes.name)?.toString() ?? '',
    description: options.get(codes.description)?.toString() ?? '',
    unitsPerSecond: unitsPerSecond(options.get(codes.timeResolution)?.[0] ?? 6),
  };
}

/** An enhanced packet of one of the interfaces; undefined when it is not whole, or of none of them. */
export function packetBody<Interface extends Pick<InterfaceBody, 'unitsPerSecond'>>(
  body: Buffer,
  bigEndian: boolean,
  interfaces: readonly Interface[],
): PacketBody<Interface> | undefined {
  if (body.length < 20) return undefined;
  const { u32 } = numbers(body, bigEndian);
  const from = interfaces[u32(0)];
  const end = 20 + u32(12);
  if (from === undefined || end > body.length) return undefined;
  const units = (BigInt(u32(4)) << 32n) | BigInt(u32(8));
  const flags = optionsOf(body.subarray(20 + padded4(u32(12))), bigEndian).get(optionCodes.packet.flags);
  const inbound = flags?.length === 4 && (numbers(flags, bigEndian).u32(0) & 3) === directions.in;
  return {
    from,
    atUs: Number((units * 1_000_000n) / from.unitsPerSecond),
    way: inbound ? 'in' : 'out',
    bytes: body.subarray(20, end),
  };
}

/** The last of each option. A list that does not end as it should ends there. */
function optionsOf(bytes: Buffer, bigEndian: boolean): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  const { u16 } = numbers(bytes, bigEndian);
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = u16(at + 2);
    if (u16(at) === 0 || at + 4 + length > bytes.length) break;
    options.set(u16(at), bytes.subarray(at + 4, at + 4 + length));
    at += 4 + padded4(length);
  }
  return options;
}

/** Negative powers of ten, or of two where the highest bit is set. */
function unitsPerSecond(resolution: number): bigint {
  return (resolution & 0x80) === 0 ? 10n ** BigInt(resolution) : 2n ** BigInt(resolution & 0x7f);
}

function numbers(bytes: Buffer, bigEndian: boolean) {
  return {
    u16: (at: number) => (bigEndian ? bytes.readUInt16BE(at) : bytes.readUInt16LE(at)),
    u32: (at: number) => (bigEndian ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at)),
  };
}
