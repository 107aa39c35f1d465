/** What main and its sub tell each other of the pair, and what main makes of it. */
import { expect } from 'chai';
import { spoiltDigest } from '../../../protocol/digest.js';
import { epoch, generation } from '../../../protocol/ids.js';
import { begun, code, commitDigest, completing, digestOfSecond, frozen, SessionLab } from './session-lab.js';

const older = { committed: generation(0), structured: generation(0), commitDigest: Buffer.alloc(16) };

describe('main, when a session with its sub opens', () => {
  it('says what it durably knows of the pair', () => {
    const lab = frozen();
    lab.session.opened();
    const { pair } = lab.core.state;
    expect(lab.sent).to.deep.equal([
      {
        ...{ kind: 'pairing', pair, epoch: 1, method: 'differential', blockBytes: 1024, volumes: [32 * 512] },
        ...{ frozen: 2, committed: 1, commitDigest: Uint8Array.from(commitDigest), structured: 1, state: 'PAIR' },
        ...{ receiving: 2, takenOver: false, runBytesMax: 65536, windowBytes: 1048576 },
      },
    ]);
    expect(new SessionLab().session.pairing().receiving, 'nothing on its way').to.equal(0);
  });

  it('sends nothing before the sub has said what it knows, and agrees with it then', () => {
    const lab = frozen();
    lab.session.pump();
    expect([lab.told(), lab.session.agreed, lab.session.ready]).to.deep.equal([[], false, false]);
    lab.pairing();
    expect([lab.session.agreed, lab.marks()]).to.deep.equal([true, ['paired same']]);
    lab.session.closed();
    lab.session.pump();
    expect([lab.told(), lab.session.agreed]).to.deep.equal([[], false]);
  });

  it('waits for a sub that has yet to join', () => {
    const lab = frozen().pairing({ ...older, pair: new Uint8Array(16) });
    lab.session.pump();
    expect([lab.told(), lab.recorded(), lab.session.agreed, lab.marks()]).to.deep.equal([
      ...[[], [], false, ['paired unpaired']],
    ]);
  });

  it('suspends the pair over a sub that it cannot work with, and sends nothing', () => {
    const lab = new SessionLab().pairing({ pair: Buffer.alloc(16, 7) });
    const [record] = lab.recorded() as { state: string }[];
    expect([record?.state, lab.session.agreed]).to.deep.equal(['PSUE', false]);
    expect(lab.logs()[0]).to.match(/^pair suspended: .*the sub has generation 1 of epoch 1/);
    const more = new SessionLab().pairing({ pair: Buffer.alloc(16, 7), structured: generation(5) });
    expect(more.records.length, 'what it has structured is none of ours').to.equal(1);
  });

  it('takes runs and windows as large as the sub takes them, within its own limits', () => {
    const lab = new SessionLab();
    const limits = (runBytesMax: number, windowBytes: number) => {
      lab.pairing({ runBytesMax, windowBytes });
      return [lab.core.sender.runBytesMax, lab.core.sender.window.bytesMax];
    };
    expect([limits(1 << 20, 1 << 24), limits(4096, 300_000), limits(100, 100)]).to.deep.equal([
      ...[
        [65536, 1 << 20],
        [4096, 300_000],
        [1024, 1024],
      ],
    ]);
    expect(limits(4096, 100), 'room for a run at least').to.deep.equal([4096, 4096]);
  });

  it('learns what the sub has structured', () => {
    const lab = frozen().pairing();
    expect(lab.recorded(), 'known already').to.deep.equal([]);
    lab.core.state.apply({ kind: 'structured', generation: generation(0) });
    lab.pairing();
    expect(lab.recorded()).to.deep.equal([{ kind: 'structured', generation: 1 }]);
    lab.durable();
    expect([lab.core.state.structured, lab.marks().at(-1)]).to.deep.equal([1, 'structured 1']);
  });
});

