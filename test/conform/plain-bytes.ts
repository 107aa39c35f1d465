/** Encoded frames and what they hold, for those who tamper with them. */
import { cobsDecode } from '../../protocol/frame/cobs.js';

/** The bytes of an encoded frame before COBS; none when it is not one. */
export function plainOf(bytes: Buffer): Buffer {
  const into = Buffer.alloc(bytes.length);
  return into.subarray(0, Math.max(0, cobsDecode(bytes, into)));
}

/** The code of the last block. */
export function finalCode(bytes: Buffer): number {
  let code = 0;
  for (let at = 0; at < bytes.length; at += code) code = bytes[at] as number;
  return code;
}

/** Whether any block has 254 bytes. */
export function hasLongBlock(bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at += bytes[at] as number) if (bytes[at] === 0xff) return true;
  return false;
}
