/** Host writes at main around a freeze and while an image is on its way, as host and sub see them. */
import { expect } from 'chai';
import { epoch, generation } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blocksOf, inWords } from '../device-lab.js';
import { type MainDevice, paired, started } from './main-device.js';

const submitWrite = (lab: MainDevice, first: number, letters: string) =>
  lab.submit({ op: 'write', lba: first * 2, data: blocksOf(letters), fua: false });
const included = (lab: MainDevice) => lab.heard('host', 'frozen').at(-1)?.included;

/** Commands of this kind to the primary area wait. */
const hold = (lab: MainDevice, ...operations: readonly string[]) => {
  lab.trouble = (disk, { op }) => (disk === 'primary0' && operations.includes(op) ? 'wait' : undefined);
};

describe('a freeze at main', () => {
  it('waits for the writes that have arrived, holds those that come after it, and names what it includes', () => {
    const lab = paired();
    hold(lab, 'write');
    const before = submitWrite(lab, 1, 'X');
    lab.freeze(2);
    const after = submitWrite(lab, 2, 'Y');
    expect([lab.heard('host', 'frozen').length, lab.ended(before), lab.ended(after)]).to.deep.equal([
      ...[1, undefined, undefined],
    ]);
    expect(lab.marks('freezeTaken')).to.have.length(2);
    lab.release();
    expect([inWords(lab.ended(before)), inWords(lab.ended(after)), lab.read(0, 4)]).to.deep.equal([
      ...['good', 'good', 'aXYd'],
    ]);
    expect(included(lab)?.slice(-1)).to.deep.equal([before]);
    lab.serve();
    expect(lab.imageLetters(0, 4)).to.equal('aXcd');
  });

  it('names the writes that it has answered, too: their answers may still be on their way', () => {
    const lab = started();
    const tags = [submitWrite(lab, 0, 'a'), submitWrite(lab, 1, 'b')];
    lab.read(0, 1);
    lab.freeze(1);
    expect(included(lab)).to.deep.equal(tags);
  });

  it('names 128 of them at most, the newest, and none of a session that has ended', () => {
    const lab = started();
    const tags = Array.from({ length: 130 }, () => submitWrite(lab, 3, 'x'));
    lab.freeze(1);
    expect(included(lab)).to.deep.equal(tags.slice(2));
    lab.connect('remote', 'sub').serve();
    lab.connect('host', 'host').freeze(2);
    expect(included(lab)).to.deep.equal([]);
  });

  it('does not name a write that has failed, and settles the disk before it fixes the image', () => {
    const lab = paired();
    hold(lab, 'write');
    const failing = submitWrite(lab, 1, 'X');
    lab.freeze(2);
    lab.commands = [];
    lab.release(checkCondition('lbaOutOfRange'));
    expect([inWords(lab.ended(failing)), included(lab)?.includes(failing)]).to.deep.equal(['illegalRequest', false]);
    expect(lab.commands.slice(0, 1)).to.deep.equal(['primary0 synchronizeCache']);
  });

  it('is refused when the sub takes over meanwhile, and so are the writes that it held', () => {
    const lab = paired();
    hold(lab, 'write');
    const before = submitWrite(lab, 1, 'X');
    const asked = lab.freeze(2);
    const held = submitWrite(lab, 2, 'Y');
    lab.pairing({ takenOver: true, epoch: epoch(2) });
    expect(lab.status().pairState).to.equal('PSUE');
    lab.release();
    expect([inWords(lab.ended(before)), inWords(lab.ended(held))]).to.deep.equal(['good', 'dataProtect']);
    const code = refusals['taken-over'].number;
    expect(lab.heard('host', 'refused')).to.deep.equal([{ kind: 'refused', request: asked, code, detail: '' }]);
    expect([lab.read(0, 4), lab.status().frozen]).to.deep.equal(['aXcd', 1]);
  });

  it('lets other commands pass', () => {
    const lab = paired();
    hold(lab, 'write');
    submitWrite(lab, 1, 'X');
    lab.freeze(2);
    expect([lab.read(4, 2), inWords(lab.scsi({ op: 'synchronizeCache', lba: 0, sectors: 0 }))]).to.deep.equal([
      ...['ef', 'good'],
    ]);
  });

  it('is taken up at once by instructions: another one meanwhile is refused', () => {
    const lab = paired();
    hold(lab, 'write');
    submitWrite(lab, 1, 'X');
    lab.freeze(2);
    const other = lab.freeze(3);
    expect(lab.refusals().at(-1)).to.equal(`${other} transfer-in-progress`);
  });
});

