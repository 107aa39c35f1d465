/** Two controllers that run by themselves, as boards do, at the ends of lines that a bench file names. */
import { join } from 'node:path';
import { type BenchProcess, startProcess, temporaryFolder } from '../../../hil/bench/processes.js';

export interface Boards extends AsyncDisposable {
  readonly main: BenchProcess;
  readonly sub: BenchProcess;
  /** Text of a bench file for them. */
  readonly benchFile: string;
}

/** Starts a pair that copies one volume of 256 KiB by the copy method, in blocks of 4 KiB; the sub may be of another size. */
export async function startBoards({ subSize = '256KiB', subBlock = '4KiB' } = {}): Promise<Boards> {
  const folder = await temporaryFolder();
  const at = (name: string) => join(folder.path, name);
  const start = (role: string, remote: string, areas: readonly string[]) =>
    startProcess([
      ...['firmware', role, '--host', `unix-listen:${at(role)}`, '--remote', `${remote}:${at('remote')}`],
      ...['--meta', at(`${role}.meta`), ...areas],
    ]);
  const mainAreas = ['--primary', at('p'), '--shadow', at('s'), '--method', 'copy', '--size', '256KiB'];
  const main = await start('main', 'unix-listen', mainAreas);
  const subAreas = ['--secondary', at('c'), '--staging', at('t'), '--size', subSize, '--block', subBlock];
  const sub = await start('sub', 'unix', subAreas);
  const lines = `{host: "unix:${at('main')}", sub: "unix:${at('sub')}"}`;
  return {
    ...{ main, sub, benchFile: `kind: lines\nmethod: copy\nvolumes: [{size: 256KiB}]\nlines: ${lines}\n` },
    async [Symbol.asyncDispose]() {
      await Promise.all([main.kill(), sub.kill()]);
      await folder.remove();
    },
  };
}
