/** The golden image of bytes in memory. */
import type { Golden } from '../../host/golden/golden.js';
import { recordGolden } from '../../host/golden/record.js';

export function goldenOf(contents: Buffer, blockBytes = 4096): Promise<Golden> {
  const blocks = contents.length / blockBytes;
  const source = {
    blocks,
    blockBytes,
    read: (first: number, count: number) =>
      Promise.resolve(contents.subarray(first * blockBytes, (first + count) * blockBytes)),
    dataRuns: () => [{ first: 0, count: blocks }],
  };
  return recordGolden([source], { generation: 0, epoch: 1, createdBy: 'bench', note: '', history: [] });
}
