/** Folders that tests write into and nobody looks at afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const made: string[] = [];

process.once('exit', () => {
  for (const folder of made) rmSync(folder, { recursive: true, force: true });
});

/** A new folder, gone when the tests end: kept until then for what a test that failed has to show. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'coldframe-test-'));
  made.push(folder);
  return folder;
}
