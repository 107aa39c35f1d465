/** A generation on its way, as the session with the sub sees it: what the sub holds, complete, and its end. */
import { expect } from 'chai';
import { contentDigests } from '../../../protocol/digest.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import type { Message } from '../../../protocol/message/messages.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { blockBytes, blocksOf } from './main-lab.js';
import { begun, code, completing, digestOfSecond, frozen, SessionLab } from './session-lab.js';

/** A session in which main counts `XY` as sent, and has asked what the sub holds. */
function asking(letters = 'XY', of: { sectors?: number } = {}): SessionLab {
  const lab = frozen(of);
  lab.isSent(1, letters);
  lab.pairing();
  lab.session.pump();
  lab.told();
  return lab;
}

const unsent = (block: number) => ({ kind: 'unsent', generation: 2, volume: 0, first: block, count: 1 });

describe('what the sub holds of a generation on its way', () => {
  it('is not sent again when it is what main has sent', () => {
    const lab = asking().holds(2, ' XY');
    expect([lab.recorded(), lab.told(), lab.session.ready]).to.deep.equal([[], ['complete 2: 2 0'], true]);
  });

  it('is sent again when the sub does not hold it', () => {
    for (const [letters, lost] of [
      ['', [1, 2]],
      [' X', [1, 2]],
      ['  Y', [1, 2]],
      [' XZ', [1, 2]],
    ] as const) {
      const lab = asking();
      while (lab.core.outgoing.pick(64) !== undefined);
      lab.holds(2, letters);
      expect(lab.recorded(), letters).to.deep.equal(lost.map(unsent));
      while (lab.durable());
      lab.told();
      lab.pump();
      lab.pump();
      expect(lab.waiting).to.include('primary0 read 2+4');
    }
  });

  it('may be more than main knows of: then only what is there is compared', () => {
    const lab = asking('X').holds(2, ' XQ');
    expect(lab.recorded()).to.deep.equal([]);
    const wrong = asking('X').holds(2, ' QQ');
    expect(wrong.recorded(), 'complete compares all of it in the end').to.deep.equal([]);
    const missing = asking('XY').holds(2, 'Q Y');
    expect(missing.recorded()).to.deep.equal([unsent(1), unsent(2)]);
    const behind = asking('XY').holds(2, ' X Q');
    expect(behind.recorded()).to.deep.equal([unsent(1), unsent(2)]);
  });

  it('is compared chunk by chunk of 64 blocks', () => {
    const lab = new SessionLab({ sectors: 400 });
    lab.primary(60, 'abcdefgh');
    lab.primary(130, 'z');
    lab.freeze(2);
    lab.isSent(60, 'abcdefgh');
    lab.isSent(130, 'z');
    lab.pairing();
    lab.session.pump();
    lab.holds(2, `${' '.repeat(60)}abcd`, { last: false });
    expect([lab.recorded(), lab.session.ready], 'more is to come').to.deep.equal([[], false]);
    lab.holds(2, '  z', { chunk: 2 });
    expect(lab.recorded()).to.deep.equal([64, 65, 66, 67].map(unsent));
    const more = new SessionLab({ sectors: 400 });
    more.primary(70, 'ab');
    more.freeze(2);
    more.isSent(70, 'ab');
    more.pairing();
    more.session.pump();
    more.holds(2, `${' '.repeat(5)}Qa`, { chunk: 1 });
    expect(more.recorded(), 'more and less').to.deep.equal([70, 71].map(unsent));
  });

  it('is not what it holds of another generation, nor what it was not asked for', () => {
    const lab = asking().holds(3, '');
    expect([lab.recorded(), lab.session.ready]).to.deep.equal([[], false]);
    const told = asking().holds(2, ' XY').holds(2, '');
    expect(told.recorded()).to.deep.equal([]);
    const committing = asking();
    committing.core.committing = true;
    committing.holds(2, '');
    expect([committing.recorded(), committing.session.ready]).to.deep.equal([[], false]);
  });

  it('makes the generation fail when its frozen content has been overwritten since', () => {
    const lab = asking();
    lab.changed(0, 2, 1);
    lab.holds(2, ' X');
    expect(lab.recorded()).to.deep.equal([
      unsent(1),
      { kind: 'failed', generation: 2, code: code('frozen-content-lost') },
    ]);
    expect(lab.logs()).to.deep.equal(['generation 2 failed: frozen-content-lost (volume 0, block 2)']);
    const kept = frozen({ method: 'copy' });
    kept.isSent(1, 'X');
    const run = { generation: generation(2), volume: volumeNumber(0), first: blockNumber(2), count: 1, slot: 3 };
    kept.core.state.apply({ kind: 'kept', ...run, digests: contentDigests(blocksOf('Y'), blockBytes) });
    kept.isSent(2, 'Y');
    kept.changed(0, 2, 1);
    kept.pairing();
    kept.session.pump();
    kept.holds(2, ' X');
    expect(kept.recorded(), 'it has been kept').to.deep.equal([unsent(1), unsent(2)]);
  });

  it('is protected again as soon as it is known to lack it, before the record is durable', () => {
    const lab = asking().holds(2, ' X');
    expect([1, 2].map((block) => lab.core.isProtected(0, block))).to.deep.equal([true, true]);
    lab.core.outgoing.lacking(0, 1);
    expect(lab.recorded(), 'one record for each').to.deep.equal([unsent(1), unsent(2)]);
    const kept = frozen({ method: 'copy' });
    kept.isSent(1, 'XY');
    kept.pairing();
    kept.session.pump();
    kept.holds(2, ' X');
    expect(kept.core.keeper.keepFor(0, 2, 1)?.block, 'a write waits').to.equal(2);
    expect(kept.waiting, 'until it is kept').to.include('primary0 read 4+2');
  });

  it('before a freeze is compared with what has flowed there, and what changed since is no loss', () => {
    const lab = new SessionLab({ method: 'streaming' });
    lab.primary(1, 'XYZ');
    lab.isSent(1, 'XY');
    lab.pairing();
    lab.session.pump();
    lab.holds(2, ' X');
    expect(lab.recorded()).to.deep.equal([unsent(1), unsent(2)]);
    const held = new SessionLab({ method: 'streaming' });
    held.primary(1, 'XY');
    held.isSent(1, 'X');
    held.pairing();
    held.session.pump();
    held.told();
    held.holds(2, ' X');
    expect([held.recorded(), held.told()], 'there is nothing to complete').to.deep.equal([[], []]);
    const [other, more] = [' Q', 'QX'].map((letters) => {
      const flowing = new SessionLab({ method: 'streaming' });
      flowing.primary(1, 'XY');
      flowing.isSent(1, letters === ' Q' ? 'X' : 'XY');
      flowing.pairing();
      flowing.session.pump();
      return flowing.holds(2, letters);
    });
    expect(other?.recorded(), 'something else').to.deep.equal([unsent(1)]);
    expect(more?.recorded(), 'more and less').to.deep.equal([unsent(1), unsent(2)]);
  });
});

