/** What it costs a slow line to verify a volume: nothing to speak of when it matches, and little for each wrong block. */
import type { Row } from './row.js';
import { VerifyLine } from './verify-line.js';

const shape = { volumeBytes: 2 ** 30, dataBytes: 64 * 2 ** 20 };
const wrongCounts = [1, 4, 16, 64] as const;
/** Each range that does not match is asked for in sixteen parts: so many requests from the volume to one block. */
const levels = Math.ceil(Math.log2(shape.volumeBytes / 4096) / 4);

/** The most messages that finding so many wrong blocks may take. */
export const messagesMax = (wrong: number, levelCount: number): number => 2 * (1 + wrong * levelCount);

export async function verifyBytes(): Promise<Row[]> {
  const rows: Row[] = [];
  for (const sealed of [false, true]) {
    const line = await VerifyLine.make({ ...shape, sealed });
    const how = sealed ? 'sealed' : 'plain';
    rows.push({
      name: `verify 1 GiB with 64 MiB of data, matching, ${how}`,
      value: await line.matchingBytes(),
      unit: 'bytes',
      limit: { at: 'most', value: 1024 },
      beside: 'both ways on 115200 baud: frames, acknowledgements, status; without opening the session',
    });
    for (const wrong of sealed ? [] : wrongCounts) rows.push(await wrongRow(line, wrong));
  }
  return rows;
}

async function wrongRow(line: VerifyLine, wrong: number): Promise<Row> {
  const { messages, bytes } = await line.wrong(wrong);
  return {
    name: `find ${wrong} wrong among ${line.blocks} blocks`,
    value: messages,
    unit: 'msgs',
    limit: { at: 'most', value: messagesMax(wrong, levels) },
    beside: `2 · (1 + k · log16 n); ${bytes} bytes both ways, framed`,
  };
}
