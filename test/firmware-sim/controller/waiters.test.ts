import { expect } from 'chai';
import { type Progress, Waiters } from '../../../firmware-sim/controller/waiters.js';
import { generation } from '../../../protocol/ids.js';
import type { MessageNamed } from '../../../protocol/message/messages.js';
import { type RefusalCode, refusals } from '../../../protocol/refusals.js';

const wait = (request: number, of: number, target: 'committed' | 'structured'): MessageNamed<'wait'> => ({
  ...{ kind: 'wait', request, generation: generation(of), target },
});
const progress = (
  committed: number,
  structured: number,
  failures: readonly [number, RefusalCode][] = [],
): Progress => ({
  ...{ committed: generation(committed), structured: generation(structured) },
  failed: (of) => new Map(failures).get(of),
  spoilt: undefined,
});
const answers = (waiters: Waiters, of: Progress) =>
  waiters.take(of).map((each) => (each.kind === 'waited' ? [each.request, each.generation, each.reason] : [each.kind]));

describe('hosts that wait for a generation', () => {
  it('are answered once, when what they wait for is reached or passed', () => {
    const waiters = new Waiters();
    for (const each of [wait(1, 3, 'committed'), wait(2, 3, 'structured'), wait(3, 4, 'committed')]) waiters.add(each);
    expect(answers(waiters, progress(2, 2))).to.deep.equal([]);
    expect(answers(waiters, progress(3, 2))).to.deep.equal([[1, 3, 0]]);
    expect(answers(waiters, progress(5, 5))).to.deep.equal([
      [2, 3, 0],
      [3, 4, 0],
    ]);
    expect(answers(waiters, progress(9, 9))).to.deep.equal([]);
  });

  it('are told that what is committed will not be structured, and wait on for what comes after it', () => {
    const waiters = new Waiters();
    const all = [wait(1, 2, 'structured'), wait(2, 3, 'structured'), wait(3, 3, 'committed'), wait(4, 4, 'structured')];
    for (const each of all) waiters.add(each);
    expect(answers(waiters, { ...progress(3, 2), spoilt: 'staging-corrupt' })).to.deep.equal([
      [1, 2, 0],
      [2, 3, refusals['staging-corrupt'].number],
      [3, 3, 0],
    ]);
    expect(answers(waiters, progress(4, 4))).to.deep.equal([[4, 4, 0]]);
  });

  it('are told the reason when their generation failed', () => {
    const waiters = new Waiters();
    for (const each of [wait(1, 3, 'committed'), wait(2, 4, 'committed')]) waiters.add(each);
    expect(answers(waiters, progress(2, 2, [[3, 'staging-full']]))).to.deep.equal([
      [1, 3, refusals['staging-full'].number],
    ]);
    expect(answers(waiters, progress(4, 4))).to.deep.equal([[2, 4, 0]]);
  });

  it('are 256 at most, and none after a lost line', () => {
    const waiters = new Waiters();
    for (let request = 0; request < 256; request += 1)
      expect(waiters.add(wait(request, 1, 'committed'))).to.equal(true);
    expect(waiters.add(wait(256, 1, 'committed'))).to.equal(false);
    waiters.clear();
    expect(answers(waiters, progress(1, 1))).to.deep.equal([]);
    expect(waiters.add(wait(257, 1, 'committed'))).to.equal(true);
  });
});
