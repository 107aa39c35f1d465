/**
 * Bench files: what a scenario runs on (docs/bench.md).
 *
 *     kind: processes            # emulator, in-process, processes, lines
 *     method: differential
 *     block: 4KiB
 *     volumes:
 *       - {size: 64MiB, areas: {secondary: copy.img, staging: "memory:"}}
 *       - {size: 64MiB}
 *     transport: pty             # between processes: unix, tcp, pty
 *     lines:
 *       host: {baud: 921600}     # emulated, or the address of a board's host port
 *       remote: {baud: 921600, latency: 2, ber: 1e-7}
 *       sub: serial:/dev/ttyUSB1?baud=921600
 *       subRemote: serial:/dev/ttyUSB2?baud=921600
 *     roles:
 *       main: model              # started here
 *       sub: line                # a board at the line `sub`; `subRemote` is the line to its remote port
 *     keyFiles: {hostSub: host.key, mainSub: pair.key}
 *     hooks: {quiesce: fsfreeze -f /mnt, resume: fsfreeze -u /mnt, powerOff: {sub: ./off.sh}, powerOn: {sub: ./on.sh}}
 *     features: [groups, sealed, takeover]
 *
 * Everything may be left out.
 */
import { dirname, resolve } from 'node:path';
import { parseArea } from '../run/disks/area.js';
import { checkYaml, parseYaml, readYaml, type YamlFile, type YamlPath } from '../yaml-file.js';
import { problemsOfBench } from './bench-rules.js';
import { type BenchFile, benchSchema } from './bench-schema.js';

export { rolesOf } from './bench-rules.js';
export type { BenchFile } from './bench-schema.js';

/** The bench when no file is given. */
export const benchDefault: BenchFile = benchSchema.parse({});

/**
 * Reads a bench file; paths of files in it are taken from where it lies. Throws RefusalError `file-missing`,
 * `file-unreadable`, and `configuration-invalid` with the line and column of everything that is wrong. `beneath` is what
 * holds where the file says nothing: the bench that a scenario asks for.
 */
export function readBenchFile(path: string, beneath: Readonly<Record<string, unknown>> = {}): BenchFile {
  return resolved(checkedBench(readYaml(path), beneath), dirname(path));
}

/** The same from text. */
export function parseBench(name: string, text: string): BenchFile {
  return checkedBench(parseYaml(name, text));
}

/** Looks at what belongs together; `at` is where in the file the bench stands. Returns it. */
export function checkBench(file: YamlFile, bench: BenchFile, at: YamlPath = []): BenchFile {
  const problems = problemsOfBench(bench, at);
  if (problems.length > 0) throw file.refuseAll(problems);
  return bench;
}

function checkedBench(file: YamlFile, beneath: Readonly<Record<string, unknown>> = {}): BenchFile {
  return checkBench(file, checkYaml(file, benchSchema, laidOver(beneath, file.value ?? {})));
}

/** The fields of a bench over those beneath it, and its lines over theirs. */
function laidOver(beneath: Readonly<Record<string, unknown>>, value: unknown): unknown {
  if (!isRecord(value)) return value;
  const { lines = {} } = value;
  const linesBeneath = isRecord(beneath.lines) ? beneath.lines : {};
  return { ...beneath, ...value, lines: isRecord(lines) ? { ...linesBeneath, ...lines } : lines };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function resolved(bench: BenchFile, folder: string): BenchFile {
  const path = (text: string) => resolve(folder, text);
  const area = (text: string) => (parseArea(text).kind === 'file' ? path(text) : text);
  return {
    ...bench,
    ...(bench.keyFile === undefined ? {} : { keyFile: path(bench.keyFile) }),
    keyFiles: each(bench.keyFiles, path),
    meta: each(bench.meta, area),
    volumes: bench.volumes.map(({ size, areas }) => ({ size, areas: each(areas, area) })),
  };
}

function each<Texts extends Readonly<Record<string, string | undefined>>>(
  texts: Texts,
  change: (text: string) => string,
): Texts {
  const changed = Object.entries(texts).map(([name, text]) => [name, text === undefined ? text : change(text)]);
  return Object.fromEntries(changed) as Texts;
}
