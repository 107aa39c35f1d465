/**
 * Numbers that must not be mixed up, as distinct types, and the few constants that every room shares.
 *
 * All of them are safe integers: a field of 64 bits whose value passes 2^53 − 1 is refused by the decoder.
 */

declare const brand: unique symbol;
type Branded<Name extends string> = number & { readonly [brand]: Name };

/** The number of a freeze within its group: 1, 2, 3, …; 0 stands for "none yet". Never reused. */
export type Generation = Branded<'Generation'>;
/** How often the right to write moved to the other site: 1 at pairing, one more at each takeover. */
export type Epoch = Branded<'Epoch'>;
/** The index of a volume in its group, 0 … 7; at a host port it is the logical unit number. */
export type VolumeNumber = Branded<'VolumeNumber'>;
/** The index of a block (the unit of copying, not the disk's logical block) in its volume. */
export type BlockNumber = Branded<'BlockNumber'>;

export const generation = (value: number): Generation => value as Generation;
export const epoch = (value: number): Epoch => value as Epoch;
export const volumeNumber = (value: number): VolumeNumber => value as VolumeNumber;
export const blockNumber = (value: number): BlockNumber => value as BlockNumber;

/** A group holds one to eight volumes. */
export const volumesMax = 8;
/** Logical block length of every modelled disk, in bytes (SBC-3 READ CAPACITY). */
export const sectorBytes = 512;
/** The unit of copying unless told otherwise, in bytes. */
export const blockBytesDefault = 4096;

/** A block range of one volume. */
export interface BlockRun {
  readonly first: BlockNumber;
  readonly count: number;
}

/** The three methods of keeping and sending an image. */
export type Method = 'copy' | 'differential' | 'streaming';
export const methods: readonly Method[] = ['copy', 'differential', 'streaming'];

/** Pair states, as storage administrators know them. */
export type PairState = 'SMPL' | 'COPY' | 'PAIR' | 'PSUS' | 'SSUS' | 'PSUE' | 'SSWS';
export const pairStates: readonly PairState[] = ['SMPL', 'COPY', 'PAIR', 'PSUS', 'SSUS', 'PSUE', 'SSWS'];

/** Ends a `switch` over a discriminated union: reaching it is a programmer's error. */
export function unreachable(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}

/** Throws when an invariant of ours does not hold; never for what came from outside. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`invariant broken: ${message}`);
}
