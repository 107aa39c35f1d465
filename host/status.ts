/** The state of a controller as `coldframe host status --json` gives it: documented by docs/status.schema.json. */
import * as z from 'zod';
import { methods, pairStates } from '../protocol/ids.js';
import type { MessageNamed } from '../protocol/message/messages.js';
import { RefusalError, refusalByNumber } from '../protocol/refusals.js';

const count = z.number().int().nonnegative();
/** A code of the refusal table, its number where this version has no name for it, or null. */
const reason = z.union([z.string(), count, z.null()]);

export const statusSchema = z.strictObject({
  role: z.enum(['main', 'sub']).describe('which controller answered'),
  pairState: z.enum(pairStates).describe('state of the pair as this controller sees it'),
  reason: reason.describe(
    'why the pair is suspended: a code of the refusal table, a number that this version does not know, or null',
  ),
  epoch: count.describe('how often the right to write has moved, from 1'),
  method: z.enum(methods).describe('how the image is kept and sent'),
  blockBytes: count.describe('the unit of copying'),
  volumes: z.array(count).describe('sizes of the volumes in bytes'),
  generation: z
    .strictObject({
      frozen: count.describe('newest generation frozen'),
      committed: count.describe('newest generation that the sub committed'),
      structured: count.describe('newest generation that the secondary area equals byte for byte'),
      failed: count.describe('newest generation that failed'),
      failedReason: reason.describe(
        'why: a code of the refusal table, a number that this version does not know, or null',
      ),
    })
    .describe('numbers of generations, 0 for none'),
  progress: z
    .strictObject({
      blocksTotal: count.describe('blocks of the generation on its way; between transfers, of the next'),
      blocksSent: count.describe('of these, durably at the sub'),
      deferredBlocks: count.describe('host writes that wait in the shadow area'),
      changedBlocks: count.describe('changed since the newest freeze'),
      unstructuredBlocks: count.describe('committed and still waiting in staging'),
    })
    .describe('all in blocks'),
  shadow: z
    .strictObject({ slots: count, slotsFree: count })
    .describe('room of the shadow areas at main, of the staging areas at the sub, in blocks'),
  hostStallMsMax: z.number().nonnegative().describe('longest wait of a host write for a block to be sent'),
  lines: z
    .array(
      z.strictObject({
        name: z.string(),
        up: z.boolean().describe('a session is open'),
        refused: reason.describe('why the newest attempt at one since then was refused: as reason'),
      }),
    )
    .describe('lines of the controller'),
  pair: z
    .string()
    .regex(/^[0-9a-f]{32}$/)
    .describe('id of the pair, zeros before pairing'),
});
export type Status = z.infer<typeof statusSchema>;

/** The message as a value for people and programs. Throws RefusalError `message-value` for one that no controller sends. */
export function statusOf(message: MessageNamed<'status'>): Status {
  const parsed = statusSchema.safeParse(shownOf(message));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new RefusalError('message-value', `status: ${issue?.path.join('.')}: ${issue?.message}`);
}

function shownOf(message: MessageNamed<'status'>): unknown {
  const { role, frozen, committed, structured, failed } = message;
  return {
    role,
    pairState: message.pairState,
    reason: reasonOf(message.reason),
    epoch: message.epoch,
    method: message.method,
    blockBytes: message.blockBytes,
    volumes: message.volumes,
    generation: { frozen, committed, structured, failed, failedReason: reasonOf(message.failedReason) },
    progress: {
      blocksTotal: message.blocksTotal,
      blocksSent: message.blocksSent,
      deferredBlocks: message.deferredBlocks,
      changedBlocks: message.changedBlocks,
      unstructuredBlocks: message.unstructuredBlocks,
    },
    shadow: { slots: message.shadowSlots, slotsFree: message.shadowSlotsFree },
    hostStallMsMax: message.hostStallUsMax / 1000,
    lines: message.lines.map(({ refused, ...line }) => ({ ...line, refused: reasonOf(refused) })),
    pair: Buffer.from(message.pair).toString('hex'),
  };
}

/** 0 stands for none. */
const reasonOf = (number: number): z.infer<typeof reason> =>
  number === 0 ? null : (refusalByNumber(number) ?? number);

/** docs/status.schema.json */
export function statusSchemaDocument(): string {
  return `${JSON.stringify({ title: 'coldframe host status --json', ...z.toJSONSchema(statusSchema) }, null, 2)}\n`;
}
