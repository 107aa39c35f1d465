/**
 * Mutation tests: npm run mutation [-- <room or file> …]. Takes minutes to hours, so it is on demand.
 *
 * Stryker is installed from the lock file beside this file into coldframe-out/mutation, not among the project's own
 * packages: it would make every `npm ci` half as large again. What it changes is a copy of the project.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { files, rooms } from './rooms.mjs';
import { summarise } from './summary.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '..', '..');
const out = join(root, 'coldframe-out', 'mutation');
const tool = join(out, 'tool');

function run(command, args, cwd) {
  const { status } = spawnSync(command, args, { cwd, stdio: 'inherit', shell: process.platform === 'win32' });
  if (status !== 0) process.exit(status ?? 1);
}

function install() {
  const lock = readFileSync(join(here, 'package-lock.json'), 'utf8');
  const installed = join(tool, 'package-lock.json');
  // npm writes the hidden lock file last: an installation that was cut short has none.
  const whole = existsSync(join(tool, 'node_modules', '.package-lock.json'));
  const ready = whole && readFileSync(installed, 'utf8') === lock;
  if (ready) return;
  mkdirSync(tool, { recursive: true });
  copyFileSync(join(root, '.npmrc'), join(tool, '.npmrc'));
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(here, name), join(tool, name));
  run('npm', ['ci'], tool);
}

function configure(room, { mutate = `${room}/**/*.ts`, tests }) {
  const name = room.replaceAll('/', '-');
  const reported = join(out, `${name}.json`);
  const configuration = {
    ...JSON.parse(readFileSync(join(here, 'stryker.json'), 'utf8')),
    mutate: [mutate],
    jsonReporter: { fileName: reported },
    mochaOptions: { 'no-config': true, 'no-package': true, spec: tests.map((each) => `dist/test/${each}.test.js`) },
  };
  const file = join(out, `${name}.stryker.json`);
  writeFileSync(file, `${JSON.stringify(configuration, undefined, 2)}\n`);
  return { file, reported };
}

/** What a room is mutated and judged by; a single file is judged by the tests of its room, unless it has some of its own. */
function choose(asked) {
  if (asked in rooms) return rooms[asked];
  const room = asked.endsWith('.ts') ? rooms[dirname(asked)] : undefined;
  return room === undefined ? undefined : { tests: files[asked] ?? room.tests, mutate: asked };
}

const asked = process.argv.slice(2);
const unknown = asked.find((each) => choose(each) === undefined);
if (unknown !== undefined) {
  console.error(`There is no room ${unknown}. Rooms: ${Object.keys(rooms).join(', ')}`);
  process.exit(2);
}
install();
for (const room of asked.length === 0 ? Object.keys(rooms) : asked) {
  const { file, reported } = configure(room, choose(room));
  const stryker = join(tool, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
  run(process.execPath, [stryker, 'run', file], root);
  console.log(summarise(room, JSON.parse(readFileSync(reported, 'utf8'))));
}