describe('complete', () => {
  it('is said once, when all of the generation has been stored, with what it is', () => {
    const lab = begun();
    lab.isSent(1, 'X');
    lab.session.pump();
    expect(lab.told(), 'block 2 is missing').to.deep.equal([]);
    lab.isSent(2, 'Y');
    lab.session.pump();
    expect(lab.sent).to.deep.equal([
      { kind: 'complete', generation: 2, blocks: 2, zeroBlocks: 0, digest: digestOfSecond() },
    ]);
    expect(lab.marks().at(-1)).to.equal('complete 2,2,0');
    lab.told();
    lab.session.pump();
    expect(lab.told()).to.deep.equal([]);
  });

  it('waits for every volume', () => {
    const lab = new SessionLab({ others: [32] });
    lab.changed(1, 3, 1);
    lab.primary(1, 'X');
    lab.freeze(2);
    lab.isSent(1, 'X');
    lab.pairing();
    lab.session.pump();
    lab.holds(2, ' X');
    expect(lab.told()).to.deep.equal(['begin 2 on 1 PAIR', 'getHoldings 2']);
  });

  it('waits for what is on its way', () => {
    const lab = begun();
    lab.pump();
    lab.isSent(1, 'XY');
    lab.session.pump();
    expect(lab.told()).to.deep.equal([]);
    lab.disk(checkCondition('lbaOutOfRange'));
    lab.records.length = 0;
    lab.session.pump();
    expect(lab.told()).to.deep.equal(['complete 2: 2 0']);
  });

  it('waits until what the sub has lost is recorded as not sent', () => {
    const lab = completing();
    lab.says({ kind: 'completeRefused', generation: generation(2), code: code('digest-mismatch') });
    lab.told();
    lab.holds(2, ' X');
    expect([lab.recorded(), lab.told()]).to.deep.equal([[unsent(1), unsent(2)], []]);
  });

  it('refused makes main ask again what the sub holds, and the third time the generation fails', () => {
    const lab = completing();
    const refused: Message = { kind: 'completeRefused', generation: generation(2), code: code('digest-mismatch') };
    lab.says({ ...refused, generation: generation(1) });
    expect(lab.told(), 'another generation').to.deep.equal([]);
    for (let times = 0; times < 2; times += 1) {
      lab.says(refused);
      expect(lab.told()).to.deep.equal(['getHoldings 2']);
      lab.says(refused);
      expect(lab.told(), 'it has not been said since').to.deep.equal([]);
      lab.holds(2, ' XY');
      expect(lab.told()).to.deep.equal(['complete 2: 2 0']);
    }
    lab.says(refused);
    expect(lab.recorded()).to.deep.equal([{ kind: 'failed', generation: 2, code: code('digest-mismatch') }]);
    lab.session.pump();
    expect(lab.told(), 'while its failure is being recorded').to.deep.equal([]);
    const unknown = completing();
    for (let times = 0; times < 3; times += 1) {
      unknown.says({ ...refused, code: 60_000 });
      unknown.holds(2, ' XY');
    }
    expect(unknown.recorded()).to.deep.equal([{ kind: 'failed', generation: 2, code: code('digest-mismatch') }]);
  });
});

