import { expect } from 'chai';
import fc from 'fast-check';
import { sealedWindow } from '../../../protocol/limits.js';
import { ReplayWindow } from '../../../protocol/session/replay-window.js';

describe('replay window', () => {
  it('takes each counter once, and none that is too old, whatever the order', () => {
    const counter = fc.oneof(fc.nat(50), fc.nat(3 * sealedWindow));
    fc.assert(
      fc.property(fc.array(counter, { maxLength: 200 }), (counters) => {
        const window = new ReplayWindow();
        const seen = new Set<number>();
        let highest = -1;
        for (const each of counters) {
          const expected = !seen.has(each) && each > highest - sealedWindow;
          expect(window.isFresh(each), `${each} after ${highest}`).to.equal(expected);
          if (!expected) continue;
          window.note(each);
          seen.add(each);
          highest = Math.max(highest, each);
        }
      }),
    );
  });

  it('forgets what has left it when its place is used again', () => {
    const window = new ReplayWindow();
    window.note(5);
    window.note(sealedWindow + 6);
    expect([window.isFresh(sealedWindow + 5), window.isFresh(5)]).to.deep.equal([true, false]);
  });
});
