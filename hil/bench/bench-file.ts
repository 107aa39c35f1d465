/**
 * Bench files: what a scenario runs on.
 *
 *     kind: processes            # emulator, in-process, processes, lines
 *     method: differential
 *     block: 4KiB
 *     volumes: [{size: 64MiB}, {size: 64MiB}]
 *     transport: pty             # between processes: unix, tcp, pty
 *     lines:
 *       host: {baud: 921600}     # emulated, or the address of a board's host port
 *       remote: {baud: 921600, latency: 2, ber: 1e-7}
 *       sub: serial:/dev/ttyUSB1?baud=921600
 *     roles:
 *       main: model              # started here
 *       sub: line                # a board at the line `sub`; `subRemote` is the line to its remote port
 *     keyFile: pair.key
 *     hooks: {quiesce: fsfreeze -f /mnt, resume: fsfreeze -u /mnt, powerOff: {sub: ./off.sh}, powerOn: {sub: ./on.sh}}
 *
 * Everything may be left out.
 */
import { dirname, resolve } from 'node:path';
import * as z from 'zod';
import { blockBytesDefault, methods, sectorBytes, volumesMax } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import { parseLineAddress } from '../run/lines/address.js';
import { parseSize } from '../run/sizes.js';
import { checkYaml, parseYaml, readYaml, type YamlFile, type YamlPath } from '../yaml-file.js';
import { benchKinds } from './bench.js';
import { transports } from './near-line.js';

/** What a reader throws is the message of the issue. */
function readBy<Value>(read: (text: string) => Value) {
  return (text: string | number, context: z.RefinementCtx): Value => {
    try {
      return read(String(text));
    } catch (error) {
      if (!(error instanceof RefusalError)) throw error;
      context.addIssue({ code: 'custom', message: error.refusal.detail });
      return z.NEVER;
    }
  };
}

const sizeSchema = z.union([z.string(), z.number()]).transform(readBy(parseSize));
const volumeSize = sizeSchema.refine((bytes) => bytes % sectorBytes === 0, `must be a multiple of ${sectorBytes}`);
const blockSize = sizeSchema.refine(
  (bytes) => bytes >= sectorBytes && bytes <= 65_536 && Number.isInteger(Math.log2(bytes)),
  `must be a power of two from ${sectorBytes} to 65536`,
);
const address = z.string().transform(
  readBy((text) => {
    parseLineAddress(text);
    return text;
  }),
);
const emulation = z
  .strictObject({
    baud: z.number().int().positive().optional(),
    latency: z.number().min(0).max(60_000).default(0),
    ber: z.number().min(0).max(1).default(0),
    drop: z.number().min(0).max(1).default(0),
  })
  .transform(({ baud, latency, ber, drop }) => ({ baud, latencyMs: latency, ber, drop }));
const powerHook = z.strictObject({ main: z.string().optional(), sub: z.string().optional() }).default({});

/** What a bench file may say. `checkBench` looks at what belongs together. */
export const benchSchema = z.strictObject({
  kind: z.enum(benchKinds).default('emulator'),
  method: z.enum(methods as ['copy', 'differential', 'streaming']).default('differential'),
  block: blockSize.default(blockBytesDefault),
  volumes: z
    .array(z.strictObject({ size: volumeSize }))
    .min(1)
    .max(volumesMax)
    .default([{ size: 8 * 2 ** 20 }]),
  transport: z.enum(transports).optional(),
  lines: z
    .strictObject({
      host: z.union([emulation, address]).optional(),
      remote: emulation.optional(),
      sub: address.optional(),
      mainRemote: address.optional(),
      subRemote: address.optional(),
    })
    .default({}),
  roles: z
    .strictObject({ main: z.enum(['model', 'line']).optional(), sub: z.enum(['model', 'line']).optional() })
    .default({}),
  keyFile: z.string().optional(),
  hooks: z
    .strictObject({
      quiesce: z.string().optional(),
      resume: z.string().optional(),
      powerOff: powerHook,
      powerOn: powerHook,
    })
    .default({ powerOff: {}, powerOn: {} }),
});

/** A bench file that has been read, everything left out filled in. */
export type BenchFile = z.output<typeof benchSchema>;

/** The bench when no file is given. */
export const benchDefault: BenchFile = benchSchema.parse({});

/**
 * Reads a bench file; paths in it are taken from where it lies. Throws RefusalError `file-missing`, `file-unreadable`,
 * and `configuration-invalid` with line and column.
 */
export function readBenchFile(path: string): BenchFile {
  const file = readYaml(path);
  const bench = checkBench(file, checkYaml(file, benchSchema, file.value ?? {}));
  return bench.keyFile === undefined ? bench : { ...bench, keyFile: resolve(dirname(path), bench.keyFile) };
}

/** The same from text. */
export function parseBench(name: string, text: string): BenchFile {
  const file = parseYaml(name, text);
  return checkBench(file, checkYaml(file, benchSchema, file.value ?? {}));
}

/** Looks at what belongs together; `at` is where in the file the bench stands. Returns it. */
export function checkBench(file: YamlFile, bench: BenchFile, at: YamlPath = []): BenchFile {
  const { kind, lines, block, volumes } = bench;
  for (const [index, { size }] of volumes.entries()) {
    if (size % block !== 0)
      throw file.refuse([...at, 'volumes', index, 'size'], `volumes.${index}.size: no whole blocks`);
  }
  const roles = rolesOf(bench);
  const isOnLine = roles.main === 'line' || roles.sub === 'line';
  if (isOnLine && kind !== 'lines' && kind !== 'processes') {
    throw file.refuse([...at, 'roles'], `roles: a bench of kind ${kind} has no lines to boards`);
  }
  if (kind === 'lines' && (roles.main === 'model' || roles.sub === 'model')) {
    throw file.refuse([...at, 'roles'], 'roles: a bench of kind lines starts no models; use processes');
  }
  if (roles.main === 'line' && typeof lines.host !== 'string') {
    throw file.refuse([...at, 'lines', 'host'], 'lines.host: must be an address, main is at this line');
  }
  if (roles.main === 'model' && typeof lines.host === 'string') {
    throw file.refuse([...at, 'lines', 'host'], 'lines.host: is an address, but main is a model');
  }
  if (roles.sub === 'line' && lines.sub === undefined) {
    throw file.refuse([...at, 'lines'], 'lines.sub: must be an address, the sub is at this line');
  }
  const [mixed, remote] =
    roles.main === 'line' ? [roles.sub === 'model', 'mainRemote' as const] : [isOnLine, 'subRemote' as const];
  if (mixed && lines[remote] === undefined) {
    throw file.refuse([...at, 'lines'], `lines.${remote}: must be the address of the board’s remote port`);
  }
  return bench;
}

/** Which role is a model and which is at a line. */
export function rolesOf({ kind, roles }: Pick<BenchFile, 'kind' | 'roles'>) {
  const usual = kind === 'lines' ? ('line' as const) : ('model' as const);
  return { main: roles.main ?? usual, sub: roles.sub ?? usual };
}
