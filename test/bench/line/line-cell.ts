/** The lines that are measured, and what a transfer has to reach on them. */

/** A line as it is emulated, in each direction alike. */
export interface LineCell {
  /** Bits per second; a byte takes 10. */
  readonly baud: number;
  /** One way. */
  readonly latencyMs: number;
  readonly bitErrorRate: number;
  /** Share of bytes that are lost. */
  readonly dropRate: number;
  /** Nothing arrives for so long, once, from a third of the transfer on. */
  readonly cutMs: number;
}

export const baudsAll = [115_200, 921_600, 3_000_000] as const;
export const latenciesMsAll = [0, 1, 16] as const;
export const bitErrorRatesAll = [0, 1e-6, 1e-5, 1e-4] as const;

/** Least share of the line that random data has to get, by bit error rate. */
const shares: ReadonlyMap<number, number> = new Map([
  [0, 0.994],
  [1e-6, 0.977],
  [1e-5, 0.938],
  [1e-4, 0.815],
]);
/** How much less it may be from this latency on, and how much less when everything is sealed. */
const distant = { latencyMs: 16, less: 0.01 };
const sealedLess = 0.01;

/** All combinations, as far as they are asked for. */
export function lineCells(
  bauds: readonly number[],
  latenciesMs: readonly number[],
  bitErrorRates: readonly number[],
): LineCell[] {
  return bauds.flatMap((baud) =>
    latenciesMs.flatMap((latencyMs) =>
      bitErrorRates.map((bitErrorRate) => ({ baud, latencyMs, bitErrorRate, dropRate: 0, cutMs: 0 })),
    ),
  );
}

/** Lines on which a transfer is slow, but has to end. */
export function hardCells(bauds: readonly number[]): LineCell[] {
  return bauds.flatMap((baud) => {
    const line = { baud, latencyMs: 1, bitErrorRate: 0, dropRate: 0, cutMs: 0 };
    return [
      { ...line, bitErrorRate: 1e-3 },
      { ...line, dropRate: 0.01 },
      { ...line, cutMs: 30_000 },
    ];
  });
}

/** The share that has to be reached; undefined where a transfer only has to end. */
export function shareLimit(
  { latencyMs, bitErrorRate, dropRate, cutMs }: LineCell,
  sealed: boolean,
): number | undefined {
  const share = dropRate > 0 || cutMs > 0 ? undefined : shares.get(bitErrorRate);
  if (share === undefined) return undefined;
  return share - (latencyMs >= distant.latencyMs ? distant.less : 0) - (sealed ? sealedLess : 0);
}

/** As in "115200 baud, 16 ms, 1e-5". */
export function cellName({ baud, latencyMs, bitErrorRate, dropRate, cutMs }: LineCell): string {
  const drops = dropRate === 0 ? [] : [`${dropRate * 100} % of bytes lost`];
  const cut = cutMs === 0 ? [] : [`a cut of ${cutMs / 1000} s`];
  const errors = bitErrorRate === 0 ? '0' : bitErrorRate.toExponential();
  return [`${baud} baud`, `${latencyMs} ms`, `bit errors ${errors}`, ...drops, ...cut].join(', ');
}
