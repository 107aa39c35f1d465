/** Which room may import which. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { expect } from 'chai';

const root = process.cwd();
const rooms = ['protocol', 'firmware-sim', 'host', 'hil'] as const;

/** What each room (or folder in it) may import of ours, besides itself; the longest prefix that fits counts. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  'firmware-sim': ['protocol'],
  host: ['protocol'],
  hil: ['protocol', 'firmware-sim', 'host'],
};

/** Arrows that are forbidden inside a room. */
const forbidden: readonly (readonly [string, string])[] = [
  ['firmware-sim/main', 'firmware-sim/sub'],
  ['firmware-sim/sub', 'firmware-sim/main'],
  ['firmware-sim/storage', 'firmware-sim/main'],
  ['firmware-sim/storage', 'firmware-sim/sub'],
  ['firmware-sim/storage', 'firmware-sim/replica'],
  ['firmware-sim/replica', 'firmware-sim/main'],
  ['firmware-sim/replica', 'firmware-sim/sub'],
  ['firmware-sim/controller', 'firmware-sim/main'],
  ['firmware-sim/controller', 'firmware-sim/sub'],
  ['firmware-sim/disk', 'firmware-sim/controller'],
  ['protocol/frame', 'protocol/link'],
  ['protocol/link', 'protocol/session'],
  ['hil/run', 'hil/cli'],
  ['hil/bench', 'hil/cli'],
  ['hil/job', 'hil/cli'],
  ['hil/bench', 'hil/job'],
  ['hil/report', 'hil/bench'],
  ['hil/simulate', 'hil/run'],
  ['hil/capture', 'hil/run'],
  ['hil/capture', 'hil/cli'],
  ['hil/replay', 'hil/cli'],
];

/** Modules of Node that a step machine must not see. */
const impure = [
  'node:fs',
  'node:net',
  'node:timers',
  'node:child_process',
  'node:worker_threads',
  'node:os',
  'node:perf_hooks',
];
/** Names that would bring a clock, randomness or promises into a step machine. */
const impureWords =
  /\b(Date\.now|new Date|Math\.random|randomBytes|randomUUID|setTimeout|setInterval|setImmediate|queueMicrotask|performance\.now|await |async )/;

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function imports(file: string): string[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name]) => name ?? '');
}

/** Packages that are loaded with a file of ours, through all that it imports for more than types; not when a function asks. */
function packagesLoadedWith(start: string): string[] {
  const packages = new Set<string>();
  const seen = new Set<string>();
  const visit = (file: string) => {
    if (seen.has(file)) return;
    seen.add(file);
    const text = readFileSync(join(root, file), 'utf8');
    for (const [, name = ''] of text.matchAll(/^(?:import|export)(?! type)[^;]*?from '([^']+)'/gm)) {
      if (name.startsWith('.')) visit(normalize(join(dirname(file), name)).replace(/\.js$/, '.ts'));
      else if (!name.startsWith('node:')) packages.add(name);
    }
  };
  visit(start);
  return [...packages].sort();
}

const within = (path: string, folder: string) => path === folder || path.startsWith(`${folder}/`);

/** Imports of ours as [file, imported file]. */
function arrows(folder: string): (readonly [string, string])[] {
  return sources(folder).flatMap((file) =>
    imports(file)
      .filter((name) => name.startsWith('.'))
      .map((name) => [file, normalize(join(dirname(file), name))] as const),
  );
}

describe('rooms and arrows', () => {
  for (const room of rooms) {
    it(`lets ${room}/ import only what it may`, () => {
      const wrong = arrows(room).filter(
        ([, to]) => !within(to, room) && !(allowed[room] ?? []).some((other) => within(to, other)),
      );
      expect(wrong.map(([from, to]) => `${from} → ${to}`)).to.deep.equal([]);
    });
  }

  it('keeps main and sub apart, and what they share below them', () => {
    const wrong = rooms
      .flatMap(arrows)
      .filter(([from, to]) => forbidden.some(([a, b]) => within(from, a) && within(to, b)));
    expect(wrong.map(([from, to]) => `${from} → ${to}`)).to.deep.equal([]);
  });

  it('keeps clocks, randomness, promises and I/O out of the step machines', () => {
    const files = [...sources('protocol'), ...sources('firmware-sim')];
    expect(files.length).to.be.greaterThan(60);
    const wrong = files.filter((file) => {
      // Comments may speak of what the code must not do.
      const code = readFileSync(join(root, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      return imports(file).some((name) => impure.some((module) => name.startsWith(module))) || impureWords.test(code);
    });
    expect(wrong).to.deep.equal([]);
  });

  it('loads no package with the command line but the one that reads it, so that every command starts quickly', () => {
    expect(packagesLoadedWith('hil/cli/main.ts')).to.deep.equal(['commander']);
  });
});
