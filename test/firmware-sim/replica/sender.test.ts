import { inflateSync } from 'node:zlib';
import { expect } from 'chai';
import type { Board, RunForms } from '../../../firmware-sim/controller/board.js';
import { type Outgoing, type PickedRun, type RunPlace, Sender } from '../../../firmware-sim/replica/sender.js';
import { DiskQueue } from '../../../firmware-sim/storage/disk-queue.js';
import type { DeviceEffect } from '../../../protocol/device.js';
import { contentDigests, runDigest } from '../../../protocol/digest.js';
import { generation } from '../../../protocol/ids.js';
import type { Message, MessageNamed } from '../../../protocol/message/messages.js';
import { refusals } from '../../../protocol/refusals.js';
import type { Completion } from '../../../protocol/scsi/commands.js';
import { checkCondition } from '../../../protocol/scsi/conditions.js';
import { toHex } from '../../protocol/vectors.js';
import { blockBytes, blocksOf } from './replica-lab.js';

/** A sender of volume 0, whose blocks hold these letters, and an owner that picks what the test queues. */
class SenderLab implements Outgoing {
  readonly generation = generation(3);
  readonly blockBytes = blockBytes;
  mayBeHeld = true;
  readonly effects: DeviceEffect[] = [];
  readonly sent: { readonly message: Message; readonly priority: number | undefined }[] = [];
  readonly told: string[] = [];
  readonly toPick: PickedRun[] = [];
  readonly picks: number[] = [];
  /** What the owner knows of the content before it is read. */
  known: ((run: PickedRun) => Uint8Array) | undefined;
  letters: string;
  nowUs = 0;
  runForms: RunForms = { takenBits: 0, sentBits: 0, held: false };
  readonly sender: Sender;

  constructor(letters: string) {
    this.letters = letters;
    this.sender = new Sender(this.#board());
    this.sender.use(this);
  }

  pick(countMax: number): PickedRun | undefined {
    this.picks.push(countMax);
    return this.toPick.shift();
  }

  locate(run: PickedRun): RunPlace {
    const command = { op: 'read', lba: run.first, sectors: run.count } as const;
    return { disk: 'primary0', command, ...(this.known === undefined ? {} : { digests: this.known(run) }) };
  }

  stored(volume: number, first: number, count: number, digests: Uint8Array): void {
    const right = contentDigests(blocksOf(this.letters.slice(first, first + count)), blockBytes);
    this.told.push(`stored ${volume}:${first}+${count}${toHex(digests) === toHex(right) ? '' : ' of something else'}`);
  }

  returned(volume: number, first: number, count: number): void {
    this.told.push(`returned ${volume}:${first}+${count}`);
  }

  unreadable(volume: number, first: number, count: number, corrupt: boolean): void {
    this.told.push(`${corrupt ? 'corrupt' : 'unreadable'} ${volume}:${first}+${count}`);
  }

  /** Queues runs to be picked, and lets the sender pick them. */
  start(...runs: readonly (readonly [first: number, count: number])[]): void {
    for (const [first, count] of runs) this.toPick.push({ volume: 0, first, count, urgent: false });
    this.sender.pump();
  }

  /** Ends the next read; false when none waits. */
  read(completion?: Completion): boolean {
    const [next] = this.effects.splice(0, 1);
    if (next?.kind !== 'disk' || next.command.op !== 'read') return false;
    const { lba, sectors } = next.command;
    const data = blocksOf(this.letters.slice(lba, lba + sectors));
    this.sender.disks.complete(next.tag, completion ?? { status: 'good', data }, 0);
    return true;
  }

  /** Messages since the last look, as words. */
  messages(): string[] {
    return this.sent.splice(0).map(({ message }) => {
      if (message.kind === 'zeroRun') return `zeros ${message.run} ${message.first}+${message.count}`;
      if (message.kind === 'heldRun') return this.#named(message);
      if (message.kind !== 'blockRun' && message.kind !== 'compressedRun') return message.kind;
      const { count, data, digest } = message;
      const content = message.kind === 'blockRun' ? data : inflateSync(data);
      const right = toHex(runDigest(contentDigests(content, blockBytes))) === toHex(digest);
      const what = message.kind === 'blockRun' ? 'blocks' : 'compressed';
      return `${right ? what : `wrong ${what}`} ${message.run} ${message.first}+${count}`;
    });
  }

  answer(...runs: number[]): void {
    this.sender.stored({ kind: 'stored', generation: this.generation, runs });
  }

  refuse(run: number, code = 82): void {
    this.sender.refused({ kind: 'runRefused', generation: this.generation, run, code });
  }

  #named({ run, first, count, digest }: MessageNamed<'heldRun'>): string {
    const right = runDigest(contentDigests(blocksOf(this.letters.slice(first, first + count)), blockBytes));
    return `${toHex(digest) === toHex(right) ? 'named' : 'wrongly named'} ${run} ${first}+${count}`;
  }

