/**
 * Says in one sentence what a wrong block holds, where that belongs and when it was written.
 */
import { isZero } from '../../protocol/digest.js';
import { sectorBytes, unreachable } from '../../protocol/ids.js';
import { bearsMark, readStamp, type Stamp } from './stamp.js';

/** The place that was read, and what belongs there when that is known to the byte. */
export interface ExpectedBlock {
  readonly volume: number;
  readonly block: number;
  readonly data?: Uint8Array;
}

/** What one sector turns out to be. */
type Finding =
  | { readonly kind: 'right' }
  | { readonly kind: 'zeros'; readonly instead?: Stamp }
  | { readonly kind: 'misdirected'; readonly stamp: Stamp }
  | { readonly kind: 'anotherRun'; readonly stamp: Stamp }
  | { readonly kind: 'older' | 'newer'; readonly stamp: Stamp; readonly instead: Stamp }
  | { readonly kind: 'notZeros'; readonly stamp: Stamp }
  | { readonly kind: 'stamped'; readonly stamp: Stamp }
  | { readonly kind: 'damaged'; readonly differingBytes?: number; readonly firstByte?: number }
  | { readonly kind: 'noStamp' };

/** The sentence, without a full stop: "block 17 of volume 0 holds write 212 of generation 3 for block 19: misdirected". */
export function explainBlock(expected: ExpectedBlock, actual: Uint8Array): string {
  const parts = grouped(expected, actual);
  const place = `block ${expected.block} of volume ${expected.volume}`;
  const only = parts[0];
  if (parts.length === 1 && only !== undefined) return `${place} holds ${only.text}`;
  const said = parts.map(({ sectors, text }) => `${sectors} ${text}`).join('; ');
  const torn = parts.some(({ kind }) => kind === 'right') && parts.some(({ kind }) => isEarlier(kind));
  return `${place}${torn ? ' is torn' : ' is mixed'}: ${said}`;
}

interface Part {
  readonly kind: Finding['kind'];
  readonly sectors: string;
  readonly text: string;
}

/** What stood there before: zeros or an earlier write. */
const isEarlier = (kind: Finding['kind']): boolean => kind === 'older' || kind === 'zeros';

/** Neighbouring sectors of which the same is to be said, together. */
function grouped(expected: ExpectedBlock, actual: Uint8Array): Part[] {
  const parts: { kind: Finding['kind']; text: string; first: number; last: number }[] = [];
  for (let sector = 0; sector * sectorBytes < actual.length; sector += 1) {
    const finding = findingOf(expected, actual, sector);
    const text = textOf(finding, expected);
    const previous = parts.at(-1);
    if (previous?.text === text) previous.last = sector;
    else parts.push({ kind: finding.kind, text, first: sector, last: sector });
  }
  return parts.map(({ kind, text, first, last }) => ({
    kind,
    text,
    sectors: first === last ? `sector ${first} holds` : `sectors ${first} to ${last} hold`,
  }));
}

function findingOf(expected: ExpectedBlock, actual: Uint8Array, sector: number): Finding {
  const cut = (data: Uint8Array): Uint8Array => data.subarray(sector * sectorBytes, (sector + 1) * sectorBytes);
  const found = cut(actual);
  const wanted = expected.data && cut(expected.data);
  if (wanted !== undefined && Buffer.compare(found, wanted) === 0) return { kind: 'right' };
  const instead = wanted && readStamp(wanted);
  if (isZero(found)) return { kind: 'zeros', ...(instead && { instead }) };
  const stamp = readStamp(found);
  if (stamp === undefined) return bearsMark(found) ? damageOf(found, wanted) : { kind: 'noStamp' };
  if (stamp.volume !== expected.volume || stamp.block !== expected.block || stamp.sector !== sector) {
    return { kind: 'misdirected', stamp };
  }
  if (instead === undefined) return wanted && isZero(wanted) ? { kind: 'notZeros', stamp } : { kind: 'stamped', stamp };
  if (stamp.seed !== instead.seed) return { kind: 'anotherRun', stamp };
  return { kind: stamp.write < instead.write ? 'older' : 'newer', stamp, instead };
}

function damageOf(found: Uint8Array, wanted: Uint8Array | undefined): Finding {
  if (wanted === undefined) return { kind: 'damaged' };
  const differing = [...found.keys()].filter((at) => found[at] !== wanted[at]);
  return { kind: 'damaged', differingBytes: differing.length, firstByte: differing[0] ?? 0 };
}

const named = ({ write, generation }: Stamp): string => `write ${write} of generation ${generation}`;

function textOf(finding: Finding, expected: ExpectedBlock): string {
  switch (finding.kind) {
    case 'right':
      return 'what belongs there';
    case 'zeros':
      return finding.instead ? `zeros instead of ${named(finding.instead)}: lost` : 'zeros';
    case 'misdirected':
      return `${named(finding.stamp)} for ${home(finding.stamp, expected)}: misdirected`;
    case 'anotherRun':
      return `${named(finding.stamp)} of another run (seed ${finding.stamp.seed})`;
    case 'older':
    case 'newer':
      return `${named(finding.stamp)} instead of ${named(finding.instead)}: ${finding.kind}`;
    case 'notZeros':
      return `${named(finding.stamp)} instead of zeros`;
    case 'stamped':
      return named(finding.stamp);
    case 'damaged':
      return finding.differingBytes === undefined
        ? 'a damaged stamp'
        : `a damaged stamp: ${finding.differingBytes} bytes differ, the first at ${finding.firstByte}`;
    case 'noStamp':
      return 'data without a stamp';
    default:
      return unreachable(finding);
  }
}

/** Where a stamp belongs, as far as that differs from where it was found. */
function home(stamp: Stamp, expected: ExpectedBlock): string {
  const volume = stamp.volume === expected.volume ? '' : ` of volume ${stamp.volume}`;
  if (stamp.block !== expected.block || volume !== '') return `block ${stamp.block}${volume}`;
  return `sector ${stamp.sector}`;
}
