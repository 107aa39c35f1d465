/** Whether a model compresses what it sends to the other controller, as people say it. */
import { windowBitsMax } from '../../protocol/compression/window-bits.js';

/** `auto`: runs that get smaller, to a controller that takes them. `off`: none, in either direction. */
export const compressChoices = ['auto', 'off'] as const;
export type Compress = (typeof compressChoices)[number];

/** As an option of the port to the other controller; `off` unless told. */
export function compressingPort(compress: Compress = 'off'): { readonly windowBits?: number } {
  return compress === 'auto' ? { windowBits: windowBitsMax } : {};
}
