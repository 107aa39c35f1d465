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

  it('tells counters apart that share a place, at both ends of the window', () => {
    const window = new ReplayWindow();
    window.note(0);
    window.note(5);
    expect([window.isFresh(sealedWindow), window.isFresh(sealedWindow + 5)]).to.deep.equal([true, true]);
    window.note(sealedWindow - 1);
    expect([window.isFresh(sealedWindow), window.isFresh(0), window.isFresh(1)]).to.deep.equal([true, false, true]);
    window.note(sealedWindow);
    expect([0, 1, 2, 5, sealedWindow - 1, sealedWindow].map((each) => window.isFresh(each))).to.deep.equal([
      ...[false, true, true, false, false, false],
    ]);
  });

  it('forgets what has left it when its place is used again', () => {
    const window = new ReplayWindow();
    window.note(5);
    window.note(sealedWindow + 6);
    expect([window.isFresh(sealedWindow + 5), window.isFresh(5)]).to.deep.equal([true, false]);
  });
});
