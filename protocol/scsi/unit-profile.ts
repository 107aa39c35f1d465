/**
 * What a logical unit says about itself: names and limits. The encoders of inquiry, mode and capacity data take these.
 */
import { createHash } from 'node:crypto';

/** The names of a logical unit (SPC-4, clauses 6.6 and 7.8). */
export interface UnitIdentity {
  /** T10 vendor identification, at most 8 ASCII characters. */
  readonly vendor: string;
  /** At most 16 ASCII characters. */
  readonly product: string;
  /** Unit serial number, ASCII. */
  readonly serial: string;
  /** NAA identifier: 16 hexadecimal digits. */
  readonly naa: string;
}

/** The identity of a Coldframe unit; its NAA identifier (type 3h, locally assigned) derives from product and serial. */
export function coldframeIdentity({ product, serial }: { readonly product: string; readonly serial: string }) {
  const digest = createHash('sha256').update(`${product}\0${serial}`).digest('hex');
  return { vendor: 'COLDFRME', product, serial, naa: `3${digest.slice(0, 15)}` } satisfies UnitIdentity;
}

/** The limits of a logical unit, as VPD page B0h and READ CAPACITY (16) tell them. */
export interface UnitLimits {
  /** The longest READ, WRITE, VERIFY with data, and WRITE SAME of anything but zeros, in sectors. */
  readonly transferSectorsMax: number;
  /** The longest COMPARE AND WRITE, in sectors: at most 255. */
  readonly compareAndWriteSectorsMax: number;
  /** A physical block is 2 to this power sectors. */
  readonly physicalBlockExponent: number;
}

/** Transfers of 1 MiB, physical blocks of 4096 bytes. */
export const defaultLimits: UnitLimits = {
  transferSectorsMax: 2048,
  compareAndWriteSectorsMax: 255,
  physicalBlockExponent: 3,
};
