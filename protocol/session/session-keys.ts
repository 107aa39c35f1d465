/**
 * The keys of a sealed session: one for each direction and queue, out of the pre-shared key and both hellos as they
 * were on the wire (PROTOCOL.md, "Sessions"). Who changes a bit of a hello parts the keys of the two sides.
 */
import { createHmac, hash, hkdfSync } from 'node:crypto';
import type { Priority } from '../message/message.js';
import type { Cipher } from './ciphers.js';
import type { Role } from './endpoint-types.js';

const keyBytes = 32;

/** What the keys of a session depend on. */
export interface SessionSecret {
  /** 32 bytes. */
  readonly preShared: Uint8Array;
  /** The two encoded hellos, in any order. */
  readonly hellos: readonly [Uint8Array, Uint8Array];
  readonly cipher: Cipher;
}

/** Whose messages a key seals. */
export interface Lane {
  readonly sender: Role;
  readonly receiver: Role;
  readonly queue: Priority;
}

/** The first key of one queue in one direction: HKDF-SHA256 (RFC 5869), 32 bytes. */
export function sessionKey(
  { preShared, hellos, cipher }: SessionSecret,
  { sender, receiver, queue }: Lane,
): Uint8Array {
  const info = `coldframe session v1 ${cipher} ${sender}>${receiver} ${queue}`;
  return new Uint8Array(hkdfSync('sha256', preShared, transcript(hellos), info, keyBytes));
}

/** The key after this one: HKDF-Expand of it, which here is one block of HMAC-SHA256 (RFC 5869, 2.3). */
export function nextKey(key: Uint8Array): Uint8Array {
  return new Uint8Array(createHmac('sha256', key).update('coldframe rekey\x01', 'latin1').digest());
}

/** SHA-256 over both hellos, the smaller one as a string of bytes first. Their roles differ, and so do they. */
function transcript(hellos: SessionSecret['hellos']): Uint8Array {
  return hash('sha256', Buffer.concat([...hellos].sort(Buffer.compare)), 'buffer');
}