  #board(): Board<never> {
    const lab = this;
    return {
      disks: new DiskQueue(this.effects),
      get nowUs() {
        return lab.nowUs;
      },
      effects: this.effects,
      record: () => {},
      send: (port, message, priority) => {
        expect(port).to.equal('remote');
        this.sent.push({ message, priority });
      },
      runForms: () => this.runForms,
      log: () => {},
      mark: () => {},
      suspend: () => {},
    };
  }
}

/** The digests of some of these blocks. */
const digestsAt = (letters: string, first: number, count: number) =>
  contentDigests(blocksOf(letters.slice(first, first + count)), blockBytes);

const differs = refusals['content-differs'].number;
const outside = checkCondition('lbaOutOfRange');

describe('the sender of an image', () => {
  it('sends runs compressed to a receiver that takes them, and zeros as ranges all the same', () => {
    const lab = new SenderLab('ab...c');
    lab.runForms = { takenBits: 15, sentBits: 12, held: false };
    lab.start([0, 6]);
    lab.read();
    const [{ message } = expect.fail()] = lab.sent;
    expect(message.kind === 'compressedRun' && (message.data[0] ?? 0) >> 4).to.equal(12 - 8);
    expect(lab.messages()).to.deep.equal(['compressed 1 0+2', 'zeros 2 2+3', 'compressed 3 5+1']);
    expect([lab.sender.sentBytes, lab.sender.idle]).to.deep.equal([3 * blockBytes, false]);
    lab.answer(1, 2, 3);
    expect(lab.told).to.deep.equal(['stored 0:0+2', 'stored 0:2+3', 'stored 0:5+1']);
    expect(lab.sender.idle).to.equal(true);
  });

  it('names what the receiver may hold, in ever smaller parts, and sends the blocks that it does not', () => {
    const lab = new SenderLab('ab...cdefg');
    lab.runForms = { takenBits: 15, sentBits: 15, held: true };
    lab.start([0, 10]);
    lab.read();
    expect(lab.messages()).to.deep.equal(['named 1 0+2', 'zeros 2 2+3', 'named 3 5+5']);
    lab.answer(1, 2);
    lab.refuse(3, differs);
    expect(lab.told).to.deep.equal(['stored 0:0+2', 'stored 0:2+3', 'returned 0:5+5']);
    lab.start([5, 2]);
    lab.read();
    lab.refuse(4, differs);
    lab.start([5, 1]);
    lab.read();
    lab.refuse(5, differs);
    expect(lab.messages()).to.deep.equal(['named 4 5+2', 'named 5 5+1']);
    expect(lab.sender.sentBytes).to.equal(0);
    lab.start([5, 1], [6, 1]);
    while (lab.read());
    expect(lab.messages(), 'known not to be held').to.deep.equal(['compressed 6 5+1', 'named 7 6+1']);
    expect(lab.sender.sentBytes).to.equal(blockBytes);
    lab.sender.pump();
    expect(lab.picks.slice(-1), 'nothing but what a host waits for before that is answered').to.deep.equal([0]);
    lab.sender.lost();
    lab.sender.pump();
    expect(lab.picks.slice(-1), 'nor after the session, in which nobody answers').to.deep.equal([1]);
  });

  it('names nothing to a receiver that has no image yet', () => {
    const lab = new SenderLab('ab');
    lab.runForms = { takenBits: 0, sentBits: 0, held: true };
    lab.mayBeHeld = false;
    lab.start([0, 2]);
    lab.read();
    expect(lab.messages()).to.deep.equal(['blocks 1 0+2']);
  });

  it('does not read again, to check it here, what the receiver only does not hold', () => {
    const lab = new SenderLab('ab');
    lab.runForms = { takenBits: 0, sentBits: 0, held: true };
    lab.known = ({ first, count }) => digestsAt('x', first, count);
    lab.start([0, 1]);
    lab.read();
    expect(lab.messages()).to.deep.equal(['wrongly named 1 0+1']);
    lab.refuse(1, differs);
    lab.start([0, 1]);
    lab.read();
    expect([lab.messages(), lab.told]).to.deep.equal([['wrong blocks 2 0+1'], ['returned 0:0+1']]);
  });

  it('sends at once what a host waits for, and all to a receiver that takes nothing named', () => {
    const lab = new SenderLab('abcd');
    lab.runForms = { takenBits: 0, sentBits: 0, held: true };
    lab.toPick.push({ volume: 0, first: 0, count: 2, urgent: true });
    lab.start([2, 2]);
    while (lab.read());
    expect(lab.messages()).to.deep.equal(['blocks 1 0+2', 'named 2 2+2']);
    lab.runForms = { takenBits: 0, sentBits: 0, held: false };
    lab.start([0, 2]);
    while (lab.read());
    expect(lab.messages()).to.deep.equal(['blocks 3 0+2']);
  });

  it('sends as it is what was refused, and compressed what comes after it', () => {
    for (const known of [undefined, ({ first, count }: PickedRun) => digestsAt('abcd', first, count)]) {
      const lab = new SenderLab('abcd');
      lab.known = known;
      lab.runForms = { takenBits: 15, sentBits: 15, held: false };
      lab.start([0, 2]);
      lab.read();
      lab.refuse(1);
      lab.start([0, 2], [2, 2], [0, 1]);
      while (lab.read());
      expect(lab.messages()).to.deep.equal([
        'compressed 1 0+2',
        'blocks 2 0+2',
        'compressed 3 2+2',
        'compressed 4 0+1',
      ]);
    }
  });

  it('sends what it has read with its digests, zeros as ranges, and tells when it is stored', () => {
    const lab = new SenderLab('ab...c');
    lab.start([0, 6]);
    expect([lab.messages(), lab.sender.idle]).to.deep.equal([[], false]);
    lab.read();
    expect(lab.messages()).to.deep.equal(['blocks 1 0+2', 'zeros 2 2+3', 'blocks 3 5+1']);
    expect([lab.sender.sentBytes, lab.sender.idle]).to.deep.equal([3 * blockBytes, false]);
    lab.answer(2, 1);
    expect([lab.told, lab.sender.idle]).to.deep.equal([['stored 0:2+3', 'stored 0:0+2'], false]);
    lab.answer(3, 3, 9);
    expect(lab.told.slice(2)).to.deep.equal(['stored 0:5+1']);
    expect(lab.sender.idle).to.equal(true);
  });

  it('sends at the priority of a host’s commands what a host waits for, all else behind', () => {
    for (const urgent of [false, true]) {
      const lab = new SenderLab('a.');
      lab.toPick.push({ volume: 0, first: 0, count: 2, urgent });
      lab.sender.pump();
      lab.read();
      expect(lab.sent.map(({ priority }) => priority)).to.deep.equal(urgent ? [1, 1] : [2, 2]);
      expect(lab.sent.map(({ message }) => 'generation' in message && message.generation)).to.deep.equal([3, 3]);
    }
  });

  it('picks as many blocks as a run may have, one at least, and reads four runs at once', () => {
    const lab = new SenderLab('abcdefgh');
    lab.start([0, 1], [1, 1], [2, 1], [3, 1], [4, 1]);
    expect([lab.effects.length, lab.picks]).to.deep.equal([4, [128, 128, 128, 128]]);
    lab.read();
    lab.sender.runBytesMax = 511;
    lab.sender.pump();
    expect([lab.effects.length, lab.picks.at(-1)]).to.deep.equal([4, 1]);
    lab.sender.runBytesMax = 1535;
    lab.read();
    lab.sender.pump();
    expect(lab.picks.at(-1)).to.equal(2);
  });

  it('picks no more than the window lets be on its way, and goes on as it is answered', () => {
    const lab = new SenderLab('abcdefgh');
    lab.sender.window.bytesMax = 3 * blockBytes;
    lab.start([0, 2], [2, 2], [4, 1], [5, 1]);
    expect(lab.effects).to.have.length(2);
    while (lab.read());
    lab.sender.pump();
    expect(lab.effects, 'four blocks are on their way').to.have.length(0);
    lab.answer(1);
    lab.sender.pump();
    expect(lab.effects).to.have.length(1);
    while (lab.read());
    lab.answer(2, 3);
    lab.sender.pump();
    expect(lab.effects).to.have.length(1);
  });

  it('makes room in its window for what could not be read and what is given back', () => {
    const lab = new SenderLab('abcdefgh');
    lab.sender.window.bytesMax = 2 * blockBytes;
    lab.start([0, 2], [0, 2], [2, 2], [4, 2]);
    for (let count = 1; count <= 2; count += 1) {
      lab.read(outside);
      lab.sender.pump();
      expect([lab.told.length, lab.told.at(-1), lab.effects.length]).to.deep.equal([count, 'unreadable 0:0+2', 1]);
    }
    lab.read();
    lab.refuse(1);
    lab.sender.pump();
    expect([lab.told.at(-1), lab.effects.length]).to.deep.equal(['returned 0:2+2', 1]);
  });

  it('begins to measure its window when the first run is picked after a pause', () => {
    const lab = new SenderLab('ab');
    lab.sender.window.bytesMax = 2 ** 20;
    lab.nowUs = 60_000_000;
    lab.start([0, 1]);
    lab.read();
    lab.nowUs = 60_100_000;
    lab.answer(1);
    lab.sender.window.answered(256 * 1024 - blockBytes, 60_200_000);
    expect(lab.sender.window.bytes).to.equal(512 * 1024);
  });

  it('does not measure anew as long as something is on its way', () => {
    const lab = new SenderLab('ab');
    lab.sender.window.bytesMax = 2 ** 20;
    lab.start([0, 1]);
    lab.nowUs = 3_000_000;
    lab.start([1, 1]);
    lab.sender.window.answered(256 * 1024, 3_100_000);
    expect(lab.sender.window.bytes).to.equal(128 * 1024);
  });

  it('picks nothing when there is no image to send', () => {
    const lab = new SenderLab('ab');
    lab.sender.use(undefined);
    lab.start([0, 2]);
    expect([lab.picks, lab.effects]).to.deep.equal([[], []]);
  });

  it('pads the last block of a volume, which is short', () => {
    const lab = new SenderLab('ab');
    lab.start([0, 2]);
    lab.read({ status: 'good', data: blocksOf('ab').subarray(0, 700) });
    const [first] = lab.sent;
    if (first?.message.kind !== 'blockRun') throw new Error('blocks are sent');
    expect(first.message.data).to.have.length(2 * blockBytes);
    expect(lab.messages()).to.deep.equal(['blocks 1 0+2']);
  });

  it('sends known zeros without reading them, whatever else is known it reads', () => {
    const lab = new SenderLab('....ab');
    lab.known = ({ first, count }) => contentDigests(blocksOf(lab.letters.slice(first, first + count)), blockBytes);
    lab.start([0, 4]);
    expect([lab.effects.length, lab.messages()]).to.deep.equal([0, ['zeros 1 0+4']]);
    lab.start([3, 3]);
    expect(lab.effects.length).to.equal(1);
    lab.read();
    expect(lab.messages()).to.deep.equal(['zeros 2 3+1', 'blocks 3 4+2']);
  });

  it('reads again what the receiver refused, and tells when it is not what was kept', () => {
    const lab = new SenderLab('abcd');
    lab.known = () => contentDigests(blocksOf('xy'), blockBytes);
    lab.start([1, 2]);
    lab.read();
    expect(lab.messages(), 'it is the receiver that checks').to.deep.equal(['wrong blocks 1 1+2']);
    lab.refuse(1);
    lab.refuse(1);
    expect(lab.told).to.deep.equal(['returned 0:1+2']);
    lab.start([1, 2]);
    lab.read();
    expect([lab.messages(), lab.told.slice(1), lab.sender.idle]).to.deep.equal([[], ['corrupt 0:1+2'], true]);
    lab.start([1, 2]);
    lab.read();
    expect(lab.messages(), 'suspected once').to.deep.equal(['wrong blocks 2 1+2']);
  });

  it('suspects the blocks that were refused, in whatever run they are sent again, and no others', () => {
    const lab = new SenderLab('abcd');
    lab.known = ({ count }) => contentDigests(blocksOf('xyz'.slice(0, count)), blockBytes);
    lab.start([1, 2]);
    lab.read();
    lab.refuse(1);
    lab.messages();
    lab.start([0, 1], [3, 1], [2, 1]);
    while (lab.read());
    expect(lab.messages()).to.deep.equal(['wrong blocks 2 0+1', 'wrong blocks 3 3+1']);
    expect(lab.told.slice(1)).to.deep.equal(['corrupt 0:2+1']);
  });

  it('gives back what was overwritten while it was read, and what touches it only', () => {
    for (const [first, count, touched] of [
      [0, 2, false],
      [0, 3, true],
      [3, 1, true],
      [4, 9, false],
    ] as const) {
      const lab = new SenderLab('abcdef');
      lab.start([2, 2]);
      expect(lab.sender.touches(0, first, count)).to.equal(touched);
      expect(lab.sender.touches(1, first, count)).to.equal(false);
      lab.sender.overwritten(0, first, count, 'reading');
      lab.read();
      expect(lab.messages()).to.deep.equal(touched ? [] : ['blocks 1 2+2']);
      expect(lab.told).to.deep.equal(touched ? ['returned 0:2+2'] : []);
    }
  });

  it('does not mind what is overwritten in other volumes', () => {
    const lab = new SenderLab('abcdef');
    lab.start([0, 2], [2, 2]);
    lab.read();
    lab.sender.overwritten(1, 0, 4, 'sent');
    lab.read();
    lab.answer(1, 2);
    expect(lab.told).to.deep.equal(['stored 0:0+2', 'stored 0:2+2']);
  });

  it('gives back what was overwritten on its way when the newest content is wanted', () => {
    for (const how of ['sent', 'reading'] as const) {
      const lab = new SenderLab('abcdef');
      lab.start([0, 2], [2, 2], [4, 2]);
      lab.read();
      lab.read();
      expect(lab.sender.touches(0, 3, 1)).to.equal(true);
      lab.sender.overwritten(0, 3, 2, how);
      lab.answer(1, 2);
      expect(lab.told).to.deep.equal(['stored 0:0+2', how === 'sent' ? 'returned 0:2+2' : 'stored 0:2+2']);
      lab.read();
      expect(lab.told[2]).to.equal('returned 0:4+2');
      expect(lab.sender.touches(0, 3, 1)).to.equal(false);
    }
  });

  it('gives everything back when the session ends, and sends nothing that was read for it', () => {
    const lab = new SenderLab('abcdef');
    lab.start([0, 2], [2, 2]);
    lab.read();
    lab.sender.lost();
    expect(lab.told).to.deep.equal(['returned 0:0+2']);
    lab.messages();
    lab.answer(1);
    lab.read();
    expect([lab.told.slice(1), lab.messages(), lab.sender.idle]).to.deep.equal([['returned 0:2+2'], [], true]);
    lab.start([4, 2]);
    lab.read();
    expect(lab.messages()).to.deep.equal(['blocks 2 4+2']);
  });
});