describe('a sub that holds an older image than main knows of', () => {
  it('gets a whole one: what is on its way as a difference fails, and nothing is sent before that is durable', () => {
    const lab = frozen().pairing(older);
    expect(lab.recorded()).to.deep.equal([
      { kind: 'failed', generation: 2, code: code('older-sub') },
      { kind: 'fullNeeded', code: code('older-sub') },
    ]);
    expect(lab.logs()).to.deep.equal([
      'generation 2 failed: older-sub',
      'the sub holds an older image than main knows of: a full copy follows',
    ]);
    expect(lab.session.agreed).to.equal(false);
    lab.durable();
    expect(lab.session.agreed).to.equal(false);
    lab.durable();
    expect([lab.session.agreed, lab.core.state.fullNeeded, lab.core.state.pairState]).to.deep.equal([
      true,
      true,
      'PSUE',
    ]);
  });

  it('goes on with a whole image that is on its way, from the beginning', () => {
    const lab = new SessionLab();
    lab.primary(1, 'X');
    lab.freeze(2, true);
    lab.pairing();
    lab.session.pump();
    expect(lab.told()).to.deep.equal(['begin 2 on 1 full PAIR', 'getHoldings 2']);
    lab.pairing(older);
    expect(lab.recorded()).to.deep.equal([{ kind: 'fullNeeded', code: code('older-sub') }]);
    lab.durable();
    lab.session.pump();
    expect(lab.told()).to.deep.equal(['begin 2 on 1 full COPY', 'getHoldings 2']);
    expect(lab.recorded()).to.deep.equal([]);
  });

  it('makes a difference fail that was frozen while that was being recorded', () => {
    const lab = new SessionLab().pairing(older);
    lab.primary(1, 'X');
    lab.freeze(2);
    lab.durable();
    expect(lab.recorded()).to.deep.equal([{ kind: 'failed', generation: 2, code: code('older-sub') }]);
  });

  it('is agreed with in the session that it said so in, and in no later one', () => {
    const lab = new SessionLab().pairing(older);
    lab.session.closed();
    lab.session.opened();
    lab.durable();
    expect([lab.session.agreed, lab.core.state.fullNeeded]).to.deep.equal([false, true]);
  });
});

describe('a sub that has taken over', () => {
  it('ends what is on its way, durably, and nothing is sent to it', () => {
    const lab = frozen().pairing({ epoch: epoch(2), takenOver: true });
    expect(lab.recorded()).to.deep.equal([
      { kind: 'failed', generation: 2, code: code('taken-over') },
      { kind: 'takenOver', epoch: 2 },
    ]);
    expect(lab.logs()).to.deep.equal(['generation 2 failed: taken-over']);
    while (lab.durable());
    expect([lab.core.state.takenOver, lab.core.state.epoch, lab.marks().at(-1)]).to.deep.equal([
      true,
      2,
      'takenOver 2',
    ]);
    lab.told();
    lab.session.pump();
    expect(lab.told()).to.deep.equal([]);
    lab.pairing({ epoch: epoch(2), takenOver: true });
    expect(lab.recorded(), 'known already').to.deep.equal([]);
  });

  it('had committed what was on its way, maybe: main notes that first, and how far it has been structured', () => {
    const image = { committed: generation(2), commitDigest: digestOfSecond(), structured: generation(1) };
    const lab = completing().pairing({ epoch: epoch(2), takenOver: true, ...image });
    const committed = { kind: 'committed', generation: 2, digest: digestOfSecond() };
    const takenOver = { kind: 'takenOver', epoch: 2 };
    expect(lab.recorded()).to.deep.equal([committed, takenOver]);
    while (lab.durable());
    const { state } = lab.core;
    expect([state.committed, state.failures.get(2), state.pairState]).to.deep.equal([2, undefined, 'PSUE']);
    lab.pairing({ epoch: epoch(2), takenOver: true, ...image, structured: generation(2) });
    expect(lab.recorded()).to.deep.equal([{ kind: 'structured', generation: 2 }]);
    while (lab.durable());

    const atOnce = completing().pairing({ epoch: epoch(2), takenOver: true, ...image, structured: generation(2) });
    expect(atOnce.recorded()).to.deep.equal([committed, { kind: 'structured', generation: 2 }, takenOver]);
    const other = completing().pairing({ epoch: epoch(2), takenOver: true, ...image, commitDigest });
    expect(other.recorded(), 'another image under that number').to.deep.equal([
      { kind: 'failed', generation: 2, code: code('taken-over') },
      takenOver,
    ]);
    const unknown = frozen().pairing({
      epoch: epoch(2),
      takenOver: true,
      structured: generation(5),
      committed: generation(5),
    });
    expect(unknown.recorded().map((record) => (record as { kind: string }).kind)).to.deep.equal([
      'failed',
      'takenOver',
    ]);
  });

  it('ends a generation that was frozen while that was being recorded', () => {
    const lab = new SessionLab().pairing({ epoch: epoch(2), takenOver: true });
    lab.primary(1, 'X');
    lab.freeze(2);
    lab.durable();
    expect(lab.recorded()).to.deep.equal([{ kind: 'failed', generation: 2, code: code('taken-over') }]);
  });

  it('may take over once more', () => {
    const lab = new SessionLab().pairing({ epoch: epoch(2), takenOver: true });
    while (lab.durable());
    lab.pairing({ epoch: epoch(3), takenOver: true });
    expect(lab.recorded()).to.deep.equal([{ kind: 'takenOver', epoch: 3 }]);
  });
});

