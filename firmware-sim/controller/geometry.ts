/**
 * Sizes of a group's volumes, and where their blocks lie on disks. The last block of a volume may reach past its
 * end: on the disk it is short, everywhere else it is padded with zeros.
 */
import { sectorBytes } from '../../protocol/ids.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import type { HeldSectors } from './volume-failure.js';

/** MAXIMUM TRANSFER LENGTH of the disks (VPD page B0h), in bytes. */
const transferBytesMax = 2 ** 20;

export class Geometry {
  readonly blockBytes: number;
  /** Sizes of the volumes in bytes, multiples of 512. */
  readonly volumes: readonly number[];

  constructor(blockBytes: number, volumes: readonly number[]) {
    this.blockBytes = blockBytes;
    this.volumes = volumes;
  }

  get sectorsPerBlock(): number {
    return this.blockBytes / sectorBytes;
  }

  /** Blocks that one READ or WRITE of a disk may transfer. */
  get transferBlocksMax(): number {
    return Math.max(1, Math.floor(transferBytesMax / this.blockBytes));
  }

  bytesOf(volume: number): number {
    return this.volumes[volume] ?? 0;
  }

  /** Blocks of a volume, the short one included. */
  blocksOf(volume: number): number {
    return Math.ceil(this.bytesOf(volume) / this.blockBytes);
  }

  /** The blocks that a range of sectors touches. */
  blocksTouched(lba: number, sectors: number): { readonly first: number; readonly count: number } {
    const first = Math.floor(lba / this.sectorsPerBlock);
    return { first, count: Math.ceil((lba + sectors) / this.sectorsPerBlock) - first };
  }

  /** The sectors of blocks of a volume; those of its last block end with the volume. */
  sectorsOf(volume: number, first: number, count: number): { readonly lba: number; readonly sectors: number } {
    return { lba: first * this.sectorsPerBlock, sectors: this.#sectors(volume, first, count) };
  }

  /** READ of blocks of a volume from the disk that holds it, byte for byte. */
  readVolume(volume: number, first: number, count: number): MediumCommand {
    return { op: 'read', ...this.sectorsOf(volume, first, count) };
  }

  /** WRITE of blocks of a volume to the disk that holds it; padding past the volume's end is left out. */
  writeVolume(volume: number, first: number, data: Uint8Array): MediumCommand {
    // Stryker disable next-line ArithmeticOperator: data that ends before the volume does is not cut
    const count = data.length / this.blockBytes;
    const length = this.#sectors(volume, first, count) * sectorBytes;
    return { op: 'write', lba: first * this.sectorsPerBlock, data: data.subarray(0, length) };
  }

  /** Makes blocks of a volume zero. */
  zeroVolume(volume: number, first: number, count: number): MediumCommand {
    return { op: 'unmap', ranges: [this.sectorsOf(volume, first, count)] };
  }

  readSlots(slot: number, count: number): MediumCommand {
    return { op: 'read', lba: slot * this.sectorsPerBlock, sectors: count * this.sectorsPerBlock };
  }

  writeSlots(slot: number, data: Uint8Array): MediumCommand {
    return { op: 'write', lba: slot * this.sectorsPerBlock, data };
  }

  /** Which sectors of a volume these slots hold. */
  slotSectors(slot: number, first: number, count: number): HeldSectors {
    const { sectorsPerBlock } = this;
    return { diskLba: slot * sectorsPerBlock, volumeLba: first * sectorsPerBlock, sectors: count * sectorsPerBlock };
  }

  /** What was read of `count` blocks, padded to whole blocks. */
  padded(data: Uint8Array, count: number): Uint8Array {
    const bytes = count * this.blockBytes;
    if (data.length === bytes) return data;
    const whole = new Uint8Array(bytes);
    whole.set(data);
    return whole;
  }

  #sectors(volume: number, first: number, count: number): number {
    const end = Math.min((first + count) * this.sectorsPerBlock, this.bytesOf(volume) / sectorBytes);
    return end - first * this.sectorsPerBlock;
  }
}
