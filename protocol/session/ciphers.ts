/**
 * The ciphers of sealed sessions, and how two sides agree on one (PROTOCOL.md, "Sessions"). Both have keys of 32 bytes,
 * nonces of 12 and authentication tags of 16.
 */

/** In the order in which they are chosen: AES-GCM is the faster one where the processor has instructions for it. */
export const ciphers = ['aes-256-gcm', 'chacha20-poly1305'] as const;
export type Cipher = (typeof ciphers)[number];

/** Bits of `capabilities` in hello. */
const capabilityOf: Readonly<Record<Cipher, number>> = { 'aes-256-gcm': 1, 'chacha20-poly1305': 2 };

/** The capabilities of a side that takes these ciphers. */
export function capabilitiesOf(taken: readonly Cipher[]): number {
  return taken.reduce((bits, cipher) => bits | capabilityOf[cipher], 0);
}

/** The first cipher that both sides take, or undefined. */
export function commonCipher(capabilities: number, others: number): Cipher | undefined {
  return ciphers.find((cipher) => (capabilities & others & capabilityOf[cipher]) !== 0);
}
