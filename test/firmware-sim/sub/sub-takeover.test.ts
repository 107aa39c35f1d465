/** A takeover at the sub, and the failback after it, step by step: the test speaks for main. */
import { expect } from 'chai';
import { epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import type { Message } from '../../../protocol/message/messages.js';
import { inWords } from '../device-lab.js';
import { joined, paired, type SubDevice } from './sub-device.js';

const takeover = (force = false) => ({ kind: 'takeover', force }) as const;
const failback = (discard = false) => ({ kind: 'failback', discard }) as const;
const kinds = (messages: readonly Message[]) => messages.map(({ kind }) => kind);

/** A sub that has taken over, whose main knows it. */
function takenOver(lab = paired()): SubDevice {
  lab.ask(takeover(true));
  lab.news('host');
  lab.news('remote');
  lab.read(0, 1);
  return lab;
}

/** Main says which of the first 64 blocks differ there. */
function differs(lab: SubDevice, request: number, blocks: readonly number[]): SubDevice {
  const bits = Buffer.alloc(8);
  for (const block of blocks) bits.writeUInt8(bits.readUInt8(block >> 3) | (1 << (block & 7)), block >> 3);
  const chunks = [{ chunk: 0, blocks: bits }];
  return lab.say('remote', { kind: 'failbackDifference', request, volume: volumeNumber(0), chunks, last: true });
}

const runsOf = (lab: SubDevice) => lab.heard('remote', 'blockRun').map(({ first, count }) => `${first}+${count}`);

/** Main has stored every run that it has heard, and says so. */
function stored(lab: SubDevice, number: number): SubDevice {
  const runs = lab.heard('remote', 'blockRun').map(({ run }) => run);
  return lab.say('remote', { kind: 'stored', generation: generation(number), runs });
}

describe('a takeover', () => {
  it('of a pair that looks healthy asks main for a sign of life, once for all who ask', () => {
    const lab = paired();
    const asked = [lab.ask(takeover()), lab.ask(takeover())];
    expect(kinds(lab.news('remote'))).to.deep.equal(['pairing']);
    expect(lab.refusals(), 'what main’s line said at once is no sign of life').to.deep.equal([]);
    lab.pass(1000).pairing();
    expect(lab.refusals()).to.deep.equal(asked.map((each) => `${each} pair-healthy`));
    const again = lab.ask(takeover());
    lab.pass(1000).pairing();
    expect(lab.refusals()).to.deep.equal([`${again} pair-healthy`]);
    expect([lab.sub.state.takenOver, lab.marks('takeoverTaken')]).to.deep.equal([false, []]);
  });

  it('is carried out when main has given none for three seconds, and raises the epoch once for all who asked', () => {
    const lab = paired();
    lab.pass(5_000_000);
    lab.silent.add('remote');
    const [first, second] = [lab.ask(takeover()), lab.pass(1_000_000).ask(takeover())];
    lab.pass(1_999_999);
    expect(lab.news('host')).to.deep.equal([]);
    lab.pass(1);
    const done = { kind: 'done', epoch: 2, generation: 1 };
    expect(lab.news('host')).to.deep.equal([
      { ...done, request: first, effect: true },
      { ...done, request: second, effect: true },
    ]);
    expect(lab.status().pairState).to.equal('SSWS');
  });

  it('takes what was heard in the instant of asking for no sign of life', () => {
    const lab = paired().pairing();
    lab.silent.add('remote');
    lab.ask(takeover());
    expect(lab.pass(3_000_000).sub.state.takenOver).to.equal(true);
  });

  it('is carried out at once when the pair is suspended, and asks main when it is no other’s any more', () => {
    for (const state of ['PSUS', 'PSUE'] as const) {
      const lab = paired().pairing({ state });
      lab.ask(takeover());
      expect(kinds(lab.news('host')), state).to.deep.equal(['done']);
    }
    const foreign = paired()
      .pairing({ pair: Buffer.alloc(16, 'other') })
      .connect('remote', 'main');
    foreign.ask(takeover());
    expect([kinds(foreign.news('host')), kinds(foreign.news('remote'))]).to.deep.equal([[], ['pairing']]);
  });

  it('is carried out at once when main is known to be away', () => {
    const cut = paired();
    cut.line('remote', false).ask(takeover());
    const foreign = paired()
      .connect('remote', 'main')
      .pairing({ pair: Buffer.alloc(16, 'other') });
    foreign.ask(takeover());
    const silent = paired();
    silent.pass(5_000_000).silent.add('remote');
    silent.ask(takeover());
    silent.connect('host', 'host').pass(3_000_000);
    expect(silent.sub.state.takenOver, 'who asked is gone').to.equal(false);
    silent.ask(takeover());
    for (const lab of [cut, foreign, silent]) {
      expect(lab.heard('host', 'done').map(({ effect }) => effect)).to.deep.equal([true]);
    }
  });

  it('asks main anew when main has been heard since', () => {
    const lab = paired();
    lab.pass(5_000_000).silent.add('remote');
    lab.ask(takeover());
    lab.connect('host', 'host').pass(3_000_000);
    lab.silent.clear();
    lab.pass(3_000_000).pairing().news('remote');
    const asked = lab.ask(takeover());
    expect([kinds(lab.news('remote')), lab.news('host')]).to.deep.equal([['pairing'], []]);
    lab.pass(1000).pairing();
    expect(lab.refusals()).to.deep.equal([`${asked} pair-healthy`]);
  });

  it('is answered as soon as main’s line is lost, or the pair is suspended', () => {
    const cut = paired();
    cut.silent.add('remote');
    cut.ask(takeover());
    cut.line('remote', false);
    const suspended = paired();
    suspended.ask(takeover());
    suspended.say('remote', { kind: 'pairStateChanged', state: 'PSUS', code: 0 });
    for (const lab of [cut, suspended]) expect(kinds(lab.news('host'))).to.deep.equal(['done']);
  });

  it('raises the epoch durably before it is answered or told to main', () => {
    const lab = paired();
    lab.trouble = (disk) => (disk === 'meta' ? 'wait' : undefined);
    lab.ask(takeover(true));
    expect([lab.marks('takeoverTaken').length, lab.marks('tookOver')]).to.deep.equal([1, []]);
    expect([lab.news('host'), lab.news('remote')]).to.deep.equal([[], []]);
    lab.release();
    expect(lab.marks('tookOver')).to.deep.equal([{ epoch: 2 }]);
    expect(lab.heard('host', 'done')).to.deep.equal([
      { kind: 'done', request: 1, epoch: 2, generation: 1, effect: true },
    ]);
    const [told] = lab.heard('remote', 'pairing').slice(-1);
    expect([told?.epoch, told?.takenOver, told?.state, told?.committed]).to.deep.equal([2, true, 'SSWS', 1]);
  });

  it('drops what is not committed, and takes nothing more from main', () => {
    const lab = paired().begin(2).run(2, 0, 'XY');
    expect(lab.status().shadowSlotsFree).to.equal(14);
    lab.trouble = (disk) => (disk === 'meta' ? 'wait' : undefined);
    lab.ask(takeover(true));
    lab.news('remote');
    lab.run(2, 4, 'Z').complete(2, 0, 'XY').release();
    lab.run(2, 5, 'Z').complete(2, 0, 'XY');
    expect(kinds(lab.news('remote'))).to.deep.equal(['pairing']);
    const { committed, frozen, shadowSlotsFree } = lab.status();
    expect([committed, frozen, shadowSlotsFree]).to.deep.equal([1, 1, 16]);
    lab.restart().connect('host', 'host');
    expect([lab.status().epoch, lab.status().shadowSlotsFree, lab.status().pairState]).to.deep.equal([2, 16, 'SSWS']);
  });

  it('is no effect once it has been carried out', () => {
    const lab = takenOver();
    for (const force of [false, true]) lab.ask(takeover(force));
    expect(lab.heard('host', 'done').map(({ effect, epoch: of }) => [effect, of])).to.deep.equal([
      [true, 2],
      [false, 2],
      [false, 2],
    ]);
    expect(lab.marks('tookOver')).to.have.length(1);
  });

  it('is of the volumes: hosts read and write them here, and what they write is there after a loss of power', () => {
    const lab = takenOver();
    expect([lab.write(1, 'XY'), lab.read(0, 8)]).to.deep.equal(['good', 'aXYdef..']);
    expect(
      inWords(
        lab.scsi({ op: 'compareAndWrite', lba: 2, compare: Buffer.alloc(512, 'X'), data: Buffer.alloc(512, 'Z') }),
      ),
    ).to.equal('good');
    expect([lab.read(1, 1), lab.status().changedBlocks]).to.deep.equal(['?', 2]);
    lab.line('remote', false);
    expect(lab.write(7, 'W'), 'main away').to.equal('good');
    lab.restart().connect('host', 'host');
    expect([lab.read(0, 1), lab.read(2, 6), lab.status().changedBlocks]).to.deep.equal(['unitAttention', 'Ydef.W', 3]);
  });
});

describe('a failback', () => {
  it('is refused while main is away, and is none of another main', () => {
    const lab = takenOver();
    lab.line('remote', false);
    lab.ask(failback());
    lab.ask(failback(true));
    const foreign = takenOver()
      .connect('remote', 'main')
      .pairing({ pair: Buffer.alloc(16, 'other') });
    foreign.ask(failback());
    foreign.ask(failback(true));
    for (const each of [lab, foreign]) {
      expect(each.refusals().slice(-2)).to.deep.equal(['2 sub-unreachable', '3 sub-unreachable']);
    }
  });

  it('asks main what differs there, and refuses host writes from then on, also one right behind it', () => {
    const lab = takenOver();
    const write = { kind: 'command', tag: 7, lun: 0, attribute: 'simple', dataOutBytes: 0, dataInBytesMax: 0 } as const;
    const cdb = Buffer.from('93090000000000000000000000010000', 'hex');
    const request = 9;
    lab.say('host', { kind: 'failback', request, discard: true }, { ...write, cdb, dataCheck: 0 });
    expect(inWords(lab.ended(7))).to.equal('dataProtect');
    expect(lab.heard('remote', 'failbackAsk')).to.deep.equal([
      { kind: 'failbackAsk', request: 1, epoch: 2, committed: 1, discard: true },
    ]);
    lab.ask(failback());
    lab.ask(takeover(true));
    expect([lab.refusals().slice(-2), lab.read(0, 2), lab.write(0, 'X')]).to.deep.equal([
      ...[['2 failback-in-progress', '3 failback-in-progress'], 'ab', 'dataProtect'],
    ]);
  });

  it('is refused with main’s reason', () => {
    const lab = takenOver();
    const asked = lab.ask(failback());
    lab.say('remote', { kind: 'refused', request: 1, code: 57, detail: '3 blocks' });
    expect(lab.heard('host', 'refused')).to.deep.equal([
      { kind: 'refused', request: asked, code: 57, detail: '3 blocks' },
    ]);
    expect(lab.write(0, 'X'), 'host writes are taken again').to.equal('good');
  });

  it('sends what differs on either side as the next generation, and gives the right to write back', () => {
    const lab = takenOver().pairing({ frozen: generation(4) });
    lab.write(1, 'XY');
    const asked = lab.ask(failback());
    differs(lab, 1, [4]);
    expect(lab.heard('host', 'done').at(-1)).to.deep.equal({
      ...{ kind: 'done', request: asked, epoch: 2, generation: 5, effect: true },
    });
    expect([runsOf(lab), lab.status().blocksTotal]).to.deep.equal([['1+2', '4+1'], 3]);
    stored(lab, 5);
    const [complete] = lab.heard('remote', 'complete');
    const digest = complete?.digest ?? Buffer.alloc(0);
    expect([complete?.blocks, lab.status().blocksSent]).to.deep.equal([3, 3]);
    lab.wait(5);
    lab.say('remote', { kind: 'committed', epoch: epoch(2), generation: generation(5), digest });
    lab.say('remote', { kind: 'structured', generation: generation(5) });
    expect(kinds(lab.news('remote')).at(-1)).to.equal('failbackDone');
    expect(kinds(lab.news('host')).at(-1)).to.equal('waited');
    const { pairState, committed, structured, changedBlocks } = lab.status();
    expect([pairState, committed, structured, changedBlocks]).to.deep.equal(['PAIR', 5, 5, 0]);
    expect([lab.write(0, 'Z'), lab.read(0, 6)]).to.deep.equal(['dataProtect', 'aXYdef']);
  });

  it('ends with the reason for those who wait, when main gives it up', () => {
    const lab = takenOver();
    lab.ask(failback());
    differs(lab, 1, [4]);
    lab.wait(2);
    lab.news('host');
    lab.say('remote', { kind: 'abandon', generation: generation(2), code: 80, state: 'PSUE' });
    expect(lab.heard('host', 'waited').map((each) => [each.generation, each.reason])).to.deep.equal([[2, 80]]);
    expect([lab.status().failed, lab.write(0, 'X')]).to.deep.equal([2, 'good']);
  });

  it('begins again by itself after a lost session, and after a loss of power, once main has said which pair it is of', () => {
    const lab = takenOver();
    lab.ask(failback());
    differs(lab, 1, [4]);
    const asks = () => lab.heard('remote', 'failbackAsk').map(({ discard }) => discard);
    lab.connect('remote', 'main');
    expect([asks(), lab.write(0, 'X')]).to.deep.equal([[], 'dataProtect']);
    lab.pairing({ pair: Buffer.alloc(16, 'other') });
    expect(asks(), 'not with another').to.deep.equal([]);
    lab.connect('remote', 'main').pairing();
    expect(asks()).to.deep.equal([true]);
    lab.restart().connect('host', 'host').connect('remote', 'main');
    expect([lab.read(0, 1), lab.write(0, 'X'), asks()]).to.deep.equal(['unitAttention', 'dataProtect', []]);
    lab.pairing();
    expect(asks()).to.deep.equal([true]);
    differs(lab, 1, [4]);
    expect(lab.heard('remote', 'begin').map((each) => each.generation)).to.deep.equal([2]);
  });

  it('is told that the session ended before it had begun', () => {
    const lab = takenOver();
    const asked = lab.ask(failback());
    lab.connect('remote', 'main').pairing();
    expect(lab.heard('host', 'refused').map(({ request, code }) => [request, code])).to.deep.equal([[asked, 59]]);
    expect(lab.write(0, 'X')).to.equal('good');
  });

  it('asks again when main speaks in this session for the first time: it was reading its records before', () => {
    const lab = takenOver();
    const asked = () => lab.heard('remote', 'failbackAsk').map(({ request }) => request);
    lab.connect('remote', 'main');
    lab.ask(failback());
    expect(asked()).to.deep.equal([1]);
    lab.pairing();
    expect(asked()).to.deep.equal([1, 2]);
    lab.pairing();
    expect(asked(), 'once').to.deep.equal([1, 2]);
    differs(lab, 1, [4]);
    expect(runsOf(lab), 'the answer to the first').to.deep.equal([]);
    differs(lab, 2, [4]);
    expect(runsOf(lab)).to.deep.equal(['4+1']);
  });

  it('waits for the writes that were under way', () => {
    const lab = takenOver();
    lab.trouble = (disk, { op }) => (disk === 'secondary0' && op === 'write' ? 'wait' : undefined);
    lab.write(0, 'X');
    lab.ask(failback());
    differs(lab, 1, [4]);
    expect(runsOf(lab)).to.deep.equal([]);
    lab.release();
    expect(runsOf(lab)).to.deep.equal(['0+1', '4+1']);
  });

  it('sends runs as large as main takes, at least a block and at most 64 KiB', () => {
    const runs = (runBytesMax: number) => {
      const lab = takenOver(joined([80]).image(1, 0, 'a'.repeat(64))).pairing({ runBytesMax });
      lab.ask(failback());
      differs(
        lab,
        1,
        Array.from({ length: 64 }, (_, block) => block),
      );
      for (let blocks = 0; blocks < 70; blocks += 1) stored(lab, 2);
      return [...new Set(lab.heard('remote', 'blockRun').map(({ count }) => count))];
    };
    expect([runs(100), runs(4096), runs(1 << 20)]).to.deep.equal([[1], [4], [64]]);
  });
});
