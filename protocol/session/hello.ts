/**
 * What each side of a session says first, and what it refuses of the other's.
 */
import { hash } from 'node:crypto';
import { type MessageNamed, protocolVersion } from '../message/messages.js';
import type { Refusal, RefusalCode } from '../refusals.js';
import { type Cipher, capabilitiesOf, ciphers, commonCipher } from './ciphers.js';
import type { EndpointOptions } from './endpoint-types.js';
import { capabilitiesOfForms } from './run-forms.js';

/** The refusals that end a session before it is open, or while the other side still looks at this side's hello. */
export const sessionRefusals: ReadonlySet<RefusalCode> = new Set([
  'version-mismatch',
  'wrong-role',
  'key-required',
  'key-unknown',
  'wrong-key',
  'capability-missing',
] as const);

/** The hello of this power on's session number `session`. */
export function helloOf(options: EndpointOptions, session: number): MessageNamed<'hello'> {
  return {
    kind: 'hello',
    version: protocolVersion,
    role: options.role,
    capabilities: capabilitiesOf(options.ciphers ?? ciphers) | capabilitiesOfForms(options),
    keyed: options.key !== undefined,
    salt: saltOf(options.entropy, session),
  };
}

/** Why the other side's hello cannot be taken, or undefined. */
export function refusalOfHello(hello: MessageNamed<'hello'>, options: EndpointOptions): Refusal | undefined {
  const keyed = options.key !== undefined;
  if (hello.version !== protocolVersion) {
    return {
      code: 'version-mismatch',
      detail: `${hello.role} has ${hello.version}, ${options.role} ${protocolVersion}`,
    };
  }
  if (!options.peers.includes(hello.role)) {
    return { code: 'wrong-role', detail: `${hello.role}, expected ${options.peers.join(' or ')}` };
  }
  if (keyed !== hello.keyed) {
    return { code: keyed ? 'key-required' : 'key-unknown', detail: `${keyed ? options.role : hello.role} has a key` };
  }
  if (!keyed || cipherWith(hello, options) !== undefined) return undefined;
  return { code: 'capability-missing', detail: `a cipher that ${hello.role} and ${options.role} both take` };
}

/** The cipher of a sealed session with the side that says this hello, or undefined. */
export function cipherWith(hello: MessageNamed<'hello'>, options: EndpointOptions): Cipher | undefined {
  return commonCipher(hello.capabilities, capabilitiesOf(options.ciphers ?? ciphers));
}

/** SHA-256(entropy ‖ session u64). */
function saltOf(entropy: Uint8Array, session: number): Uint8Array {
  const counter = Buffer.alloc(8);
  counter.writeUInt32LE(session, 0);
  return hash('sha256', Buffer.concat([entropy, counter]), 'buffer');
}
