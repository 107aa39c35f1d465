/**
 * How a side says which compressed runs it takes: bits 8–11 of `capabilities` in hello hold the logarithm of the largest
 * window, in bytes, that it can inflate (PROTOCOL.md, "Compressed runs").
 */

/** The windows that zlib streams have, as logarithms of bytes: 512 bytes to 32 KiB. */
export const windowBitsMin = 9;
export const windowBitsMax = 15;

const shift = 8;
const mask = 0xf;

/** Whether a number is a window that a side can announce; 0 says that it takes nothing compressed. */
export function isWindowBits(value: number): boolean {
  return value === 0 || (Number.isInteger(value) && value >= windowBitsMin && value <= windowBitsMax);
}

/** The bits of `capabilities` that announce a window; throws a RangeError for what is none. */
export function capabilitiesOfWindow(windowBits: number): number {
  if (!isWindowBits(windowBits)) throw new RangeError(`a window of 2^${windowBits} bytes`);
  return windowBits << shift;
}

/** The window that a side has announced; 0 for none, and for what no zlib stream has. */
export function windowOfCapabilities(capabilities: number): number {
  const windowBits = (capabilities >>> shift) & mask;
  return isWindowBits(windowBits) ? windowBits : 0;
}
