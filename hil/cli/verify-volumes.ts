/** Holds the volumes of a controller against a golden image. */
import type { HostClient } from '../../host/client.js';
import { type AskDigests, type Verification, verifyGolden } from '../../host/golden/bisect.js';
import { blocksOf, type Golden } from '../../host/golden/golden.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { RefusalError } from '../../protocol/refusals.js';
import { counted } from '../report/quantity.js';
import { readBack } from './read-back.js';
import { spansText } from './spans-text.js';

/** Lines to print when all is right; otherwise prints what is wrong and throws `golden-mismatch`, or `golden-size`. */
export async function verifyVolumes(client: HostClient, golden: Golden, full: boolean): Promise<string[]> {
  const status = await client.status();
  checkGroup(golden, status);
  const of = status.role === 'sub' ? status.committed : 0;
  const what = of === 0 ? 'newest data' : `generation ${of}`;
  if (full) {
    const { wrong, explanations } = await readBack(client, golden);
    if (wrong.length === 0) return [`every byte of ${what} is the golden image`];
    throw mismatch([...spansText(wrong, golden.blockBytes), ...explanations], wrong.length);
  }
  const found = await verifyGolden(golden, askOf(client, of));
  if (found.wrong.length === 0) return [`${what} is the golden image (${counted(found.requests, 'request')})`];
  throw mismatch(linesOf(found, golden.blockBytes), found.wrong.length);
}

function askOf(client: HostClient, of: number): AskDigests {
  return ({ volume, first, count, partBlocks }) => client.digests(volume, { first, count, partBlocks, of });
}

function checkGroup(golden: Golden, { blockBytes, volumes }: MessageNamed<'status'>): void {
  if (golden.blockBytes !== blockBytes) {
    throw new RefusalError('golden-size', `blocks of ${golden.blockBytes} bytes, the controller has ${blockBytes}`);
  }
  const blocks = volumes.map((bytes) => Math.ceil(bytes / blockBytes)).join(', ');
  const goldenBlocks = golden.volumes.map((_, volume) => blocksOf(golden, volume)).join(', ');
  if (blocks !== goldenBlocks) {
    throw new RefusalError('golden-size', `volumes of ${goldenBlocks} blocks, the controller has ${blocks}`);
  }
}

function linesOf({ wrong, unresolved }: Verification, blockBytes: number): string[] {
  const more =
    unresolved.length === 0 ? [] : ['and more, not looked into, within:', ...spansText(unresolved, blockBytes)];
  return [...spansText(wrong, blockBytes), ...more];
}

function mismatch(lines: readonly string[], ranges: number): RefusalError {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  return new RefusalError('golden-mismatch', counted(ranges, 'wrong range'));
}
