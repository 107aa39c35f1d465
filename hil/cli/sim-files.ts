/** Files that a simulation leaves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorOfFile } from '../../host/golden/file-refusal.js';
import { requireUnlocked } from './untouched-file.js';

/** Writes a file, and makes its folder if there is none; throws RefusalError as `withFile`, and `file-in-use`. */
export function writeFileInFolder(path: string, text: string): void {
  requireUnlocked(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    throw errorOfFile(error, path);
  }
}
