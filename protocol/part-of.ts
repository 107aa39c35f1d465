/** A view of bytes `from` … `end` (exclusive); the bytes themselves when that is all of them, which costs nothing. */
export function partOf<Bytes extends Uint8Array>(bytes: Bytes, from: number, end: number): Bytes {
  return from === 0 && end >= bytes.length ? bytes : (bytes.subarray(from, end) as Bytes);
}
