/** What main answers to its host, instruction by instruction. */
import { expect } from 'chai';
import { contentDigests, GenerationDigest, runDigest } from '../../../protocol/digest.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blockBytes, blocksOf } from '../device-lab.js';
import { type MainDevice, paired, started, volumeBlocks } from './main-device.js';

const whole = { volume: volumeNumber(0), first: blockNumber(0), count: volumeBlocks, partBlocks: volumeBlocks };
const digests = (of: object = {}) => ({ kind: 'getDigests', generation: generation(0), ...whole, ...of }) as const;
const wait = (of: number, target: 'committed' | 'structured' = 'committed') =>
  ({ kind: 'wait', generation: generation(of), target }) as const;
const suspend = { kind: 'suspend' } as const;
const resync = { kind: 'resync' } as const;

/** All instructions that are refused or answered by the state alone, and what came. */
function askedAll(lab: MainDevice): string[] {
  lab.news('host');
  for (const force of [false, true]) lab.ask({ kind: 'takeover', force });
  for (const discard of [false, true]) lab.ask({ kind: 'failback', discard });
  lab.ask(wait(0));
  lab.ask(wait(99));
  lab.ask(digests({ generation: generation(1) }));
  return lab.refusals().map((each) => each.replace(/^\d+ /, ''));
}

const elsewhere = Array<string>(4).fill('wrong-controller');

/** The sub has taken over, and main knows. */
function takenOver(): MainDevice {
  const lab = paired();
  lab.epoch = epoch(2);
  return lab.pairing({ takenOver: true });
}

