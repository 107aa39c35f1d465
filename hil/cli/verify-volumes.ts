/** Holds the volumes of a controller against a golden image. */
import { AdvisedRefusal } from '../../host/advised-refusal.js';
import type { HostClient } from '../../host/client.js';
import { type AskDigests, type Verification, verifyGolden } from '../../host/golden/bisect.js';
import { blocksOf, type Golden } from '../../host/golden/golden.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { RefusalError } from '../../protocol/refusals.js';
import { counted } from '../report/quantity.js';
import { readBack } from './read-back.js';
import { spansText } from './spans-text.js';

/** What verification asks of a controller. */
export type VerifiedClient = Pick<HostClient, 'status' | 'digests' | 'read'>;

/** What there is to say: lines of what is wrong, and how much that is; or that all is right. */
interface Verdict {
  readonly right: string;
  readonly wrong: readonly string[];
  readonly ranges: number;
}

/** How often the volumes are looked at from the beginning because another generation was committed meanwhile. */
const looksMax = 3;

/**
 * Lines to print when all is right; otherwise prints what is wrong and throws `golden-mismatch`, or `golden-size`. At the sub
 * all that is looked at is of one generation: when another one is committed meanwhile, it begins again, and after three times
 * throws `wrong-generation`.
 */
export async function verifyVolumes(client: VerifiedClient, golden: Golden, full: boolean): Promise<string[]> {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  for (let looks = 1; ; looks += 1) {
    const shown = await client.status();
    checkGroup(golden, shown);
    const verdict = await verdictOf(client, golden, { full, of: generationOf(shown) });
    const now = shown.role === 'sub' ? await client.status() : shown;
    if (isSameImage(shown, now)) {
      if (verdict instanceof RefusalError) throw verdict;
      if (verdict.ranges === 0) return [verdict.right];
      process.stdout.write(verdict.wrong.map((line) => `${line}\n`).join(''));
      throw new RefusalError('golden-mismatch', `${counted(verdict.ranges, 'wrong range')} in ${nameOf(shown)}`);
    }
    const change = `${nameOf(shown)} was looked at, the sub now gives ${nameOf(now)}`;
    if (looks === looksMax)
      throw new AdvisedRefusal('wrong-generation', change, 'Wait with freezes meanwhile, and try again.');
    say(`${change}: once more`);
  }
}

/** A refusal when the sub gives another generation, and says so. */
async function verdictOf(
  client: VerifiedClient,
  golden: Golden,
  { full, of }: { readonly full: boolean; readonly of: number },
): Promise<Verdict | RefusalError> {
  const what = of === 0 ? 'newest data' : `generation ${of}`;
  if (full) {
    const { wrong, explanations } = await readBack(client, golden);
    const lines = [...spansText(wrong, golden.blockBytes), ...explanations];
    return { right: `every byte of ${what} is the golden image`, wrong: lines, ranges: wrong.length };
  }
  try {
    const found = await verifyGolden(golden, askOf(client, of));
    const right = `${what} is the golden image (${counted(found.requests, 'request')})`;
    return { right, wrong: linesOf(found, golden.blockBytes), ranges: found.wrong.length };
  } catch (error) {
    if (error instanceof RefusalError && error.refusal.code === 'wrong-generation') return error;
    throw error;
  }
}

/** The generation that a controller shows, 0 for data that a host writes to: at main, and at a sub that has taken over. */
const generationOf = ({ role, pairState, committed }: MessageNamed<'status'>): number =>
  role === 'sub' && pairState !== 'SSWS' ? committed : 0;

const nameOf = (status: MessageNamed<'status'>): string => {
  const of = generationOf(status);
  return of === 0 ? 'newest data' : `generation ${of}`;
};

/** Whether all that was read in between is of one image, as far as a host does not write to it. */
function isSameImage(before: MessageNamed<'status'>, after: MessageNamed<'status'>): boolean {
  return generationOf(before) === generationOf(after) && before.epoch === after.epoch;
}

function askOf(client: VerifiedClient, of: number): AskDigests {
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
