/** Which writes a freeze names: those in the image of whose end the host may not have heard when it froze. */
import { contentDigest, sameDigest } from '../../../protocol/digest.js';
import { sectorBytes } from '../../../protocol/ids.js';
import { encodeCdb } from '../../../protocol/scsi/cdb-encode.js';
import type { Bench } from '../bench.js';
import { answerWords } from '../controller.js';
import { demand } from '../finding.js';
import { PlayedSub } from '../played-sub.js';
import { contents } from './replication-sub.js';

/** How long before the freeze a write has had its data, in microseconds: it may be under way, or answered. */
const headStartsUs = [0, 3_000, 100_000];

export async function namesUnheard(bench: Bench): Promise<void> {
  for (const headStartUs of headStartsUs) await namesWrite(await PlayedSub.idle(bench), bench, headStartUs);
}

/** A write whose answer nobody acknowledges: main cannot know whether the host has heard of its end. */
async function namesWrite(sub: PlayedSub, bench: Bench, headStartUs: number): Promise<void> {
  const { host, unit, taker, record, shape } = sub;
  const { link } = host.session;
  const [before, after] = [contents(bench, shape.blockBytes, 1), contents(bench, shape.blockBytes, 1)];
  await sub.write(0, before);
  after.set(before.subarray(sectorBytes), sectorBytes);
  const dataOut = after.subarray(0, sectorBytes);
  const command = unit.message(encodeCdb({ op: 'write', lba: 0, sectors: 1, fua: false }), { dataOut });
  link.acknowledges = false;
  await host.session.send(command);
  await unit.giveData(command.tag, { dataOut });
  if (headStartUs > 0) await link.probe.pause(headStartUs);
  const request = host.send({ kind: 'freeze', token: host.freshToken() });
  const frozen = await host.answer(request);
  link.acknowledges = true;
  link.acknowledge();
  demand(frozen.kind === 'frozen', 'frozen in answer to freeze', () => answerWords(frozen));
  await unit.end(command.tag);
  await taker.committed(frozen.generation);
  const digest = record.image?.digestOf(0, 0);
  const isIn = (content: Uint8Array) => digest !== undefined && sameDigest(digest, contentDigest(content));
  demand(isIn(before) || isIn(after), 'block 0 with all of the write in the image, or nothing of it', 'something else');
  const isNamed = frozen.included.includes(command.tag);
  const words = isIn(after) ? 'in the image' : 'not in it';
  demand(isNamed === isIn(after), `write ${command.tag} named just when it is in the image`, () => {
    return `${isNamed ? '' : 'not '}named, and ${words} (generation ${frozen.generation})`;
  });
}
