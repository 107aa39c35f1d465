/** The keys of a bench's lines: each line can have its own. */
import type { Cipher } from '../../protocol/session/ciphers.js';
import { type LineSeal, lineSealOf } from '../../protocol/session/line-seal.js';
import { readKeyFile } from '../run/key-file.js';
import type { Powered } from './bench.js';
import type { BenchFile } from './bench-schema.js';

/** 32 bytes each; a line without a key is not sealed. */
export interface BenchKeys {
  readonly hostMain?: Uint8Array | undefined;
  readonly hostSub?: Uint8Array | undefined;
  readonly mainSub?: Uint8Array | undefined;
  /** The ciphers that sealed lines may have; all unless given. */
  readonly ciphers?: readonly Cipher[] | undefined;
}

export type KeyedLine = 'hostMain' | 'hostSub' | 'mainSub';

/** One key for all lines. */
export function oneKey(key: Uint8Array | undefined): BenchKeys {
  return key === undefined ? {} : { hostMain: key, hostSub: key, mainSub: key };
}

/** Reads the key files of a bench. Throws RefusalError as `readKeyFile` does. */
export function readKeys({ keyFile, keyFiles }: Pick<BenchFile, 'keyFile' | 'keyFiles'>): BenchKeys {
  const read = (path = keyFile) => (path === undefined ? undefined : readKeyFile(path));
  return { hostMain: read(keyFiles.hostMain), hostSub: read(keyFiles.hostSub), mainSub: read(keyFiles.mainSub) };
}

/** Whether the file names any key. */
export function hasKeys({ keyFile, keyFiles }: Pick<BenchFile, 'keyFile' | 'keyFiles'>): boolean {
  return keyFile !== undefined || Object.keys(keyFiles).length > 0;
}

/** As options of a controller's two ports. */
export function portKeys(keys: BenchKeys, role: Powered) {
  return { host: sealOf(keys, role === 'main' ? 'hostMain' : 'hostSub'), remote: sealOf(keys, 'mainSub') };
}

/** As options of one end of a line. */
export function sealOf({ ciphers, ...keys }: BenchKeys, line: KeyedLine): LineSeal {
  return lineSealOf({ key: keys[line], ciphers });
}
