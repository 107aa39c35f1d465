/**
 * READ CAPACITY data and GET LBA STATUS data, both ways (SBC-3, clauses 5.16, 5.17 and 5.6), and REPORT LUNS data.
 */
import { sectorBytes } from '../ids.js';
import type { UnitLimits } from './unit-profile.js';

/** READ CAPACITY (10): 8 bytes; the last LBA is FFFFFFFFh when it doesn't fit, and READ CAPACITY (16) has to be asked. */
export function capacityData10(capacitySectors: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeUInt32BE(Math.min(capacitySectors - 1, 0xffffffff), 0);
  data.writeUInt32BE(sectorBytes, 4);
  return data;
}

/** READ CAPACITY (16): 32 bytes, with LBPME and LBPRZ: sectors can be unmapped, and read as zeros then. */
export function capacityData16(capacitySectors: number, limits: UnitLimits): Buffer {
  const data = Buffer.alloc(32);
  writeLba(data, capacitySectors - 1, 0);
  data.writeUInt32BE(sectorBytes, 8);
  data.writeUInt8(limits.physicalBlockExponent, 13);
  data.writeUInt8(0xc0, 14);
  return data;
}

/**
 * Capacity in sectors out of READ CAPACITY (16) data, or undefined when the data is too short, of other sectors, or of
 * more bytes than a number holds exactly.
 */
export function decodeCapacity16(data: Uint8Array): number | undefined {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length < 12 || bytes.readUInt32BE(8) !== sectorBytes) return undefined;
  const capacitySectors = readLba(bytes, 0) + 1;
  return Number.isSafeInteger(capacitySectors * sectorBytes) ? capacitySectors : undefined;
}

/** A run of sectors with one provisioning status. */
export interface LbaStatus {
  readonly lba: number;
  readonly sectors: number;
  readonly status: 'mapped' | 'deallocated';
}

const statusHeaderBytes = 8;
const statusDescriptorBytes = 16;

/** How many runs an allocation length has room for: at least one is always found out. */
export function lbaStatusRoom(allocationBytes: number): number {
  return Math.max(1, Math.floor((allocationBytes - statusHeaderBytes) / statusDescriptorBytes));
}

/** GET LBA STATUS data, not yet cut to the allocation length. A run has at most FFFFFFFFh sectors. */
export function lbaStatusData(runs: readonly LbaStatus[]): Buffer {
  const data = Buffer.alloc(statusHeaderBytes + runs.length * statusDescriptorBytes);
  data.writeUInt32BE(data.length - 4, 0);
  for (const [index, { lba, sectors, status }] of runs.entries()) {
    const at = statusHeaderBytes + index * statusDescriptorBytes;
    writeLba(data, lba, at);
    data.writeUInt32BE(Math.min(sectors, 0xffffffff), at + 8);
    data.writeUInt8(status === 'mapped' ? 0 : 1, at + 12);
  }
  return data;
}

/** The runs of GET LBA STATUS data; a run cut short by the allocation length is left out. Anchored counts as deallocated. */
export function decodeLbaStatus(data: Uint8Array): LbaStatus[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  const runs: LbaStatus[] = [];
  for (let at = statusHeaderBytes; at + statusDescriptorBytes <= bytes.length; at += statusDescriptorBytes) {
    const status = (bytes.readUInt8(at + 12) & 0x0f) === 0 ? 'mapped' : 'deallocated';
    runs.push({ lba: readLba(bytes, at), sectors: bytes.readUInt32BE(at + 8), status });
  }
  return runs;
}

/** REPORT LUNS data for unit numbers below 256, in peripheral device addressing (SAM-5, clause 4.7.7.2). */
export function lunsData(luns: readonly number[]): Buffer {
  const data = Buffer.alloc(8 + luns.length * 8);
  data.writeUInt32BE(data.length - 8, 0);
  for (const [index, lun] of luns.entries()) data.writeUInt8(lun, 8 + index * 8 + 1);
  return data;
}

function writeLba(into: Buffer, lba: number, at: number): void {
  into.writeUInt32BE(Math.floor(lba / 2 ** 32), at);
  into.writeUInt32BE(lba % 2 ** 32, at + 4);
}

function readLba(from: Buffer, at: number): number {
  const high = from.readUInt32BE(at);
  const low = from.readUInt32BE(at + 4);
  return high === 0 ? low : high * 2 ** 32 + low;
}
