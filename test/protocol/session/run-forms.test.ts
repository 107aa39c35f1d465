import { expect } from 'chai';
import { capabilitiesOfForms, runFormsOf } from '../../../protocol/session/run-forms.js';

describe('the forms of runs that a side takes', () => {
  it('are bits 8–11 and 12 of its capabilities', () => {
    expect(capabilitiesOfForms({})).to.equal(0);
    expect(capabilitiesOfForms({ windowBits: 15 })).to.equal(0xf00);
    expect(capabilitiesOfForms({ heldRuns: true })).to.equal(0x1000);
    expect(capabilitiesOfForms({ windowBits: 9, heldRuns: true })).to.equal(0x1900);
  });

  it('are read from among bits that mean something else', () => {
    expect(runFormsOf(0xffff_efff)).to.deep.equal({ windowBits: 15, heldRuns: false });
    expect(runFormsOf(0x1003)).to.deep.equal({ windowBits: 0, heldRuns: true });
    expect(runFormsOf(0x0300), 'no window of zlib').to.deep.equal({ windowBits: 0, heldRuns: false });
  });
});
