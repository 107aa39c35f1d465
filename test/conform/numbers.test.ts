import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { requirements, rooms } from '../../hil/conform/requirements.js';
import { selected } from '../../hil/conform/selection.js';
import { RefusalError } from '../../protocol/refusals.js';

const protocol = readFileSync(new URL('../../../protocol/PROTOCOL.md', import.meta.url), 'utf8');
const written = [...protocol.matchAll(/\[([A-Z]-\d+)\]/g)].map(([, number]) => number ?? '');
const tabled = requirements.filter(({ source }) => source === 'protocol').map(({ number }) => number);

describe('the numbers of the protocol', () => {
  it('stand once in the document and once in the table, and nowhere else', () => {
    expect([...written].sort(), 'PROTOCOL.md').to.deep.equal([...tabled].sort());
    expect(new Set(written).size).to.equal(written.length);
  });

  it('are each used once, without gaps in their letter', () => {
    for (const letter of Object.keys(rooms)) {
      const own = requirements.filter(({ number }) => number.startsWith(`${letter}-`));
      expect(own.map(({ number }) => number)).to.deep.equal(own.map((_, index) => `${letter}-${index + 1}`));
    }
  });

  it('have a check that says what to do, or a reason why there is none', () => {
    for (const { number, says, how } of requirements) {
      expect(says, number).to.match(/^.{10,}\.$/);
      expect(how.kind === 'check' ? how.remedy : how.reason, number).to.match(/^.{10,}\.$/);
    }
  });

  it('can be chosen alone, by letter, and not by a word that there is not', () => {
    expect(selected('f-3, L-12').map(({ number }) => number)).to.deep.equal(['F-3', 'L-12']);
    expect(selected('M').every(({ number }) => number.startsWith('M-'))).to.equal(true);
    expect(selected(undefined)).to.equal(requirements);
    expect(() => selected('F-3,X-1')).to.throw(RefusalError, 'X-1');
    expect(() => selected('')).to.throw(RefusalError);
  });
});
