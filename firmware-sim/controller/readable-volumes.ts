/**
 * The volumes of a controller as its host reads them, whatever lies behind them: commands that read, and digests.
 */
import type { MessageNamed } from '../../protocol/message/messages.js';
import { type LbaStatus, lbaStatusData, lbaStatusRoom } from '../../protocol/scsi/capacity-data.js';
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';
import { checkCondition } from '../../protocol/scsi/conditions.js';
import { DigestScan } from './digest-scan.js';
import type { Geometry } from './geometry.js';
import { VerifyScan } from './verify-scan.js';
import { firstDifference, type WriteCommand } from './write-pieces.js';

export interface SectorRange {
  readonly volume: number;
  readonly lba: number;
  readonly sectors: number;
}

export interface BlockSpan {
  readonly first: number;
  readonly count: number;
}

export interface ReadableVolumes {
  readonly geometry: Geometry;
  /** Reads as a host would. */
  read(range: SectorRange, answer: (completion: Completion) => void): void;
  /** Reads what the medium holds now, also where that is known not to be what was written. */
  readMedium(range: SectorRange, answer: (completion: Completion) => void): void;
  /** The next blocks at or after `from` (before `end`, at most `countMax`) that may be other than zero. */
  nextOccupied(volume: number, from: number, countMax: number, end: number): BlockSpan | undefined;
  /** How many blocks from `first` on, at most `countMax`, are zeros that lie on no medium: a read of them cannot fail. */
  knownZeros(volume: number, first: number, countMax: number): number;
}

export type ReadCommand = Exclude<MediumCommand, WriteCommand>;

const done: Completion = { status: 'good', data: new Uint8Array(0) };

export interface ReadRequest {
  readonly volume: number;
  readonly command: ReadCommand;
  /** Whether somebody still waits for the answer. */
  readonly isAwaited: () => boolean;
}

/** Carries out a command that changes nothing. */
export function carryOutRead(
  volumes: ReadableVolumes,
  { volume, command, isAwaited }: ReadRequest,
  answer: (completion: Completion) => void,
): void {
  switch (command.op) {
    case 'read':
      volumes.read({ volume, lba: command.lba, sectors: command.sectors }, answer);
      break;
    case 'verify': {
      const { lba, sectors, data } = command;
      const range = { volume, lba, sectors };
      if (data === undefined) new VerifyScan(volumes, { ...range, isAwaited }, answer).start();
      else volumes.read(range, (completion) => answer(compared(completion, data)));
      break;
    }
    case 'synchronizeCache':
      answer(done); // WCE = 0: what was acknowledged is durable.
      break;
    case 'getLbaStatus': {
      const data = lbaStatusData(provisioning(volumes, volume, command)).subarray(0, command.allocationBytes);
      answer({ status: 'good', data });
      break;
    }
  }
}

/** Digests a range part by part, from the medium; undefined when that fails. */
export function scanDigests(
  volumes: ReadableVolumes,
  request: MessageNamed<'getDigests'>,
  then: (digests: readonly Uint8Array[] | undefined) => void,
): void {
  const { geometry } = volumes;
  const source = {
    blockBytes: geometry.blockBytes,
    nextOccupied: volumes.nextOccupied.bind(volumes),
    read(volume: number, run: BlockSpan, ended: (data: Uint8Array | undefined) => void) {
      const lba = run.first * geometry.sectorsPerBlock;
      const end = Math.min(lba + run.count * geometry.sectorsPerBlock, geometry.bytesOf(volume) / 512);
      volumes.readMedium({ volume, lba, sectors: end - lba }, (completion) =>
        ended(completion.status === 'good' ? geometry.padded(completion.data, run.count) : undefined),
      );
    },
  };
  new DigestScan(source, request, then).start();
}

function compared(completion: Completion, expected: Uint8Array): Completion {
  if (completion.status !== 'good') return completion;
  const at = firstDifference(expected, completion.data);
  return at === undefined ? done : checkCondition('miscompare', { information: at });
}

/** What is mapped from a sector on, as far as the allocation length has room. */
function provisioning(
  { geometry, nextOccupied }: ReadableVolumes,
  volume: number,
  { lba, allocationBytes }: { readonly lba: number; readonly allocationBytes: number },
): LbaStatus[] {
  const { sectorsPerBlock } = geometry;
  const end = geometry.bytesOf(volume) / 512;
  const blocks = geometry.blocksOf(volume);
  const runs: LbaStatus[] = [];
  for (let at = lba; at < end && runs.length < lbaStatusRoom(allocationBytes); ) {
    const block = Math.floor(at / sectorsPerBlock);
    const next = nextOccupied(volume, block, blocks, blocks);
    const mapped = next !== undefined && next.first <= block;
    const after = mapped ? next.first + next.count : (next?.first ?? blocks);
    const stop = Math.min(end, after * sectorsPerBlock);
    runs.push({ lba: at, sectors: stop - at, status: mapped ? 'mapped' : 'deallocated' });
    at = stop;
  }
  return runs;
}
