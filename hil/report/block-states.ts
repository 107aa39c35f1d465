/**
 * What happened to each block of an area, as a string of run lengths: "u1024s3z12" is 1024 unchanged blocks, 3 that
 * were sent and 12 of zeros. Large volumes are aggregated to a few thousand cells to be drawn.
 */
import { assert } from '../../protocol/ids.js';

/** The areas of a pair, in the order in which data passes through them. */
export const areaNames = ['primary', 'shadow', 'staging', 'secondary'] as const;
export type AreaName = (typeof areaNames)[number];

/**
 * Letter → name and meaning, the gravest last: where a cell stands for many blocks, it shows the gravest of them.
 */
export const blockStates = {
  e: { name: 'empty', meaning: 'nothing is kept here' },
  u: { name: 'unchanged', meaning: 'as in the previous generation, not sent' },
  z: { name: 'zero', meaning: 'sent as a range of zeros, without data' },
  s: { name: 'sent', meaning: 'sent with its data, or received' },
  k: { name: 'kept', meaning: 'frozen content kept before the host overwrote it' },
  d: { name: 'deferred', meaning: 'a new host write waited here until the block was sent' },
  p: { name: 'pending', meaning: 'belongs to the generation and was not sent or structured yet' },
  w: { name: 'wrong', meaning: 'not as the golden image has it' },
} as const;
export type BlockState = keyof typeof blockStates;
export const stateLetters = Object.keys(blockStates) as BlockState[];

/** What a string of states looks like. */
export const statesPattern = /^(?:[euzskdpw][1-9]\d{0,15})*$/;

/** A run of blocks in one state. */
export interface StateRun {
  readonly state: BlockState;
  readonly count: number;
}

/** The runs of a string that `statesPattern` accepts. */
export function* stateRuns(states: string): Iterable<StateRun> {
  for (const [, state, count] of states.matchAll(/([a-z])(\d+)/g))
    yield { state: state as BlockState, count: Number(count) };
}

/** The string for runs in order; neighbours in one state are joined, empty runs left out. */
export function encodeStates(runs: Iterable<StateRun>): string {
  let text = '';
  let open: { state: BlockState; count: number } | undefined;
  const close = (): string => (open === undefined || open.count === 0 ? '' : `${open.state}${open.count}`);
  for (const { state, count } of runs) {
    if (open?.state === state) open.count += count;
    else {
      text += close();
      open = { state, count };
    }
  }
  return text + close();
}

/** Blocks in each state. */
export function countStates(states: string): ReadonlyMap<BlockState, number> {
  const counts = new Map<BlockState, number>();
  for (const { state, count } of stateRuns(states)) counts.set(state, (counts.get(state) ?? 0) + count);
  return counts;
}

/** A cell of a drawn map: the gravest state among its blocks, and how much of the cell is in it. */
export interface Cell {
  readonly state: BlockState;
  /** Blocks of the cell in that state over blocks of the cell, above 0 and up to 1. */
  readonly share: number;
}

/** A volume as `cells` of `blocksPerCell` blocks each; the last may be smaller. */
export interface CellMap {
  readonly cells: readonly Cell[];
  readonly blocksPerCell: number;
  readonly blocks: number;
}

/** Aggregates a map to at most `cellsMax` cells of a power of two of blocks each. */
export function aggregate(states: string, cellsMax: number): CellMap {
  assert(cellsMax > 0, 'there is room for a cell');
  const runs = [...stateRuns(states)];
  const blocks = runs.reduce((sum, { count }) => sum + count, 0);
  const blocksPerCell = 2 ** Math.max(0, Math.ceil(Math.log2(blocks / cellsMax)));
  const cells: Cell[] = [];
  let counts = new Map<BlockState, number>();
  let filled = 0;
  for (const { state, count } of runs) {
    for (let left = count; left > 0; ) {
      const taken = Math.min(left, blocksPerCell - filled);
      counts.set(state, (counts.get(state) ?? 0) + taken);
      filled += taken;
      left -= taken;
      if (filled < blocksPerCell) continue;
      cells.push(gravest(counts, filled));
      counts = new Map();
      filled = 0;
    }
  }
  if (filled > 0) cells.push(gravest(counts, filled));
  return { cells, blocksPerCell, blocks };
}

function gravest(counts: ReadonlyMap<BlockState, number>, blocks: number): Cell {
  const state = stateLetters.findLast((letter) => counts.has(letter));
  assert(state !== undefined, 'a cell has a block');
  return { state, share: (counts.get(state) ?? 0) / blocks };
}
