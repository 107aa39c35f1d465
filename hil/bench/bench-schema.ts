/**
 * What a bench file may say, field by field. docs/bench.schema.json is made from it, for editors; `problemsOfBench`
 * looks at what belongs together.
 */
import * as z from 'zod';
import { blockBytesDefault, methods, sectorBytes, volumesMax } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import { compressChoices } from '../run/compress.js';
import { parseArea } from '../run/disks/area.js';
import { parseLineAddress } from '../run/lines/address.js';
import { parseSize } from '../run/sizes.js';
import { benchKinds } from './bench.js';
import { featureNames } from './features.js';
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

/** The text as it was written, once `read` has taken it. */
const checkedBy = (read: (text: string) => unknown) =>
  z.string().transform(
    readBy((text) => {
      read(text);
      return text;
    }),
  );

const sizeSchema = z.union([z.string(), z.number()]).transform(readBy(parseSize));
const volumeSize = sizeSchema.refine((bytes) => bytes % sectorBytes === 0, `must be a multiple of ${sectorBytes}`);
const blockSize = sizeSchema.refine(
  (bytes) => bytes >= sectorBytes && bytes <= 65_536 && Number.isInteger(Math.log2(bytes)),
  `must be a power of two from ${sectorBytes} to 65536`,
);
const address = checkedBy(parseLineAddress);
const area = checkedBy(parseArea);
const file = z.string().min(1, 'must name a file');
const command = z.string().min(1, 'must be a command');

const emulation = z
  .strictObject({
    baud: z.number().int().positive().optional().describe('bits per second; without it bytes take no time'),
    latency: z.number().min(0).max(60_000).default(0).describe('milliseconds from one end to the other'),
    ber: z.number().min(0).max(1).default(0).describe('share of bits that are flipped'),
    drop: z.number().min(0).max(1).default(0).describe('share of bytes that are lost'),
  })
  .transform(({ baud, latency, ber, drop }) => ({ baud, latencyMs: latency, ber, drop }));

const areas = z
  .strictObject({
    primary: area.optional().describe('of main: what the host reads and writes'),
    shadow: area.optional().describe('of main: frozen blocks, or deferred writes'),
    staging: area.optional().describe('of the sub: what has arrived of the generation on its way'),
    secondary: area.optional().describe('of the sub: the image'),
  })
  .default({})
  .describe(
    'where the areas of models are: a raw image file, memory:, or the line to a disk; temporary files unless given',
  );

const volume = z.strictObject({ size: volumeSize.describe('64MiB, 1TiB or bytes; a multiple of block'), areas });

const onePerRole = (value: z.ZodType<string>) =>
  z.strictObject({ main: value.optional(), sub: value.optional() }).default({});
const role = z.enum(['model', 'line']).optional();

const lines = z
  .strictObject({
    host: z.union([emulation, address]).optional().describe('to main: emulated, or the address of a board’s host port'),
    remote: emulation.optional().describe('between the controllers, where it is emulated'),
    sub: address.optional().describe('to the host port of a board that is the sub'),
    mainRemote: address.optional().describe('to the remote port of a board that is main, beside a modelled sub'),
    subRemote: address.optional().describe('to the remote port of a board that is the sub, beside a modelled main'),
  })
  .default({})
  .describe('addresses look like serial:/dev/serial/by-id/usb-…?baud=921600, tcp://127.0.0.1:7001, unix:/run/x.sock');

const keyFiles = z
  .strictObject({
    hostMain: file.optional().describe('between host and main: --host-key-file of main'),
    hostSub: file.optional().describe('between host and sub: --host-key-file of the sub'),
    mainSub: file.optional().describe('between the controllers: --remote-key-file of both'),
  })
  .default({})
  .describe('keys of single lines, in place of keyFile');

const hooks = z
  .strictObject({
    quiesce: command.optional().describe('before each freeze, such as fsfreeze -f /mnt'),
    resume: command.optional().describe('after each freeze, whatever came of it'),
    powerOff: onePerRole(command).describe('cuts the power of a board'),
    powerOn: onePerRole(command).describe('gives it back'),
    reset: onePerRole(command).describe('restarts a board that has no power switch: used in the place of a power cut'),
    diskError: onePerRole(command).describe(
      'lets commands to a disk of a board fail: which stands in COLDFRAME_AREA, _VOLUME, _COMMAND (read, write) and _TIMES (0: mended)',
    ),
  })
  .default({ powerOff: {}, powerOn: {}, reset: {}, diskError: {} })
  .describe('shell commands; exit code 0 is success');

/** What a bench file may say. */
export const benchSchema = z.strictObject({
  kind: z
    .enum(benchKinds)
    .default('emulator')
    .describe(
      'emulator: models in virtual time; in-process: models in real time; processes: models as processes, or boards beside them; lines: boards alone',
    ),
  method: z
    .enum(methods as ['copy', 'differential', 'streaming'])
    .default('differential')
    .describe('how main keeps and sends an image; a board must be set to the same'),
  block: blockSize.default(blockBytesDefault).describe('unit of copying: a power of two from 512 to 64KiB'),
  volumes: z
    .array(volume)
    .min(1, 'a group has at least one volume')
    .max(volumesMax, `a group has at most ${volumesMax} volumes`)
    .default([{ size: 8 * 2 ** 20, areas: {} }])
    .describe('the volumes of the group, frozen at one instant'),
  shadow: volumeSize.optional().describe('size of each shadow area of models; as large as its volume unless given'),
  staging: volumeSize.optional().describe('size of each staging area of models; as large as its volume unless given'),
  meta: onePerRole(area).describe('where the durable records of models are, as areas'),
  transport: z.enum(transports).optional().describe('what lines to models as processes are made of'),
  lines,
  roles: z.strictObject({ main: role, sub: role }).default({}).describe('model: started here; line: a board at a line'),
  compress: z
    .enum(compressChoices)
    .default('auto')
    .describe(
      'of models, between the controllers. auto: runs that get smaller, to a controller that takes them; off: none',
    ),
  keyFile: file.optional().describe('seals every line: 64 hexadecimal digits, readable by nobody else'),
  keyFiles,
  hooks,
  features: z
    .array(z.enum(featureNames))
    .default([...featureNames])
    .describe('what the controllers on this bench can do besides copying one volume; everything unless given'),
});

/** A bench file that has been read, everything left out filled in. */
export type BenchFile = z.output<typeof benchSchema>;

/** docs/bench.schema.json */
export function benchSchemaDocument(): string {
  const schema = z.toJSONSchema(benchSchema, { io: 'input' });
  return `${JSON.stringify({ title: 'Coldframe bench file', ...schema }, null, 2)}\n`;
}
