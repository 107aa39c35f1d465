/**
 * Writes the reports of a run into a directory: report.html for people, report.json and junit.xml for machines.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { withFile } from '../../host/golden/file-refusal.js';
import { reportHtml } from './html/page.js';
import { reportJson } from './json.js';
import { junitXml } from './junit.js';
import type { RunRecord } from './run-record.js';

/** Makes the directory when it is not there; returns the paths written. Refuses as `withFile`. */
export async function writeReport(directory: string, record: RunRecord): Promise<readonly string[]> {
  await withFile(directory, () => mkdir(directory, { recursive: true }));
  const files = { 'report.html': reportHtml(record), 'report.json': reportJson(record), 'junit.xml': junitXml(record) };
  const paths = [];
  for (const [name, text] of Object.entries(files)) {
    const path = join(directory, name);
    await withFile(path, () => writeFile(path, text));
    paths.push(path);
  }
  return paths;
}
