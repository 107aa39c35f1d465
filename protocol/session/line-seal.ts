/** What an end of a line is told about sealing it. */
import type { Cipher } from './ciphers.js';

export interface LineSeal {
  /** The pre-shared key of the line, 32 bytes, when its sessions have to be sealed. */
  readonly key?: Uint8Array | undefined;
  /** The ciphers that a sealed session may have; all unless given. */
  readonly ciphers?: readonly Cipher[] | undefined;
}

/** Of anything that says how a line is sealed, that alone. */
export function lineSealOf({ key, ciphers }: LineSeal): LineSeal {
  return { ...(key === undefined ? {} : { key }), ...(ciphers === undefined ? {} : { ciphers }) };
}
