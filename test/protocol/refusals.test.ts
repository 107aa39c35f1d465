import { expect } from 'chai';
import { RefusalError, refusalByNumber, refusals } from '../../protocol/refusals.js';

describe('the table of refusals', () => {
  it('is found by its numbers', () => {
    expect([refusalByNumber(1), refusalByNumber(48), refusalByNumber(129)]).to.deep.equal([
      ...['frame-encoding', 'transfer-in-progress', 'process-ended'],
    ]);
    for (const unknown of [0, 15, 200, 65_535]) expect(refusalByNumber(unknown)).to.equal(undefined);
  });

  it('uses each number once', () => {
    const numbers = Object.values(refusals).map(({ number }) => number);
    expect(new Set(numbers).size).to.equal(numbers.length);
  });

  it('makes errors that say what happened, and what exactly where there is something to say', () => {
    const error = new RefusalError('wrong-generation', 'asked for 3');
    expect(error.message).to.equal('wrong-generation: That generation is not the current one. (asked for 3)');
    expect([error.name, error.refusal]).to.deep.equal([
      ...['RefusalError', { code: 'wrong-generation', detail: 'asked for 3' }],
    ]);
    expect(new RefusalError('not-ready', '').message).to.equal('not-ready: There is no committed image yet.');
  });
});
