/**
 * Counts the frames of one direction of a line as they pass, and those that repeat what was sent before. Looks at the
 * first three bytes only: kind and sequence (PROTOCOL.md, "Frames").
 */
export class FrameTap {
  frames = 0;
  repeated = 0;
  /** The highest sequence of each priority in this session of the link. */
  readonly #highest = new Map<number, number>();

  /** Takes a frame as it is on the line, with or without its delimiter. */
  take(encoded: Uint8Array): void {
    const [kind, low, high] = firstThree(encoded);
    if (kind === undefined || low === undefined || high === undefined) return;
    this.frames += 1;
    if ((kind & 0x80) !== 0) this.#highest.clear();
    if ((kind & 0xc0) !== 0) return;
    const priority = kind >> 4;
    const sequence = low | (high << 8);
    const before = this.#highest.get(priority);
    // Numbers wrap at 2^16; what is less than half of that ahead is new.
    const ahead = before === undefined ? 1 : (sequence - before) & 0xffff;
    if (ahead === 0 || ahead >= 0x8000) this.repeated += 1;
    else this.#highest.set(priority, sequence);
  }
}

/** The first decoded bytes of a COBS frame. */
function firstThree(encoded: Uint8Array): number[] {
  const bytes: number[] = [];
  for (let at = 0; at < encoded.length && bytes.length < 3; ) {
    const code = encoded[at] ?? 0;
    if (code === 0) break;
    for (let index = 1; index < code && bytes.length < 3; index += 1) bytes.push(encoded[at + index] ?? 0);
    at += code;
    if (code < 0xff) bytes.push(0);
  }
  return bytes.slice(0, 3);
}
