/** Acknowledgements: PROTOCOL.md, "Acknowledgements". */
import type { Bench } from '../bench.js';
import { checked, type Requirement, unchecked } from '../check.js';
import { exercise, quietLink } from '../exercise.js';
import { demand } from '../finding.js';
import type { ProbeLink } from '../probe-link.js';
import { strayMessage } from '../stray.js';
import { slackUs } from './link-opening.js';

const remedy = 'Look at what the receiver writes into acknowledgements, and when.';
/** How long a receiver may keep an acknowledgement back, in microseconds. */
const delayUs = 20_000;

export const acknowledgementRequirements: readonly Requirement[] = [
  checked(
    'L-23',
    'An acknowledgement has one record for each queue with news, in ascending order; runs end with a received one.',
    {
      remedy,
      run: async (bench) => {
        await exercise(bench);
        bench.inspect('L-23');
      },
    },
  ),
  checked('L-24', '`next` and the runs say what has been received, and only that.', { remedy, run: truth }),
  checked('L-25', 'A fragment is acknowledged 20 ms after it has arrived at the latest, a gap at once.', {
    remedy,
    run: inTime,
  }),
  checked('L-26', 'The news of a queue is said in four acknowledgements running.', { remedy, run: fourTellings }),
  unchecked(
    'L-27',
    'Acknowledgements only free the sender’s memory: nothing above the link takes them as an answer.',
    'What a device concludes from an acknowledgement cannot be seen; that it does not act on it shows in the checks of D and I.',
  ),
];

/** What the newest acknowledgement says of a queue. */
function newest(link: ProbeLink, priority: number, from = 0) {
  const records = link.acknowledgements.slice(from).flatMap((each) => each.records);
  return records.findLast((record) => record.priority === priority);
}

async function truth(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const pieces = link.pieces(strayMessage(512), 2, 64);
  const send = (...units: readonly number[]) => {
    for (const unit of units) {
      const piece = pieces[unit];
      if (piece !== undefined) link.sendPiece(piece);
    }
  };
  send(0, 2, 3, 5);
  await bench.probe.until(() => (newest(link, 2)?.runs.length === 4 ? true : undefined), slackUs);
  const told = newest(link, 2);
  const words = told === undefined ? 'no acknowledgement' : `next ${told.next}, runs ${told.runs.join(' ')}`;
  demand(words === 'next 1, runs 1 2 1 1', 'next 1, runs 1 2 1 1 after units 0, 2, 3 and 5', words);
  send(1, 4, 6, 7);
  await link.acknowledged(2, 8);
  bench.inspect('L-24');
}

async function inTime(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  const from = link.acknowledgements.length;
  const [first, , third] = link.pieces(strayMessage(192), 2, 64);
  const told = () => (newest(link, 2, from) === undefined ? undefined : true);
  if (first !== undefined) link.sendPiece(first);
  await bench.probe.need('an acknowledgement within 20 ms', told, delayUs + slackUs);
  const before = link.acknowledgements.length;
  if (third !== undefined) link.sendPiece(third);
  await bench.probe.need('an acknowledgement of a gap', () => newest(link, 2, before), delayUs + slackUs);
}

async function fourTellings(bench: Bench): Promise<void> {
  const link = await quietLink(bench);
  let from = link.acknowledgements.length;
  await link.deliver(strayMessage(20), 2);
  for (let telling = 1; telling <= 4; telling += 1) {
    const news = await bench.probe.need(`acknowledgement ${telling}`, () => link.acknowledgements[from], slackUs);
    const named = news.records.some(({ priority }) => priority === 2);
    demand(named, `queue 2 in acknowledgement ${telling} after its news`, 'other queues alone');
    from = link.acknowledgements.length;
    if (telling < 4) await link.deliver(strayMessage(20), 1);
  }
}
