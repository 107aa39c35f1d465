/** What sectors of the simulator's disks hold, in words: writes by their numbers. */
import { sectorBytes } from '../../protocol/ids.js';
import type { MediumCommand } from '../../protocol/scsi/commands.js';
import { extentsOf } from './disk-places.js';
import { readSector } from './truth.js';

/** A sector of a disk and what it holds: a write's number and where the host meant it to go; zeros are number 0. */
export interface HeldSector {
  readonly sector: number;
  readonly number: number;
  readonly volume: number;
  readonly lba: number;
}

/** What `bytes` hold, of which the first sector is `first` of its disk; sectors that hold no write at all are left out. */
export function heldIn(bytes: Uint8Array, first: number): readonly HeldSector[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const held: HeldSector[] = [];
  for (let at = 0; at + sectorBytes <= buffer.length; at += sectorBytes) {
    const found = readSector(buffer, at);
    if (found !== undefined) held.push({ sector: first + at / sectorBytes, ...found });
  }
  return held;
}

/** What a command puts on its disk. */
export function heldOf(command: MediumCommand): readonly HeldSector[] {
  return extentsOf(command).flatMap(({ first, data }) => (data === undefined ? [] : heldIn(data, first)));
}

/** A write or a flush: where it goes and what it holds. */
export function commandText(command: MediumCommand): string {
  if (command.op === 'synchronizeCache') return 'flush';
  const extents = extentsOf(command);
  if (extents.length === 0) return command.op;
  const where = extents.map(({ first, sectors }) => runText(first, sectors)).join(', ');
  const fua = command.op === 'write' && command.fua === true ? ' (FUA)' : '';
  if (extents.every(({ data }) => data === undefined)) return `${where} = zeros`;
  return `${where} = ${contentText(heldOf(command))}${fua}`;
}

/** Writes by number, each with the sectors of its volume, where they lie elsewhere. */
export function contentText(held: readonly HeldSector[]): string {
  const runs: { readonly held: HeldSector; sectors: number }[] = [];
  for (const each of held) {
    const last = runs.at(-1);
    if (last !== undefined && isNext(last.held, last.sectors, each)) last.sectors += 1;
    else runs.push({ held: each, sectors: 1 });
  }
  return runs.length === 0
    ? 'other bytes'
    : runs.map(({ held: first, sectors }) => writeText(first, sectors)).join('; ');
}

function isNext(first: HeldSector, sectors: number, next: HeldSector): boolean {
  if (next.number !== first.number || next.sector !== first.sector + sectors) return false;
  return next.number === 0 || (next.volume === first.volume && next.lba === first.lba + sectors);
}

function writeText({ number, volume, lba, sector }: HeldSector, sectors: number): string {
  if (number === 0) return 'zeros';
  return lba === sector ? `write ${number}` : `write ${number} (volume ${volume}, ${runText(lba, sectors)})`;
}

export function runText(first: number, sectors: number): string {
  return sectors === 1 ? `sector ${first}` : `sectors ${first}–${first + sectors - 1}`;
}
