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
    for (; source[from] === 0; from += 1) into[from + shift - 1] = 1;
    if (moved < from) moved = from;
    const zero = endOfRun(source, from, end);
    const length = Math.min(zero - from, runBytesMax);
    if (moved < from + length) moved = moveAhead(source, moved, from + length, into, shift);
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

/** Moves the bytes from `moved` to `needed`, and some of what follows; returns up to where it went. */
function moveAhead(source: Buffer, moved: number, needed: number, into: Buffer, shift: number): number {
  const end = Math.min(Math.max(needed, moved + aheadBytes), source.length);
  source.copy(into, moved + shift, moved, end);
  return end;
}

/** The offset of the next zero at or after `from`, or `end`. */
function endOfRun(source: Buffer, from: number, end: number): number {
  const walkEnd = Math.min(from + walkedBytes, end);
  for (let at = from; at < walkEnd; at += 1) if (source[at] === 0) return at;
  if (walkEnd === end) return end;
  const zero = source.indexOf(0, walkEnd);
  return zero < 0 ? end : zero;
}

/**
 * Decodes `source` to the start of `into`, which must have room for one byte less, and returns how many bytes it gave;
 * −1 when it is not valid COBS: it is empty, holds a zero, or its last block passes the end.
 */
export function cobsDecode(source: Buffer, into: Buffer): number {
  const end = source.length;
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
  if (end - from > walkedBytes) source.copy(into, at, from, end);
  else for (let offset = from; offset < end; offset += 1) into[at + offset - from] = source[offset] as number;
}
