/**
 * What lies under an emulated disk's cache: bytes that survive a power cut. Reading is at once; making durable is not,
 * since a file's fdatasync takes its time, so the disk asks for it (`DurableStep`) and is told when it is done.
 */

/** A durable store as the disk reads it. Offsets and lengths in bytes. */
export interface Store {
  /** Fills `into` from `offset` on; what was never written, or was punched, reads as zeros. */
  read(offset: number, into: Buffer): void;
  /** The bytes themselves, where the store can promise that they never change: saves the copy. Undefined elsewhere. */
  view?(offset: number, length: number): Uint8Array | undefined;
  /** Up to `runsMax` runs within the range that hold data, in ascending order; the rest of the range is holes. */
  allocated(offset: number, length: number, runsMax: number): readonly StoreRun[];
}

export interface StoreRun {
  readonly offset: number;
  readonly length: number;
}

/** Bytes that stay as they are: neither who handed them over nor the store changes them afterwards. */
export interface StoreWrite {
  readonly offset: number;
  readonly data: Uint8Array;
}

/**
 * What has to become durable as one step before any command that waits for it ends. Writes and punches don't overlap,
 * so their order is free. A step that was cut off may be there in part, torn at sectors of 512 bytes.
 */
export interface DurableStep {
  readonly writes: readonly StoreWrite[];
  /** Become holes: read as zeros. May be as long as the disk. */
  readonly punches: readonly StoreRun[];
}

/** A store that carries a durable step out at once: memory. */
export interface InstantStore extends Store {
  apply(step: DurableStep): void;
}
