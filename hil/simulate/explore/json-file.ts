/** JSON that we wrote ourselves and that may be long, checked like the YAML files that people write. */

import { readFileSync, statSync } from 'node:fs';
import { noOrdinaryFile } from '../../../host/advised-refusal.js';
import { fileRefusal } from '../../../host/golden/file-refusal.js';
import { RefusalError } from '../../../protocol/refusals.js';
import { fileWithPlaces, parseYaml, type YamlFile } from '../../yaml-file.js';

/** The longest file, in bytes: far more than any plan of a seed. */
const jsonBytesMax = 2 ** 24;

/**
 * Reads a file; one that does not begin like JSON is read as YAML. Throws RefusalError `file-missing`, `file-unreadable`,
 * `configuration-invalid`.
 */
export function readJson(path: string): YamlFile {
  const text = contentsOf(path);
  if (!/^\s*[{[]/.test(text)) return parseYaml(path, text);
  try {
    return fileWithPlaces(path, JSON.parse(text), () => undefined);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RefusalError('configuration-invalid', `${path}: no JSON: ${why}`);
  }
}

function contentsOf(path: string): string {
  try {
    const stat = statSync(path);
    if (!stat.isFile()) throw noOrdinaryFile(path);
    if (stat.size > jsonBytesMax) throw new RefusalError('configuration-invalid', `${path}: longer than any plan`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof RefusalError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new RefusalError('file-missing', path);
    throw fileRefusal('file-unreadable', path, error);
  }
}
