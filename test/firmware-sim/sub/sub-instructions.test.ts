/** What a sub answers to its host, instruction by instruction. */
import { expect } from 'chai';
import { blockNumber, generation, volumeNumber } from '../../../protocol/ids.js';
import { refusals } from '../../../protocol/refusals.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { joined, paired, type SubDevice } from './sub-device.js';

/** What came for requests: the answer's kind, or why it was refused. */
const answers = (lab: SubDevice) => lab.refusals();

/** All instructions that are refused or answered by the state alone, and what came. */
function askedAll(lab: SubDevice): string[] {
  lab.news('host');
  for (const kind of ['suspend', 'resync'] as const) lab.ask({ kind });
  lab.ask({ kind: 'freeze', token: Buffer.alloc(16) });
  lab.wait(0);
  lab.digests();
  lab.digests({ generation: generation(9) });
  lab.ask({ kind: 'failback', discard: false });
  lab.ask({ kind: 'failback', discard: true });
  return answers(lab).map((each) => each.replace(/^\d+ /, ''));
}

const elsewhere = ['wrong-controller', 'wrong-controller', 'wrong-controller', 'generation-unknown'];

describe('a sub that is given instructions', () => {
  it('refuses what is main’s, what it does not know, and to fail back before a takeover', () => {
    const mine = ['digests', 'wrong-generation', 'not-taken-over', 'not-taken-over'];
    expect(askedAll(paired())).to.deep.equal([...elsewhere, ...mine]);
    const away = paired();
    away.line('remote', false);
    expect(askedAll(away)).to.deep.equal([...elsewhere, ...mine]);
    for (const state of ['PSUS', 'PSUE'] as const) {
      const suspended = paired().pairing({ state });
      expect(askedAll(suspended)).to.deep.equal([...elsewhere, ...mine]);
    }
  });

  it('has nothing to read, to compare or to take over before there is an image', () => {
    const lab = joined();
    expect(askedAll(lab)).to.deep.equal([...elsewhere, 'not-ready', 'not-ready', 'not-taken-over', 'not-taken-over']);
    lab.ask({ kind: 'takeover', force: false });
    lab.ask({ kind: 'takeover', force: true });
    expect(answers(lab)).to.deep.equal(['9 not-ready', '10 not-ready']);
    expect([lab.read(0, 1), lab.read(0, 1), lab.write(0, 'X')]).to.deep.equal([
      'unitAttention',
      'notReady',
      'notReady',
    ]);
    lab.image(1, 0, 'a');
    expect([lab.read(0, 1), lab.write(0, 'X')]).to.deep.equal(['a', 'dataProtect']);
  });

  it('says in a refusal why the pair is suspended, and nothing where there is no reason', () => {
    const lab = paired();
    lab.ask({ kind: 'suspend' });
    lab.say('remote', { kind: 'pairStateChanged', state: 'PSUE', code: refusals['shadow-full'].number });
    lab.ask({ kind: 'suspend' });
    lab.digests({ generation: generation(2) });
    expect(lab.heard('host', 'refused').map(({ detail }) => detail)).to.deep.equal([
      ...['', 'shadow-full', 'generation 1 is the current one'],
    ]);
  });

  it('refuses digests of what is not there', () => {
    const lab = paired();
    lab.digests({ volume: volumeNumber(1) });
    lab.digests({ first: blockNumber(10), count: 7 });
    lab.digests({ partBlocks: 0 });
    expect(answers(lab)).to.deep.equal(['1 unknown-volume', '2 range-outside', '3 too-many-requests']);
    lab.trouble = (disk) => (disk === 'secondary0' ? checkCondition('unrecoveredReadError') : undefined);
    lab.digests();
    const [refused] = lab.heard('host', 'refused').slice(-1);
    expect(refused).to.deep.include({ request: 4, code: refusals['disk-error'].number, detail: 'secondary0' });
  });

  it('gives digests as the medium has them now, with the generation that they are of', () => {
    const lab = paired();
    lab.digests({ count: 4, partBlocks: 2 });
    lab.put('secondary0', 0, 'x');
    lab.digests({ generation: generation(1), count: 4, partBlocks: 2 });
    const [before, after] = lab.heard('host', 'digests');
    expect([before?.generation, after?.generation, before?.request, after?.request]).to.deep.equal([1, 1, 1, 2]);
    expect(before?.digests[1]).to.deep.equal(after?.digests[1]);
    expect(before?.digests[0]).to.not.deep.equal(after?.digests[0]);
  });

  it('answers a digest that a commit passed by with a refusal', () => {
    const lab = paired();
    lab.trouble = (disk, { op }) => (disk === 'secondary0' && op === 'read' ? 'wait' : undefined);
    lab.digests();
    lab.image(2, 8, 'X').release();
    expect(lab.heard('host', 'digests')).to.deep.equal([]);
    expect(lab.heard('host', 'refused')).to.deep.equal([
      ...[{ kind: 'refused', request: 1, code: 53, detail: 'a commit came in between' }],
    ]);
  });

  it('answers who waits when it has come about, or failed', () => {
    const lab = paired();
    lab.wait(1);
    lab.wait(1, 'structured');
    lab.wait(2);
    lab.wait(3, 'structured');
    expect(answers(lab)).to.deep.equal(['waited', 'waited']);
    lab.image(2, 0, 'X');
    lab.say('remote', { kind: 'abandon', generation: generation(3), code: 82, state: 'PSUE' });
    expect(lab.heard('host', 'waited').map((each) => [each.request, each.generation, each.reason])).to.deep.equal([
      ...[
        [1, 1, 0],
        [2, 1, 0],
        [3, 2, 0],
        [4, 3, 82],
      ],
    ]);
    expect([lab.status().failed, lab.status().failedReason]).to.deep.equal([3, 82]);
  });

  it('remembers the last 64 failures', () => {
    const lab = paired();
    for (let of = 2; of <= 66; of += 1)
      lab.say('remote', { kind: 'abandon', generation: generation(of), code: 82, state: 'PSUE' });
    lab.wait(2);
    expect(answers(lab), 'forgotten').to.deep.equal([]);
    lab.wait(3);
    lab.wait(66);
    expect(lab.heard('host', 'waited').map((each) => each.generation)).to.deep.equal([3, 66]);
    expect(lab.status().failed).to.equal(66);
  });

  it('lets 256 wait, and no more', () => {
    const lab = paired();
    for (let count = 0; count < 257; count += 1) lab.wait(9);
    expect(answers(lab)).to.deep.equal(['257 too-many-requests']);
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
    lab.connect('remote', 'main');
    expect(refused()).to.deep.equal([0, 0]);
  });

  it('answers none of what a host asked in a session that has ended', () => {
    const lab = paired();
    lab.wait(2);
    lab.trouble = (disk, { op }) => (disk === 'secondary0' && op === 'read' ? 'wait' : undefined);
    lab.read(0, 1);
    lab.read(0, 1);
    lab.connect('host', 'host').image(2, 8, 'X').release();
    expect(lab.news('host')).to.deep.equal([]);
    expect(lab.status().committed, 'main’s session goes on').to.equal(2);
    expect(lab.read(0, 1), 'and takes commands as before').to.equal('a');
  });

  it('loses nothing of its host when the session with main ends', () => {
    const lab = paired();
    lab.wait(2);
    lab.connect('remote', 'main').pairing().image(2, 0, 'X');
    expect(lab.heard('host', 'waited').map((each) => each.generation)).to.deep.equal([2]);
  });
});

describe('a sub that main says something to', () => {
  it('takes nothing before main has said which pair it is of in this session', () => {
    const lab = paired().connect('remote', 'main').image(2, 0, 'X');
    expect([lab.news('remote'), lab.status().committed]).to.deep.equal([[], 1]);
    expect(lab.pairing().image(2, 0, 'X').status().committed).to.equal(2);
  });

  it('carries out task management of its host', () => {
    const lab = paired();
    lab.say('host', { kind: 'taskManagement', request: 5, function: 'logicalUnitReset', lun: 0, managedTag: 0 });
    expect(lab.heard('host', 'taskResponse').map(({ request }) => request)).to.deep.equal([5]);
  });
});
