/** Files that a simulation leaves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { RefusalError } from '../../protocol/refusals.js';

/** Writes a file, and makes its folder if there is none; throws RefusalError `file-unreadable`. */
export function writeFileInFolder(path: string, text: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    throw new RefusalError('file-unreadable', `${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