describe('a host write that waits for a block to be sent', () => {
  /** Image 2 holds blocks 0 to 3; the shadow area has room for one; the sub has answered nothing. */
  function stalled(of: { hostStallUsMax?: number } = {}): { readonly lab: MainDevice; readonly tag: number } {
    const lab = paired(of, { slots: 1 });
    lab.write(0, 'ABCD');
    lab.serve();
    lab.freeze(2);
    lab.serve('blockRun', 'zeroRun', 'complete');
    return { lab, tag: submitWrite(lab, 0, 'PQ') };
  }

  it('waits ten seconds while the sub cannot be reached; then the image loses, and the write is carried out', () => {
    const { lab, tag } = stalled();
    lab.line('remote', false);
    lab.pass(9_999_999);
    expect([lab.ended(tag), lab.status().failed]).to.deep.equal([undefined, 0]);
    lab.pass(1);
    expect([inWords(lab.ended(tag)), lab.read(0, 4)]).to.deep.equal(['good', 'PQCD']);
    const { failed, failedReason, pairState, hostStallUsMax, changedBlocks } = lab.status();
    expect([failed, failedReason, pairState, changedBlocks]).to.deep.equal([
      ...[2, refusals['shadow-full'].number, 'PSUE', 4],
    ]);
    expect(hostStallUsMax).to.equal(10_000_000);
  });

  it('waits as long as it was told to', () => {
    const { lab, tag } = stalled({ hostStallUsMax: 2_000_000 });
    lab.line('remote', false);
    lab.pass(1_999_999);
    expect(lab.ended(tag)).to.equal(undefined);
    lab.pass(1);
    expect(inWords(lab.ended(tag))).to.equal('good');
  });

  it('waits on as long as the sub is heard, and ten seconds from when it was heard last', () => {
    const { lab, tag } = stalled();
    for (let times = 0; times < 5; times += 1) {
      lab.pass(6_000_000);
      lab.say('remote', { kind: 'holdings', generation: generation(9), volume: 0 as never, chunks: [], last: false });
    }
    expect([lab.ended(tag), lab.status().failed]).to.deep.equal([undefined, 0]);
    lab.silent.add('remote');
    lab.pass(10_000_000);
    expect(inWords(lab.ended(tag))).to.equal('good');
  });

  it('does not count what was heard of a sub that nothing may be sent to', () => {
    const { lab, tag } = stalled();
    lab.ask({ kind: 'suspend' });
    for (let times = 0; times < 2; times += 1) {
      lab.pass(5_000_000);
      lab.say('remote', { kind: 'holdings', generation: generation(9), volume: 0 as never, chunks: [], last: false });
    }
    expect(inWords(lab.ended(tag))).to.equal('good');
    expect(lab.status().failed).to.equal(2);
  });

  it('goes on once the block has been sent', () => {
    const { lab, tag } = stalled();
    for (const run of lab.heard('remote', 'blockRun')) if (run.generation === 2) lab.stored(run);
    expect([inWords(lab.ended(tag)), lab.read(0, 4), lab.letters('primary0', 0, 4)]).to.deep.equal([
      ...['good', 'PQCD', 'PQCD'],
    ]);
    expect(lab.pass(20_000_000).status().failed).to.equal(0);
  });

  it('does not wait for a sub whose image is not on its way', () => {
    const lab = paired({}, { slots: 1 });
    lab.line('remote', false);
    expect(lab.write(0, 'PQRS')).to.equal('good');
    expect(lab.pass(20_000_000).status().failed).to.equal(0);
  });
});

describe('a main that may send', () => {
  it('sends once the sub has said what it holds', () => {
    const lab = paired();
    lab.write(1, 'XY');
    lab.freeze(2);
    expect(lab.news('remote').map(({ kind }) => kind)).to.deep.equal(['begin', 'getHoldings']);
    lab.say('remote', { kind: 'holdings', generation: generation(2), volume: 0 as never, chunks: [], last: true });
    expect(lab.news('remote').map(({ kind }) => kind)).to.deep.equal(['blockRun']);
  });

  it('sends nothing when the pair is suspended by an error, or the sub has taken over', () => {
    const failed = paired({ method: 'streaming' });
    failed.say('remote', { kind: 'pairStateChanged', state: 'PSUE', code: refusals['disk-error'].number });
    const over = paired();
    over.pairing({ takenOver: true, epoch: epoch(2) });
    for (const lab of [failed, over]) {
      lab.write(1, 'XY');
      lab.news('remote');
      lab.freeze(2);
      expect(lab.news('remote')).to.deep.equal([]);
      expect(lab.status().pairState).to.equal('PSUE');
    }
  });

  it('notes messages that no sub sends, and goes on', () => {
    const lab = paired();
    lab.say('remote', { kind: 'freeze', request: 1, token: Buffer.alloc(16, 5) });
    expect(lab.marks('refused')).to.deep.equal([{ port: 'remote', code: 'message-unexpected', detail: 'freeze' }]);
    lab.write(0, 'X');
    expect(lab.imageOf(2).committed).to.equal(2);
  });
});
