/**
 * Makes a copy of the repository with one mutant in it: `node dist/test/mutants/apply.js NAME FOLDER`. Without arguments it
 * lists the names.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Edit, editsOf, type Mutant } from './mutant.js';
import { mutants } from './mutants.js';

/** The repository, seen from the built files. */
export const repository = fileURLToPath(new URL('../../..', import.meta.url));

/** Copies the sources to `folder`, which must not exist yet, applies the mutant and builds. Throws when one of these fails. */
export function applyMutant(name: string, folder: string): void {
  const mutant = mutants.find((each) => each.name === name);
  if (mutant === undefined) throw new RangeError(`no mutant is called ${name}`);
  copySources(folder);
  mutateSources(mutant, folder);
  build(folder);
}

/** Copies every file that git knows, as it is now; modules are shared by a link. */
export function copySources(folder: string): void {
  mkdirSync(folder);
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: repository, encoding: 'utf8' });
  for (const file of listed.split('\0').filter((each) => each !== '')) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(repository, file), join(folder, file));
  }
  symlinkSync(join(repository, 'node_modules'), join(folder, 'node_modules'));
}

/** Changes the sources in `folder`. Throws when a piece to be replaced is not there exactly once. */
export function mutateSources(mutant: Mutant, folder: string): void {
  for (const edit of editsOf(mutant)) {
    const path = join(folder, edit.file);
    writeFileSync(path, mutated(readFileSync(path, 'utf8'), edit));
  }
}

/** The text of a file with an edit applied. Throws when the piece to be replaced is not there exactly once. */
export function mutated(text: string, { file, find, replace }: Edit): string {
  const [before, after, ...more] = text.split(find);
  if (before === undefined || after === undefined || more.length > 0) {
    throw new RangeError(`${file} does not hold exactly once: ${find}`);
  }
  return before + replace + after;
}

/** A mistake may leave something unused. */
const careless = ['--noUnusedLocals', 'false', '--noUnusedParameters', 'false'];

/** Builds the sources in `folder`. Throws with the compiler's words. */
export function build(folder: string): void {
  const compiler = join(folder, 'node_modules/.bin/tsc');
  const { status, stdout } = spawnSync(compiler, ['-p', 'tsconfig.json', ...careless], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the mutant does not compile:\n${stdout}`);
}

function main([name, folder]: readonly string[]): void {
  if (name !== undefined && folder !== undefined) applyMutant(name, folder);
  else for (const each of mutants) process.stdout.write(`${each.name}: ${each.harm}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