describe('the commit', () => {
  const committed = (of: number, digest = digestOfSecond()): Message => ({
    ...{ kind: 'committed', epoch: epoch(1), generation: generation(of), digest },
  });

  it('is recorded, and the generation has arrived then', () => {
    const lab = completing();
    expect(lab.says(committed(2))).to.equal(true);
    expect(lab.recorded()).to.deep.equal([{ kind: 'committed', generation: 2, digest: digestOfSecond() }]);
    expect([lab.core.committing, lab.marks().includes('committed 2')]).to.deep.equal([true, false]);
    lab.says(committed(2));
    expect(lab.records, 'once').to.have.length(1);
    lab.durable();
    expect([lab.core.committing, lab.core.state.committed, lab.marks().at(-1)]).to.deep.equal([
      false,
      2,
      'committed 2',
    ]);
    lab.says(committed(2));
    expect(lab.recorded()).to.deep.equal([]);
  });

  it('of another generation, or of one that is being given up, is none', () => {
    const lab = completing();
    lab.says(committed(1));
    expect(lab.recorded()).to.deep.equal([]);
    lab.core.failGeneration('shadow-full', '');
    lab.says(committed(2));
    expect(lab.recorded()).to.deep.equal([{ kind: 'failed', generation: 2, code: code('shadow-full') }]);
  });

  it('of something else makes the generation fail', () => {
    const lab = completing();
    lab.says(committed(2, Buffer.alloc(16, 1)));
    expect(lab.recorded()).to.deep.equal([{ kind: 'failed', generation: 2, code: code('digest-mismatch') }]);
  });

  it('lets refusals of complete be counted anew for the next generation', () => {
    const lab = completing();
    const refused = (of: number): Message => ({ kind: 'completeRefused', generation: generation(of), code: 82 });
    for (let times = 0; times < 2; times += 1) {
      lab.says(refused(2));
      lab.holds(2, ' XY');
    }
    lab.says(committed(2));
    lab.durable();
    lab.primary(3, 'Z');
    lab.freeze(3);
    lab.isSent(3, 'Z');
    lab.session.pump();
    lab.holds(3, '   Z');
    expect(lab.told().slice(-3)).to.deep.equal(['begin 3 on 2 PAIR', 'getHoldings 3', 'complete 3: 1 0']);
    lab.says(refused(3));
    expect([lab.told(), lab.recorded()]).to.deep.equal([['getHoldings 3'], []]);
  });

  it('is followed by the structuring, which is noted when it is news', () => {
    const lab = new SessionLab();
    lab.says({ kind: 'structured', generation: generation(1) });
    expect(lab.recorded()).to.deep.equal([]);
    lab.says({ kind: 'structured', generation: generation(2) });
    expect(lab.recorded()).to.deep.equal([{ kind: 'structured', generation: 2 }]);
  });
});