describe('a main that is given instructions', () => {
  it('refuses what is the sub’s, and what was never frozen', () => {
    const never = ['generation-unknown', 'generation-unknown', 'wrong-generation'];
    expect(askedAll(paired())).to.deep.equal([...elsewhere, ...never]);
    const suspended = paired();
    suspended.ask(suspend);
    expect(askedAll(suspended)).to.deep.equal([...elsewhere, ...never]);
    expect(askedAll(takenOver())).to.deep.equal([...elsewhere, ...never]);
  });

  it('freezes, says what it froze, and says the same again to the same token', () => {
    const lab = paired();
    const [first, again, other] = [lab.freeze(2), lab.freeze(2), lab.freeze(3)];
    expect(
      lab
        .heard('host', 'frozen')
        .slice(-2)
        .map((each) => [each.request, each.generation, each.epoch]),
    ).to.deep.equal([
      [first, 2, 1],
      [again, 2, 1],
    ]);
    expect(lab.refusals().at(-1)).to.equal(`${other} transfer-in-progress`);
    lab.serve();
    lab.freeze(3);
    expect(lab.heard('host', 'frozen').at(-1)?.generation).to.equal(3);
  });

  it('says the same again to the token of an earlier freeze, whatever was frozen since, and after a power cut', () => {
    const lab = paired();
    const answersTo = (token: number) => {
      const before = lab.heard('host', 'frozen').length;
      lab.freeze(token);
      return lab
        .heard('host', 'frozen')
        .slice(before)
        .map(({ generation, epoch }) => [generation as number, epoch as number]);
    };
    expect([answersTo(2), answersTo(3)]).to.deep.equal([[[2, 1]], []]);
    lab.serve();
    expect([answersTo(3), answersTo(2), answersTo(3)]).to.deep.equal([[[3, 1]], [[2, 1]], [[3, 1]]]);
    lab.restart();
    lab.connect('host', 'host');
    expect([answersTo(2), answersTo(3), lab.main.state.lastFrozen]).to.deep.equal([[[2, 1]], [[3, 1]], 3]);
  });

  it('suspends durably, tells the sub, and sends nothing; resync brings the pair back', () => {
    const lab = paired();
    lab.news('remote');
    lab.trouble = (disk) => (disk === 'meta' ? 'wait' : undefined);
    const asked = lab.ask(suspend);
    expect([lab.news('host'), lab.news('remote')]).to.deep.equal([[], []]);
    lab.release();
    const done = { kind: 'done', request: asked, epoch: 1, generation: 1, effect: true };
    expect(lab.news('host')).to.deep.equal([done]);
    const code = refusals.suspended.number;
    expect(lab.news('remote')).to.deep.equal([{ kind: 'pairStateChanged', state: 'PSUS', code }]);
    expect(lab.marks('pairState')).to.deep.equal([{ state: 'PSUS' }]);
    const again = lab.ask(suspend);
    expect(lab.news('host')).to.deep.equal([{ ...done, request: again, effect: false }]);
    lab.freeze(2);
    expect(lab.heard('host', 'refused').at(-1)).to.deep.include({ detail: 'suspended', code: 49 });
    const back = lab.ask(resync);
    expect(lab.heard('host', 'done').at(-1)).to.deep.equal({ ...done, request: back });
    expect(lab.news('remote').map(({ kind }) => kind)).to.deep.equal(['pairStateChanged', 'pairing']);
    expect([lab.status().pairState, lab.status().reason]).to.deep.equal(['PAIR', 0]);
    const needless = lab.ask(resync);
    expect(lab.refusals().at(-1)).to.equal(`${needless} pair-not-suspended`);
  });

  it('goes back to COPY where there is no image yet, or the sub needs a whole one', () => {
    const fresh = started();
    fresh.connect('remote', 'sub').serve();
    const older = paired();
    older.pairing({ committed: generation(0), commitDigest: Buffer.alloc(16) });
    for (const lab of [fresh, older]) {
      lab.ask(suspend);
      lab.ask(resync);
      expect(lab.status().pairState).to.equal('COPY');
    }
  });

  it('sends nothing while it is suspended, and goes on from there', () => {
    const lab = paired();
    lab.write(1, 'XY');
    lab.silent.add('remote');
    lab.freeze(2);
    lab.ask(suspend);
    lab.silent.clear();
    lab.serve();
    expect([lab.committed, lab.heard('remote', 'blockRun').length]).to.deep.equal([1, 1]);
    lab.ask(resync);
    lab.serve('pairing');
    lab.pairing().serve('pairing');
    expect([lab.committed, lab.imageLetters(0, 6)]).to.deep.equal([2, 'aXYdef']);
  });

  it('takes a pair that was suspended by an error for suspended, too', () => {
    const lab = paired();
    lab.say('remote', { kind: 'pairStateChanged', state: 'PSUE', code: refusals['disk-error'].number });
    lab.news('host');
    lab.freeze(2);
    lab.ask(suspend);
    lab.ask({ kind: 'takeover', force: true });
    expect(lab.heard('host', 'refused').map(({ code, detail }) => [code, detail])).to.deep.equal([
      [refusals['pair-suspended'].number, 'disk-error'],
      [refusals['wrong-controller'].number, 'disk-error'],
    ]);
    expect(lab.heard('host', 'done').map(({ effect }) => effect)).to.deep.equal([false]);
    const well = paired();
    well.ask({ kind: 'takeover', force: true });
    expect(well.heard('host', 'refused')[0]?.detail).to.equal('');
  });

  it('answers who waits when it has come about, or failed', () => {
    const lab = paired();
    lab.write(1, 'X');
    lab.freeze(2);
    lab.ask(wait(1, 'structured'));
    const both = [lab.ask(wait(2)), lab.ask(wait(2, 'structured'))];
    expect(lab.heard('host', 'waited').map((each) => each.generation)).to.deep.equal([1]);
    lab.serve();
    expect(
      lab
        .heard('host', 'waited')
        .slice(1)
        .map((each) => [each.request, each.reason]),
    ).to.deep.equal([
      [both[0], 0],
      [both[1], 0],
    ]);
    lab.write(1, 'Y');
    lab.freeze(3);
    lab.ask(wait(3));
    lab.say('remote', { kind: 'abandon', generation: generation(3), code: 81, state: 'PSUE' });
    expect(lab.heard('host', 'waited').at(-1)).to.deep.include({ generation: 3, reason: 81 });
  });

  it('lets 256 wait, and no more', () => {
    const lab = paired();
    lab.freeze(2);
    lab.news('host');
    for (let count = 0; count < 257; count += 1) lab.ask(wait(2));
    expect(lab.refusals().map((each) => each.replace(/^\d+ /, ''))).to.deep.equal(['too-many-requests']);
  });

  it('gives digests of what its volumes hold now', () => {
    const lab = paired();
    const parts = { count: 4, partBlocks: 2 };
    const [first] = [lab.ask(digests(parts)), lab.write(0, 'X'), lab.ask(digests(parts))];
    const [before, after] = lab.heard('host', 'digests');
    expect([before?.request, before?.generation, after?.generation]).to.deep.equal([first, 0, 0]);
    expect(before?.digests[1]).to.deep.equal(after?.digests[1]);
    expect(before?.digests[0]).to.not.deep.equal(after?.digests[0]);
  });

  it('refuses digests of what is not there, or cannot be read', () => {
    const lab = paired();
    lab.news('host');
    lab.ask(digests({ volume: volumeNumber(1) }));
    lab.ask(digests({ first: blockNumber(10), count: 7 }));
    lab.ask(digests({ partBlocks: 0 }));
    const codes = lab.refusals().map((each) => each.replace(/^\d+ /, ''));
    expect(codes).to.deep.equal(['unknown-volume', 'range-outside', 'too-many-requests']);
    lab.trouble = (disk) => (disk === 'primary0' ? checkCondition('unrecoveredReadError') : undefined);
    lab.ask(digests());
    const code = refusals['disk-error'].number;
    expect(lab.heard('host', 'refused').at(-1)).to.deep.include({ code, detail: 'primary0' });
  });

  it('notes messages that no host sends, and goes on', () => {
    const lab = paired();
    lab.ask({ kind: 'committed', epoch: 1, generation: 1, digest: Buffer.alloc(16) });
    expect(lab.marks('refused')).to.deep.equal([{ port: 'host', code: 'message-unexpected', detail: 'committed' }]);
    expect(lab.status().committed).to.equal(1);
  });

  it('says which of its lines are up', () => {
    const lab = paired();
    const lines = () => lab.status().lines.map(({ name, up }) => `${name} ${up}`);
    expect(lines()).to.deep.equal(['host true', 'remote true']);
    lab.line('remote', false);
    expect(lines()).to.deep.equal(['host true', 'remote false']);
  });

  it('says why there is no session on a line, until there is one', () => {
    const lab = paired();
    const refused = () => lab.status().lines.map(({ refused: code }) => code);
    lab.connect('remote', 'host');
    expect(refused()).to.deep.equal([0, refusals['wrong-role'].number]);
    lab.connect('remote', 'sub');
    expect(refused()).to.deep.equal([0, 0]);
  });

  it('answers none of what a host asked in a session that has ended', () => {
    const lab = paired();
    const pairings = lab.heard('remote', 'pairing').length;
    lab.write(1, 'X');
    lab.silent.add('remote');
    lab.freeze(2);
    lab.ask(wait(2));
    lab.trouble = (disk, { op }) => (disk === 'primary0' && op === 'read' ? 'wait' : undefined);
    lab.read(0, 1);
    lab.connect('host', 'host');
    lab.silent.clear();
    lab.serve().release();
    expect([lab.news('host'), lab.committed]).to.deep.equal([[], 1]);
    lab.serve();
    expect([lab.news('host'), lab.committed, lab.read(0, 2)]).to.deep.equal([[], 2, 'aX']);
    expect(lab.heard('remote', 'pairing').length, 'the sub has noticed nothing').to.equal(pairings);
  });

  it('loses nothing of its host when the session with the sub ends', () => {
    const lab = paired();
    lab.write(1, 'X');
    lab.freeze(2);
    const asked = lab.ask(wait(2));
    lab.connect('remote', 'sub').pairing().serve('pairing');
    expect(lab.heard('host', 'waited').map(({ request }) => request)).to.deep.equal([asked]);
  });

  it('carries out task management of its host', () => {
    const lab = paired();
    lab.say('host', { kind: 'taskManagement', request: 5, function: 'logicalUnitReset', lun: 0, managedTag: 0 });
    expect(lab.heard('host', 'taskResponse').map(({ request }) => request)).to.deep.equal([5]);
  });
});

