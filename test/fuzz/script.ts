/** Inputs that are several things one after the other, each with u16 its length before it. */

/** The things; the last one is what is left when its length passes the end. */
export function entriesOf(input: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  for (let at = 0; at + 2 <= input.length; ) {
    const length = input.readUInt16LE(at);
    entries.push(input.subarray(at + 2, at + 2 + length));
    at += 2 + length;
  }
  return entries;
}

/** The things with their lengths, which are right. */
export function joined(entries: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    entries.flatMap((each) => [Buffer.of(each.length & 0xff, each.length >> 8), each.subarray(0, 0xffff)]),
  );
}