describe('a sub that has committed what main does not know of', () => {
  const adopted = { committed: generation(2), commitDigest: Buffer.alloc(16, 5) };

  it('is believed about a generation that main had given up, durably, before anything is sent', () => {
    const lab = frozen();
    lab.core.state.apply({ kind: 'failed', generation: generation(2), code: code('shadow-full') });
    lab.core.state.apply({ kind: 'pairState', state: 'PAIR', code: 0 });
    lab.pairing(adopted);
    expect(lab.recorded()).to.deep.equal([
      { kind: 'adopted', generation: 2, digest: Uint8Array.from(adopted.commitDigest) },
    ]);
    expect([lab.session.agreed, lab.marks()]).to.deep.equal([false, ['paired adopted']]);
    lab.durable();
    expect([lab.session.agreed, lab.core.state.committed]).to.deep.equal([true, 2]);
  });

  it('is sent the whole image where it cannot structure that, and no difference before main knows so durably', () => {
    const lab = frozen();
    lab.core.state.apply({ kind: 'failed', generation: generation(2), code: code('shadow-full') });
    lab.core.state.apply({ kind: 'pairState', state: 'PAIR', code: 0 });
    lab.pairing({ ...adopted, commitDigest: spoiltDigest });
    expect(lab.recorded()).to.deep.equal([
      { kind: 'adopted', generation: 2, digest: spoiltDigest },
      { kind: 'fullNeeded', code: code('older-sub') },
    ]);
    expect(lab.logs().at(-1)).to.equal('the sub cannot structure its image: a full copy follows');
    lab.durable();
    expect([lab.session.agreed, lab.core.state.committed, lab.core.state.fullNeeded]).to.deep.equal([false, 2, false]);
    lab.durable();
    expect([lab.session.agreed, lab.core.state.fullNeeded]).to.deep.equal([true, true]);
    lab.pairing({ ...adopted, commitDigest: spoiltDigest });
    expect(lab.marks().at(-1), 'the same words are no common image').to.equal('paired olderSub');
  });

  it('has committed the generation on its way: that is noted, and the next one goes on in the same session', () => {
    const lab = begun();
    lab.isSent(1, 'XY');
    lab.session.closed();
    lab.session.opened();
    lab.told();
    lab.pairing({ committed: generation(2), commitDigest: digestOfSecond() });
    expect(lab.recorded()).to.deep.equal([{ kind: 'committed', generation: 2, digest: digestOfSecond() }]);
    lab.durable();
    lab.primary(3, 'Z');
    lab.freeze(3);
    expect([lab.session.agreed, lab.session.ready]).to.deep.equal([true, false]);
    lab.session.pump();
    expect(lab.told()).to.deep.equal(['begin 3 on 2 PAIR', 'getHoldings 3']);
  });

  it('fails the generation on its way where it cannot structure it', () => {
    const lab = begun();
    lab.isSent(1, 'XY');
    lab.session.closed();
    lab.session.opened();
    lab.pairing({ ...adopted, commitDigest: spoiltDigest });
    expect(lab.recorded()).to.deep.equal([{ kind: 'failed', generation: 2, code: code('staging-corrupt') }]);
  });

  it('is believed about the generation on its way when it is what main sent', () => {
    const lab = begun();
    lab.isSent(1, 'XY');
    lab.session.closed();
    lab.session.opened();
    lab.pairing(adopted);
    expect(lab.recorded(), 'it is not').to.deep.equal([
      { kind: 'failed', generation: 2, code: code('digest-mismatch') },
    ]);
    expect(lab.logs().at(-1)).to.equal('generation 2 failed: digest-mismatch (the sub committed something else)');
  });
});

