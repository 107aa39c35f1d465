/**
 * The golden bytes of protocol/vectors.json, which protocol/vectors.py makes without any of our code.
 */
import { readFileSync } from 'node:fs';
import type { Cipher } from '../../protocol/session/ciphers.js';

interface Vectors {
  readonly cobs: readonly { readonly name: string; readonly decoded: string; readonly encoded: string }[];
  readonly crc32: readonly { readonly data: string; readonly crc: number }[];
  readonly marks: readonly { readonly sender: string; readonly receiver: string; readonly mark: number }[];
  readonly frames: readonly {
    readonly name: string;
    readonly kind: number;
    readonly sequence: number;
    readonly payload: string;
    readonly mark: number;
    readonly encoded: string;
  }[];
  readonly acknowledgements: readonly {
    readonly records: readonly { readonly priority: 0 | 1 | 2; readonly next: number; readonly runs: number[] }[];
    readonly payload: string;
  }[];
  readonly messages: readonly { readonly message: { readonly kind: string }; readonly encoded: string }[];
  readonly sessions: readonly {
    readonly cipher: Cipher;
    readonly preShared: string;
    readonly transcript: string;
    readonly hellos: { readonly main: string; readonly sub: string };
    /** By direction and queue, as in `main>sub 0`. */
    readonly keys: Readonly<Record<string, string>>;
    readonly rekeyMessages: number;
    /** The key of `main>sub 0` after all messages. */
    readonly lastKey: string;
    /** What main sends in queue 0. */
    readonly sealed: readonly { readonly counter: number; readonly message: string; readonly encoded: string }[];
  }[];
  readonly chacha20Poly1305: {
    readonly [of in 'key' | 'nonce' | 'plaintext' | 'additional' | 'ciphertext' | 'tag']: string;
  };
  readonly compressed: {
    readonly made: {
      readonly contentDigest: string;
      readonly streams: readonly { readonly windowBits: number; readonly bytes: number; readonly digest: string }[];
    };
    readonly taken: readonly {
      readonly name: string;
      readonly windowBits: number;
      readonly content: string;
      readonly stream: string;
    }[];
    readonly refused: readonly {
      readonly name: string;
      readonly windowBits: number;
      readonly contentBytes: number;
      readonly stream: string;
    }[];
  };
  readonly digests: {
    readonly contents: readonly { readonly name: string; readonly digest: string }[];
    readonly range: { readonly blocks: readonly [number, string][]; readonly digest: string };
    readonly volumes: { readonly blocks: readonly [number, number, string][]; readonly digest: string };
    readonly generation: { readonly blocks: readonly [number, number, string][]; readonly digest: string };
    readonly zeros: string;
    readonly run: { readonly contents: readonly string[]; readonly digest: string };
  };
}

export const vectors = JSON.parse(
  readFileSync(new URL('../../../protocol/vectors.json', import.meta.url), 'utf8'),
  // Bytes stand as {"hex": …} within messages.
  (_, value) => (typeof value?.hex === 'string' ? fromHex(value.hex) : value),
) as Vectors;

export function fromHex(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

export function toHex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
