/** Unit attentions: SAM-5, clause 5.14. */
import { samStatus } from '../../../protocol/scsi/commands.js';
import type { Bench } from '../bench.js';
import { promised, type Requirement } from '../check.js';
import { inquiryCdb } from '../exercise.js';
import { demand } from '../finding.js';
import { conditionWords, endWords, isEnd, type ProbeUnit } from '../probe-unit.js';

const attentions =
  'SAM-5, clause 5.14: each unit attention is told once, and not to INQUIRY, REPORT LUNS or REQUEST SENSE.';

export const attentionRequirements: readonly Requirement[] = [
  promised(
    'D-28',
    'SPC-4 6.39',
    'REQUEST SENSE ends with GOOD and gives sense data, of which a unit attention is one.',
    {
      remedy: attentions,
      run: requestSense,
    },
  ),
  promised(
    'D-29',
    'SAM-5 5.14',
    'A logical unit reset raises a unit attention, 29h, which is told once, and not to INQUIRY.',
    {
      remedy: attentions,
      run: unitReset,
    },
  ),
  promised('D-30', 'SAM-5 5.14', 'Power on raises a unit attention, 29h/00h, which is told once.', {
    cutsPower: true,
    losesData: true,
    remedy: attentions,
    run: powerOn,
  }),
];

async function requestSense(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  const data = await unit.good(Buffer.from([3, 0, 0, 0, 252, 0]), 'REQUEST SENSE', { dataInBytesMax: 252 });
  demand(data.length >= 18 && ((data[0] ?? 0) & 0x7f) === 0x70, '18 bytes, response code 70h', () =>
    data.toString('hex'),
  );
  await reset(unit);
  const after = await unit.good(Buffer.from([3, 0, 0, 0, 252, 0]), 'REQUEST SENSE', { dataInBytesMax: 252 });
  demand(((after[2] ?? 0) & 0x0f) === 6 && after[12] === 0x29, 'the unit attention of a reset, 29h', () =>
    after.toString('hex'),
  );
  const next = await unit.command(Buffer.alloc(6));
  demand(next.sense?.key !== 'unitAttention', 'no unit attention that REQUEST SENSE has told', () => endWords(next));
}

async function reset(unit: ProbeUnit): Promise<void> {
  const request = unit.nextTag();
  await unit.session.send({ kind: 'taskManagement', request, function: 'logicalUnitReset', lun: 0, managedTag: 0 });
  const { response } = await unit.session.next('taskResponse', (answer) => answer.request === request);
  demand(response === 'complete' || response === 'succeeded', 'a logical unit reset that is complete', response);
}

/** The attention waits behind INQUIRY, is told to the first command, and to no second one. */
async function toldOnce(unit: ProbeUnit, names: readonly ('powerOn' | 'unitReset')[]): Promise<void> {
  await unit.good(inquiryCdb(), 'INQUIRY while a unit attention waits', { dataInBytesMax: 36 });
  const end = await unit.command(Buffer.alloc(6));
  demand(
    names.some((name) => isEnd(end, name)),
    names.map(conditionWords).join(' or '),
    () => endWords(end),
  );
  const next = await unit.command(Buffer.alloc(6));
  const again =
    next.sense?.key === 'unitAttention' && next.sense.asc === end.sense?.asc && next.sense.ascq === end.sense.ascq;
  demand(!again && next.response.status !== samStatus.busy, 'the unit attention once', () => endWords(next));
}

async function unitReset(bench: Bench): Promise<void> {
  const unit = await bench.unit();
  await reset(unit);
  await toldOnce(unit, ['unitReset', 'powerOn']);
}

async function powerOn(bench: Bench): Promise<void> {
  await bench.unit();
  await bench.powerCycle();
  await toldOnce(await bench.rawUnit(), ['powerOn']);
}
