import type { VolumeSpan } from '../../host/golden/golden.js';

/** A line for each span: "volume 0, blocks 16 to 18 (bytes 65536 to 77823)". */
export function spansText(spans: readonly VolumeSpan[], blockBytes: number): string[] {
  return spans.map(({ volume, first, count }) => {
    const blocks = count === 1 ? `block ${first}` : `blocks ${first} to ${first + count - 1}`;
    return `volume ${volume}, ${blocks} (bytes ${first * blockBytes} to ${(first + count) * blockBytes - 1})`;
  });
}