describe('a main whose sub has taken over', () => {
  it('gives its host what it has, and takes no more writes', () => {
    const lab = takenOver();
    expect([lab.read(0, 3), lab.write(0, 'X')]).to.deep.equal(['abc', 'dataProtect']);
    const { pairState, reason, epoch: now } = lab.status();
    expect([pairState, reason, now]).to.deep.equal(['PSUE', refusals['taken-over'].number, 2]);
    lab.news('host');
    lab.freeze(2);
    lab.ask(suspend);
    lab.ask(resync);
    const codes = lab.refusals().map((each) => each.replace(/^\d+ /, ''));
    expect(codes).to.deep.equal(['taken-over', 'taken-over', 'taken-over']);
  });

  it('gives its host what it has until a failback is committed, and nothing while that is being structured', () => {
    const lab = takenOver();
    const ask = { kind: 'failbackAsk', request: 1, epoch: epoch(2), committed: generation(1), discard: false } as const;
    lab.news('remote');
    lab.say('remote', ask);
    expect(lab.news('remote').map(({ kind }) => kind)).to.deep.equal(['pairing', 'failbackDifference']);
    const of = { epoch: epoch(2), generation: generation(2) };
    lab.say('remote', { kind: 'begin', ...of, base: generation(1), full: false, state: 'SSWS' });
    const data = blocksOf('Q');
    const run = { volume: volumeNumber(0), first: blockNumber(0), count: 1 };
    const contents = contentDigests(data, blockBytes);
    lab.say('remote', {
      kind: 'blockRun',
      run: 1,
      generation: of.generation,
      ...run,
      digest: runDigest(contents),
      data,
    });
    expect(lab.heard('remote', 'stored').length).to.equal(1);
    expect([lab.read(0, 1), lab.write(0, 'X')], 'it may still come to nothing').to.deep.equal(['a', 'dataProtect']);
    lab.trouble = (disk, { op }) => (disk === 'primary0' && op === 'write' ? 'wait' : undefined);
    const digest = new GenerationDigest();
    digest.add(0, 0, contents);
    const complete = { blocks: 1, zeroBlocks: 0, digest: digest.finish() };
    lab.say('remote', { kind: 'complete', generation: of.generation, ...complete });
    expect(lab.heard('remote', 'committed').map((each) => each.generation)).to.deep.equal([2]);
    expect([lab.read(0, 1), lab.write(0, 'X')]).to.deep.equal(['notReady', 'notReady']);
    lab.news('host');
    lab.freeze(2);
    lab.ask(suspend);
    lab.ask(resync);
    lab.ask(digests());
    lab.ask(digests({ generation: generation(1) }));
    const codes = lab.refusals().map((each) => each.replace(/^\d+ /, ''));
    expect(codes).to.deep.equal(Array<string>(5).fill('failback-in-progress'));
    lab.release();
    expect([lab.read(0, 2), lab.write(0, 'X')], 'it is the sub’s still').to.deep.equal(['Qb', 'dataProtect']);
    lab.news('remote');
    lab.say('remote', { kind: 'failbackDone', ...of });
    expect(lab.marks('regained')).to.deep.equal([{ generation: 2 }]);
    const told = lab.news('remote').map(({ kind }) => kind);
    expect(told, 'told at once').to.deep.equal(['pairing']);
    expect([lab.status().pairState, lab.read(0, 3), lab.write(0, 'Y')]).to.deep.equal(['PAIR', 'Qbc', 'good']);
  });

  it('gives its host what it has after a failback that failed, also after a power cut', () => {
    const lab = takenOver();
    const ask = { kind: 'failbackAsk', request: 1, epoch: epoch(2), committed: generation(1), discard: false } as const;
    lab.say('remote', ask);
    const of = { epoch: epoch(2), generation: generation(2) };
    lab.say('remote', { kind: 'begin', ...of, base: generation(1), full: false, state: 'SSWS' });
    lab.line('remote', false).pass(60_000_000);
    expect([lab.read(0, 3), lab.write(0, 'X')]).to.deep.equal(['abc', 'dataProtect']);
    lab.restart();
    lab.connect('host', 'host');
    // The first command meets the unit attention of power on.
    lab.read(0, 1);
    expect([lab.read(0, 3), lab.write(0, 'X')]).to.deep.equal(['abc', 'dataProtect']);
  });

  it('lets a failback begin once its host is quiet: no write under way, no freeze being taken up', () => {
    const ask = { kind: 'failbackAsk', request: 1, epoch: epoch(2), committed: generation(1), discard: true } as const;
    for (const held of ['primary0', 'meta'] as const) {
      const lab = paired();
      lab.trouble = (disk, { op }) => (disk === held && op === 'write' ? 'wait' : undefined);
      if (held === 'primary0') lab.write(0, 'X');
      else lab.freeze(2);
      lab.news('remote');
      lab.say('remote', ask);
      expect(lab.news('remote'), held).to.deep.equal([]);
      lab.epoch = epoch(2);
      lab.pairing({ takenOver: true }).release();
      lab.pass(0);
      expect(lab.heard('remote', 'failbackDifference').length, held).to.equal(1);
    }
  });

  it('is the main side again, too, when the sub’s pairing shows that it has given back', () => {
    const lab = takenOver();
    lab.say('remote', { kind: 'failbackAsk', request: 1, epoch: epoch(2), committed: generation(1), discard: false });
    const of = { epoch: epoch(2), generation: generation(2) };
    lab.say('remote', { kind: 'begin', ...of, base: generation(1), full: false, state: 'SSWS' });
    lab.say('remote', {
      kind: 'complete',
      generation: of.generation,
      blocks: 0,
      zeroBlocks: 0,
      digest: Buffer.alloc(16),
    });
    lab.connect('remote', 'sub');
    lab.pairing({ committed: generation(2), structured: generation(2), commitDigest: Buffer.alloc(16) });
    expect(lab.marks('regained')).to.deep.equal([{ generation: 2 }]);
    expect(lab.write(0, 'Y')).to.equal('good');
  });
});
