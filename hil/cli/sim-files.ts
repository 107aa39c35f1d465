/** Files that a simulation leaves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorOfFile } from '../../host/golden/file-refusal.js';
import { RefusalError } from '../../protocol/refusals.js';
import { requireUnlocked } from './untouched-file.js';

/** Writes a file, and makes its folder if there is none; throws RefusalError as `withFile`, and `file-in-use`. */
export function writeFileInFolder(path: string, text: string): void {
  try {
    requireUnlocked(path);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  } catch (error) {
    throw errorOfFile(error, path);
  }
}

/** The same for what was found, which is told all the same: undefined, or why it is not saved. */
export function saveFound(path: string, text: string): string | undefined {
  try {
    writeFileInFolder(path, text);
    return undefined;
  } catch (error) {
    if (error instanceof RefusalError) return error.message;
    throw error;
  }
}
