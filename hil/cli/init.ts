/** What `coldframe init` does. */
import { writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorOfFile } from '../../host/golden/file-refusal.js';
import { RefusalError } from '../../protocol/refusals.js';
import { parseBench } from '../bench/bench-file.js';
import { benchTemplate } from '../bench/bench-template.js';
import { listPorts, type PortInfo } from '../run/ports.js';
import { commandWords } from './command-words.js';

export interface InitOptions {
  /** Replaces a file that is there. */
  readonly force?: boolean;
  /** The ports of this computer unless given. */
  readonly ports?: readonly PortInfo[];
}

/**
 * Writes a bench file for the ports that there are; returns what to tell. Throws RefusalError `file-exists`, or
 * as `withFile` where nothing can be written.
 */
export async function writeBenchFile(path: string, { force, ports }: InitOptions): Promise<string> {
  const text = benchTemplate({ folder: dirname(resolve(path)), ports: ports ?? (await listPorts()) });
  const { kind } = parseBench(path, text);
  try {
    await writeFile(path, text, { flag: force === true ? 'w' : 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST')
      throw new RefusalError('file-exists', `${path}; --force replaces it`);
    throw errorOfFile(error, path);
  }
  const next = ['doctor', 'run'].map((name) => `  ${commandWords(['coldframe', name, '--bench', path])}\n`).join('');
  const what = kind === 'lines' ? 'two boards at the first two adapters' : 'two models in virtual time';
  return `wrote ${path}: ${what}\n${next}`;
}
