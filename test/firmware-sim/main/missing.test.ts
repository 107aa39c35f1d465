/** What of an image is still to be sent: kept up record by record, it is what the maps say. */
import { expect } from 'chai';
import fc from 'fast-check';
import type { BlockSet } from '../../../firmware-sim/storage/block-set.js';
import { refusals } from '../../../protocol/refusals.js';
import { StateLab } from './state-lab.js';

const blocks = fc.record({ first: fc.nat(20), count: fc.integer({ min: 1, max: 6 }) });
const changes = fc.tuple(
  fc.constantFrom('changing', 'sent', 'unsent', 'freeze', 'commit', 'fail', 'full', 'suspend'),
  blocks,
  fc.boolean(),
);

function change(
  lab: StateLab,
  [kind, { first, count }, asked]: typeof changes extends fc.Arbitrary<infer T> ? T : never,
) {
  const { sending, transfer } = lab.state;
  if (kind === 'changing') lab.changing(first, count);
  else if (kind === 'sent') lab.sent(sending, first, 'x'.repeat(count));
  else if (kind === 'unsent') lab.unsent(sending, first, count);
  else if (kind === 'full') lab.apply({ kind: 'fullNeeded', code: refusals['older-sub'].number });
  else if (kind === 'suspend') lab.apply({ kind: 'pairState', state: 'PSUE', code: refusals['staging-full'].number });
  else if (kind === 'freeze' && transfer === undefined) lab.frozen(sending, { full: asked || lab.state.fullNeeded });
  else if (kind === 'commit' && transfer !== undefined) lab.committed(sending);
  else if (kind === 'fail' && transfer !== undefined) lab.failed(sending, 'shadow-full');
}

/** Block by block, from the maps of the whole image and of what the sub holds. */
function missingByMaps(lab: StateLab): number[] {
  const volume = lab.state.volume(0);
  const { transfer } = lab.state;
  const image = transfer === undefined ? lab.state.difference(volume) : volume.frozen;
  const held = transfer === undefined ? volume.streamed : volume.sent;
  return [...image].filter((block) => !held.has(block));
}

const missing = (lab: StateLab): BlockSet => lab.state.missing(lab.state.volume(0));

describe('what main still has to send', () => {
  it('is the image without what the sub holds, after any records and whenever it was asked for before', () => {
    const history = fc.array(fc.tuple(changes, fc.boolean()), { maxLength: 30 });
    fc.assert(
      fc.property(fc.constantFrom('streaming' as const, 'copy' as const), history, (method, each) => {
        const lab = new StateLab(method);
        for (const [record, look] of each) {
          change(lab, record);
          if (look) missing(lab);
        }
        expect([...missing(lab)]).to.deep.equal(missingByMaps(lab));
      }),
      { numRuns: 2000 },
    );
  });

  it('is what it was after a freeze: the very set, whatever has streamed, so that a freeze costs the same', () => {
    const lab = new StateLab('streaming').changing(0, 8).frozen(1, { full: true }).committed(1).changing(2, 4);
    lab.sent(2, 3, 'ab');
    const before = missing(lab);
    expect([...before]).to.deep.equal([2, 5]);
    lab.frozen(2);
    expect(missing(lab)).to.equal(before);
    lab.changing(5, 2).sent(2, 2, 'c');
    expect([...missing(lab)], 'what changes after the freeze is of the next image').to.deep.equal([5]);
  });
});
