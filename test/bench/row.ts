/** One figure of the bench, beside its limit and what it is compared with in the same run. */
export interface Row {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly limit?: { readonly at: 'most' | 'least'; readonly value: number };
  /** What it is measured against, or how. */
  readonly beside: string;
}

export function met({ value, limit }: Row): boolean {
  if (limit === undefined) return true;
  return limit.at === 'most' ? value <= limit.value : value >= limit.value;
}

/** Rows as aligned lines of text. */
export function table(rows: readonly Row[]): string[] {
  return rows.map((row) => {
    const { name, value, unit, limit, beside } = row;
    const bound = limit === undefined ? '' : `${limit.at === 'most' ? '≤' : '≥'} ${limit.value}`;
    const verdict = limit === undefined ? '    ' : met(row) ? 'met ' : 'MISS';
    return `${verdict}  ${name.padEnd(58)} ${digits(value).padStart(10)} ${unit.padEnd(6)} ${bound.padEnd(9)} ${beside}`;
  });
}

function digits(value: number): string {
  return value >= 1000 ? value.toFixed(0) : value.toPrecision(3);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
