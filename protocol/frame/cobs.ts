/**
 * Consistent Overhead Byte Stuffing (Cheshire and Baker, 1999): bytes without zeros out of any bytes.
 *
 *     11 22 00 33              ->  03 11 22 02 33    a code, then code - 1 bytes, then a zero that is not written
 *     254 bytes without zero   ->  FF …              code FF stands for 254 bytes and no zero
 *
 * Encoded bytes equal the source, moved by the codes FF before them, with codes in the places of zeros. So whole
 * stretches between codes FF are moved by one native copy, and the codes are laid over them afterwards.
 */
const runBytesMax = 254;
/** A native search costs about as much as looking at so many bytes one by one. */
const walkedBytes = 24;
/** So many bytes are moved at once, though a code FF may soon move the rest again. */
const aheadBytes = 1024;

/** The most bytes that `length` bytes take when encoded. */
export const cobsBytesMax = (length: number): number => length + Math.floor(length / runBytesMax) + 1;

/** Encodes `source` into `into` at `at`, which must have room for `cobsBytesMax`; returns the offset after it. */
export function cobsEncode(source: Buffer, into: Buffer, at: number): number {
  const end = source.length;
  let from = 0; // of the run; its code belongs just before it
  let moved = 0; // up to where the bytes are in place
  let shift = at + 1; // offset in `into` minus offset in `source`
  for (;;) {
    // Stryker disable next-line ConditionalExpression: a zero is a run of no bytes, too; this is faster
    for (; source[from] === 0; from += 1) into[from + shift - 1] = 1;
    // Stryker disable next-line ConditionalExpression,EqualityOperator: bytes moved twice are the same bytes
    if (moved < from) moved = from;
    const zero = endOfRun(source, from, end);
    const length = Math.min(zero - from, runBytesMax);
    // Stryker disable next-line ConditionalExpression,EqualityOperator: bytes moved twice are the same bytes
    if (moved < from + length) moved = moveAhead(source, moved, into, shift);
    into[from + shift - 1] = length + 1;
    from += length;
    if (from === end) return end + shift;
    if (length < runBytesMax) {
      from += 1;
    } else {
      moved = from;
      shift += 1;
    }
  }
}

/** Moves the bytes from `moved` on, more than a run has; returns up to where they are in place. */
function moveAhead(source: Buffer, moved: number, into: Buffer, shift: number): number {
  const end = moved + aheadBytes;
  source.copy(into, moved + shift, moved, end);
  return end;
}

/** The offset of the next zero at or after `from`, or `end`. */
function endOfRun(source: Buffer, from: number, end: number): number {
  const walkEnd = Math.min(from + walkedBytes, end);
  // Stryker disable next-line EqualityOperator: the search begins where the walk ends
  for (let at = from; at < walkEnd; at += 1) if (source[at] === 0) return at;
  // Stryker disable next-line ConditionalExpression: past the end a search finds nothing; this is faster
  if (walkEnd === end) return end;
  const zero = source.indexOf(0, walkEnd);
  // Stryker disable next-line EqualityOperator: the search begins past 0
  return zero < 0 ? end : zero;
}

/**
 * Decodes `source` to the start of `into`, which must have room for one byte less, and returns how many bytes it gave;
 * −1 when it is not valid COBS: it is empty, holds a zero, or its last block passes the end.
 */
export function cobsDecode(source: Buffer, into: Buffer): number {
  const end = source.length;
  // Stryker disable next-line ConditionalExpression: no blocks give −1 byte
  if (end === 0 || source.includes(0)) return -1;
  let code = 0; // offset of the code of the block
  let stretch = 0; // offset of the first code of the stretch that is not moved yet
  let shift = 1; // offset in `source` minus offset in `into`
  while (code < end) {
    const length = source[code] as number;
    code += length;
    if (length !== 0xff || code >= end) continue;
    moveBack(source, stretch, code, into, shift);
    stretch = code;
    shift += 1;
  }
  if (code !== end) return -1;
  moveBack(source, stretch, end, into, shift);
  return end - shift;
}

/** Moves the stretch of blocks from the code at `stretch` on, with zeros in the places of the codes after the first. */
function moveBack(source: Buffer, stretch: number, end: number, into: Buffer, shift: number): void {
  move(source, stretch + 1, end, into, stretch + 1 - shift);
  for (let code = stretch + (source[stretch] as number); code < end; code += source[code] as number) {
    into[code - shift] = 0;
  }
}

function move(source: Buffer, from: number, end: number, into: Buffer, at: number): void {
  // Stryker disable next-line ConditionalExpression,EqualityOperator,ArithmeticOperator: both move the same bytes
  if (end - from > walkedBytes) source.copy(into, at, from, end);
  else for (let offset = from; offset < end; offset += 1) into[at + offset - from] = source[offset] as number;
}