describe('a sub that gives up', () => {
  const abandon = (of: number, number = code('staging-full')): Message => ({
    ...{ kind: 'abandon', generation: generation(of), code: number, state: 'PSUE' },
  });

  it('a generation makes it fail here', () => {
    const lab = begun();
    lab.says(abandon(1));
    expect(lab.recorded(), 'another one').to.deep.equal([]);
    lab.says(abandon(2));
    expect(lab.recorded()).to.deep.equal([{ kind: 'failed', generation: 2, code: code('staging-full') }]);
    expect(lab.logs()).to.deep.equal(['generation 2 failed: staging-full (reported by the sub)']);
    const unknown = begun();
    unknown.says(abandon(2, 60_000));
    expect(unknown.recorded()).to.deep.equal([{ kind: 'failed', generation: 2, code: code('refused-by-sub') }]);
    const before = new SessionLab({ method: 'streaming' }).pairing();
    before.session.pump();
    before.session.message(abandon(2));
    expect(before.recorded(), 'before the freeze').to.deep.equal([
      { kind: 'pairState', state: 'PSUE', code: code('staging-full') },
    ]);
    while (before.durable());
    expect(before.records, 'there is no generation to fail').to.deep.equal([]);
    before.core.state.apply({ kind: 'pairState', state: 'PAIR', code: 0 });
    before.told();
    before.session.pump();
    expect(before.told(), 'and begins anew').to.deep.equal(['begin 2 on 1 PAIR', 'getHoldings 2']);
  });

  it('what it had staged ahead of a freeze, and then more of it: each time nothing of it counts any more', () => {
    const lab = new SessionLab({ method: 'streaming' }).pairing();
    lab.session.pump();
    lab.told();
    const suspended = { kind: 'pairState', state: 'PSUE', code: code('staging-full') } as const;
    for (const time of ['first', 'second']) {
      lab.session.message(abandon(2));
      lab.session.pump();
      expect(lab.told(), 'nothing begins while that is being recorded').to.deep.equal(['pairStateChanged PSUE 81']);
      expect(lab.recorded(), time).to.deep.equal([suspended]);
      lab.durable();
      expect(lab.core.suspending).to.equal(false);
    }
  });

  it('a generation just while it is being frozen makes it fail here', () => {
    const lab = new SessionLab({ method: 'streaming' }).pairing();
    lab.session.pump();
    lab.session.message(abandon(2));
    lab.freeze(2);
    lab.durable();
    expect(lab.recorded()).to.deep.equal([{ kind: 'failed', generation: 2, code: code('staging-full') }]);
    const resumed = new SessionLab({ method: 'streaming' }).pairing();
    resumed.session.pump();
    resumed.session.message(abandon(2));
    resumed.durable();
    resumed.core.state.apply({ kind: 'pairState', state: 'COPY', code: 0 });
    resumed.freeze(2);
    resumed.core.failSuspended();
    expect(resumed.recorded(), 'resumed meanwhile').to.deep.equal([]);
  });

  it('the pair suspends it here, when it is for an error', () => {
    const lab = new SessionLab().pairing();
    const changed = (state: 'PSUE' | 'SSUS', number: number): Message => ({
      kind: 'pairStateChanged',
      state,
      code: number,
    });
    lab.says(changed('SSUS', 0));
    expect(lab.recorded()).to.deep.equal([]);
    lab.says(changed('PSUE', code('disk-error')));
    lab.durable();
    lab.says(changed('PSUE', 60_000));
    expect(lab.recorded()).to.deep.equal([{ kind: 'pairState', state: 'PSUE', code: code('refused-by-sub') }]);
    expect(lab.logs()).to.deep.equal([
      'pair suspended: disk-error (reported by the sub)',
      'pair suspended: refused-by-sub (reported by the sub)',
    ]);
  });
});

describe('messages of the sub', () => {
  it('about runs go to the sender, and others are left to whom they are for', () => {
    const lab = begun();
    lab.pump();
    lab.disk();
    expect(lab.says({ kind: 'runRefused', generation: generation(2), run: 1, code: 1 })).to.equal(true);
    lab.told();
    lab.pump();
    lab.disk();
    expect(lab.told()).to.deep.equal(['blockRun 2']);
    expect(lab.says({ kind: 'stored', generation: generation(2), runs: [2] })).to.equal(true);
    const digests = contentDigests(blocksOf('XY'), blockBytes);
    expect(lab.recorded()).to.deep.equal([{ kind: 'sent', generation: 2, volume: 0, first: 1, count: 2, digests }]);
    const ask = { request: 1, epoch: epoch(1), committed: generation(1), discard: false };
    expect(lab.says({ kind: 'failbackAsk', ...ask })).to.equal(false);
    const taken: Message[] = [
      { kind: 'completeRefused', generation: generation(9), code: 1 },
      { kind: 'structured', generation: generation(1) },
      { kind: 'abandon', generation: generation(9), code: 1, state: 'PSUE' },
      { kind: 'pairStateChanged', state: 'PAIR', code: 0 },
      { kind: 'holdings', generation: generation(9), volume: volumeNumber(0), chunks: [], last: true },
    ];
    for (const message of taken) expect(lab.session.message(message), message.kind).to.equal(true);
  });
});
