/**
 * `npm run bench:scenarios`: each scenario that comes with coldframe, unchanged, on the emulator and on processes over PTYs, one
 * after the other.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProcess, temporaryFolder } from '../../hil/bench/processes.js';
import { shippedScenarios } from '../../hil/job/shipped-scenarios.js';

const benches = { emulator: 'kind: emulator\n', processes: 'kind: processes\ntransport: pty\n' };
const folder = await temporaryFolder();
let wrong = 0;
try {
  for (const [kind, text] of Object.entries(benches)) {
    await writeFile(join(folder.path, `${kind}.yaml`), text);
    for (const scenario of shippedScenarios()) wrong += (await run(kind, scenario)) ? 0 : 1;
  }
} finally {
  await folder.remove();
}
if (wrong > 0) console.log(`\n${wrong} did not pass`);
process.exitCode = wrong > 0 ? 1 : 0;

async function run(kind: string, scenario: string): Promise<boolean> {
  const startMs = performance.now();
  const args = ['run', '--bench', `${kind}.yaml`, '--scenario', scenario, '--seed', '7', '--out', 'out', '--json'];
  const { exitCode, stderr } = await runProcess(args, { cwd: folder.path });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  const how = exitCode === 0 ? 'passed' : `exit ${exitCode}`;
  console.log(`${how}  ${kind.padEnd(10)} ${scenario.padEnd(24)} ${seconds.padStart(4)} s  ${stderr.trim()}`);
  return exitCode === 0;
}
