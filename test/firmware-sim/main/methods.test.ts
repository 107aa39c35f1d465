/** How the three methods differ, as host and sub see it. */
import { expect } from 'chai';
import { type Method, methods } from '../../../protocol/ids.js';
import { type MainDevice, paired, started } from './main-device.js';

/** Runs that main has sent for generation 2, as words. */
const sent = (lab: MainDevice) =>
  lab.heard('remote', 'blockRun').flatMap((each) => (each.generation === 2 ? [`${each.first}+${each.count}`] : []));

describe('a pair, whatever its method', () => {
  for (const method of methods) {
    it(`${method}: makes the image of the instant of the freeze, while the host goes on writing and reading`, () => {
      const lab = paired({ method });
      expect(lab.imageLetters(0, 8)).to.equal('abcdef..');
      lab.write(1, 'XY');
      lab.write(9, 'Z');
      lab.silent.add('remote');
      lab.freeze(2);
      expect([lab.write(0, 'PQRS'), lab.write(9, 'W'), lab.read(0, 10)]).to.deep.equal(['good', 'good', 'PQRSef...W']);
      lab.silent.clear();
      lab.serve();
      expect([lab.imageLetters(0, 10), lab.committed]).to.deep.equal(['aXYdef...Z', 2]);
      expect([lab.read(0, 10), lab.letters('primary0', 0, 10)]).to.deep.equal(['PQRSef...W', 'PQRSef...W']);
      lab.imageOf(3);
      expect(lab.imageLetters(0, 10)).to.equal('PQRSef...W');
      const { shadowSlots, shadowSlotsFree, deferredBlocks } = lab.status();
      expect([shadowSlots, shadowSlotsFree, deferredBlocks]).to.deep.equal([16, 16, 0]);
    });

    it(`${method}: does so after a loss of power in between, too`, () => {
      const lab = paired({ method });
      lab.write(1, 'XY');
      lab.silent.add('remote');
      lab.freeze(2);
      lab.write(0, 'PQ');
      lab.silent.clear();
      lab.restart().connect('host', 'host').connect('remote', 'sub').pairing().serve('pairing');
      expect([lab.imageLetters(0, 6), lab.committed]).to.deep.equal(['aXYdef', 2]);
      expect([lab.read(0, 1), lab.read(0, 6)]).to.deep.equal(['unitAttention', 'PQYdef']);
    });
  }
});

/** What main sends of a second image with two blocks changed, and what lay in the shadow area when one was overwritten. */
function secondImage(method: Method) {
  const lab = paired({ method });
  lab.write(1, 'XY');
  lab.serve();
  const before = sent(lab);
  lab.silent.add('remote');
  lab.freeze(2);
  lab.commands = [];
  lab.write(1, 'Z');
  const toShadow = lab.commands.filter((each) => each === 'shadow0 write').length;
  const primary = lab.letters('primary0', 1, 1);
  const deferred = lab.status().deferredBlocks;
  lab.silent.clear();
  lab.serve();
  return { before, after: sent(lab).slice(before.length), deferred, primary, toShadow };
}

describe('the method of a pair', () => {
  it('copy: every image is sent whole; its blocks are copied to the shadow area, and new writes go to the primary', () => {
    const { before, after, deferred, primary } = secondImage('copy');
    expect([before, after, deferred, primary]).to.deep.equal([[], ['0+6'], 0, 'Z']);
  });

  it('differential: the difference is sent, after the freeze; writes in its way go to the shadow area', () => {
    const { before, after, deferred, primary, toShadow } = secondImage('differential');
    expect([before, after, deferred, primary, toShadow]).to.deep.equal([[], ['1+2'], 1, 'X', 1]);
  });

  it('streaming: what changes is sent as it changes, and after the freeze what had not been stored', () => {
    const { before, after, deferred, primary } = secondImage('streaming');
    expect(before).to.deep.equal(['1+2']);
    expect([deferred, primary, after]).to.deep.equal([0, 'Z', []]);
    const lab = started({ method: 'streaming' });
    lab.connect('remote', 'sub').serve();
    lab.write(0, 'abc');
    lab.serve();
    expect([lab.staging.size, lab.committed]).to.deep.equal([3, 0]);
    lab.write(1, 'B');
    lab.imageOf(1);
    expect(lab.imageLetters(0, 4)).to.equal('aBc.');
  });
});