describe('the way of a generation', () => {
  it('begins once in a session, and asks what the sub holds', () => {
    const lab = frozen().pairing();
    lab.session.pump();
    lab.session.pump();
    expect([lab.told(), lab.session.ready]).to.deep.equal([['begin 2 on 1 PAIR', 'getHoldings 2'], false]);
    lab.holds(2, '');
    expect(lab.session.ready).to.equal(true);
    lab.session.closed();
    expect(lab.session.ready).to.equal(false);
    lab.session.opened();
    lab.told();
    lab.pairing();
    lab.session.pump();
    expect(lab.told()).to.deep.equal(['begin 2 on 1 PAIR', 'getHoldings 2']);
  });

  it('does not begin while there is none, while the pair is suspended, or while a commit is being recorded', () => {
    const idle = new SessionLab().pairing();
    const labs = (['PSUS', 'PSUE'] as const).map((state) => {
      const lab = frozen().pairing();
      lab.core.state.apply({ kind: 'pairState', state, code: 0 });
      return lab;
    });
    const committing = frozen().pairing();
    committing.core.committing = true;
    for (const lab of [idle, ...labs, committing]) {
      lab.session.pump();
      expect(lab.told()).to.deep.equal([]);
    }
    committing.core.committing = false;
    committing.session.pump();
    expect(committing.told()).to.have.length(2);
  });

  it('begins before the freeze where changes flow as they are made, as a whole image where one is needed', () => {
    const lab = new SessionLab({ method: 'streaming' }).pairing();
    lab.session.pump();
    expect(lab.told()).to.deep.equal(['begin 2 on 1 PAIR', 'getHoldings 2']);
    const full = new SessionLab({ method: 'streaming' });
    full.core.state.apply({ kind: 'fullNeeded', code: 0 });
    full.pairing();
    full.session.pump();
    expect(full.told()[0]).to.equal('begin 2 on 1 full COPY');
    const whole = frozen({ method: 'copy' });
    whole.core.state.apply({ kind: 'fullNeeded', code: 0 });
    whole.pairing();
    whole.session.pump();
    expect(whole.told()[0], 'as it was frozen').to.equal('begin 2 on 1 COPY');
  });

  it('begins again when the pair is brought back, and what was on its way is sent again', () => {
    const lab = begun();
    lab.pump();
    lab.disk();
    expect(lab.told()).to.deep.equal(['blockRun 2']);
    lab.deferred(5, 'Z');
    lab.session.again();
    expect([lab.told(), lab.core.sender.idle]).to.deep.equal([['pairing'], true]);
    lab.session.pump();
    expect(lab.told(), 'the sub speaks first').to.deep.equal([]);
    lab.pairing();
    lab.session.pump();
    expect(lab.told()).to.deep.equal(['begin 2 on 1 PAIR', 'getHoldings 2']);
    lab.holds(2, '');
    lab.pump();
    expect(lab.waiting, 'what could not go home is tried again, too').to.include('shadow0 read 0+2');
  });

  it('stops with the session: what was on its way is sent again in the next', () => {
    const lab = begun();
    lab.pump();
    lab.disk();
    lab.session.closed();
    expect(lab.core.sender.idle).to.equal(true);
    lab.session.opened();
    lab.pairing();
    lab.session.pump();
    lab.holds(2, '');
    lab.told();
    lab.pump();
    lab.disk();
    expect(lab.told()).to.deep.equal(['blockRun 2']);
  });
});
