/** Digests: PROTOCOL.md, "Digests". */
import { contentDigest, RangeDigest, sameDigest, zeroDigest } from '../../../protocol/digest.js';
import type { Bench } from '../bench.js';
import { type ConformRole, checked, type Requirement } from '../check.js';
import { controllerOf, digestsOf, type ProbeController } from '../controller.js';
import { demand, NotRun } from '../finding.js';
import { read } from '../medium.js';
import { ProbeUnit } from '../probe-unit.js';
import { carried } from './replication-main.js';
import { generationDigestAgreed } from './replication-sub.js';

const remedy =
  'SHA-256 cut to 16 bytes, over block number (u64, little-endian) and content digest of each block that is not zero.';
const controllers: readonly ConformRole[] = ['main', 'sub'];
/** Blocks that are looked at. */
const blocks = 12;

export const digestRequirements: readonly Requirement[] = [
  checked('G-1', 'A content digest is the beginning of SHA-256; that of zeros is zeros.', {
    roles: controllers,
    remedy,
    run: (bench) => agree(bench, 1),
  }),
  checked('G-2', 'A range digest runs over number and content digest of each block that is not zero, in order.', {
    roles: controllers,
    remedy,
    run: (bench) => agree(bench, 5),
  }),
  checked('G-3', 'The digest of a generation runs over volume, block and content digest.', {
    roles: controllers,
    onRemote: true,
    losesData: true,
    remedy: 'Blocks of zeros count, too: PROTOCOL.md, "Digests", has the entries of a generation.',
    run: (bench) => (bench.role === 'main' ? carried(bench, 'G-3') : generationDigestAgreed(bench)),
  }),
];

/** The digests of the first blocks are those of what is read there. */
async function agree(bench: Bench, partBlocks: number): Promise<void> {
  const controller = await controllerOf(bench);
  const { volumes, blockBytes, committed } = await controller.status();
  if (bench.role === 'sub' && committed === 0) throw new NotRun('the sub has no image: freeze at its main first');
  const count = Math.min(blocks, Math.floor((volumes[0] ?? 0) / blockBytes));
  const { digests } = await controller.accepted(digestsOf(0, { count, partBlocks }), 'digests');
  const content = await blocksOf(controller, { count, blockBytes });
  const expected = rangeDigests(content, partBlocks);
  demand(digests.length === expected.length, `${expected.length} digests`, String(digests.length));
  for (const [index, digest] of expected.entries()) {
    const found = digests[index] ?? zeroDigest;
    const what = `${hex(digest)} for part ${index} of ${partBlocks} blocks`;
    demand(sameDigest(found, digest), what, () => hex(found));
  }
}

async function blocksOf(
  { session }: ProbeController,
  { count, blockBytes }: { count: number; blockBytes: number },
): Promise<Buffer[]> {
  const unit = new ProbeUnit(session);
  await unit.clearAttentions();
  const found: Buffer[] = [];
  for (let block = 0; block < count; block += 1) {
    found.push(await read(unit, (block * blockBytes) / 512, blockBytes / 512));
  }
  return found;
}

function rangeDigests(content: readonly Buffer[], partBlocks: number): Uint8Array[] {
  const digests: Uint8Array[] = [];
  for (let first = 0; first < content.length; first += partBlocks) {
    const range = new RangeDigest();
    for (const [index, block] of content.slice(first, first + partBlocks).entries())
      range.add(first + index, contentDigest(block));
    digests.push(range.finish());
  }
  return digests;
}

const hex = (digest: Uint8Array): string => Buffer.from(digest).toString('hex');
