/** `npm run bench`: every claim of speed or size, measured beside its limit or peer in this run. */
import { cpus } from 'node:os';
import { answerTime } from './answer-time.js';
import { assertionDensity } from './assertion-density.js';
import { codecSpeed } from './codec-speed.js';
import { compressedLine } from './compressed-line.js';
import { freezeCost } from './freeze-cost.js';
import { fullCopy } from './full-copy.js';
import { heldLine } from './held-line.js';
import { lineBytes } from './line-bytes.js';
import { peakMemory } from './memory.js';
import { met, type Row, table } from './row.js';
import { simulatorSpeed } from './simulator-speed.js';
import { slowLine } from './slow-line.js';
import { soakMemory } from './soak-memory.js';
import { verifyBytes } from './verify-bytes.js';

const measures: readonly (() => Row[] | Promise<Row[]>)[] = [
  ...[freezeCost, lineBytes, compressedLine, heldLine, verifyBytes, codecSpeed, fullCopy, peakMemory],
  ...[simulatorSpeed, slowLine, soakMemory, answerTime, assertionDensity],
];
const all: Row[] = [];
console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'processor'}\n`);
for (const measure of measures) {
  const rows = await measure();
  for (const line of table(rows)) console.log(line);
  all.push(...rows);
}
const limited = all.filter(({ limit }) => limit !== undefined);
console.log(`\n${limited.filter(met).length} of ${limited.length} limits met`);
