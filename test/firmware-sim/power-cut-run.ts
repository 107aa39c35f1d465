/**
 * One power cut in the middle of things: a pair with image 1, newer data at main, and what both must show before and
 * after the cut, and when everything has come to its end.
 */
import { expect } from 'chai';
import type { Continuation, PowerCut } from '../../firmware-sim/controller/recovery-table.js';
import type { Method } from '../../protocol/ids.js';
import { RefusalError } from '../../protocol/refusals.js';
import { blockBytes, Lab, type LabOptions, volumeBlocks } from './lab.js';

const volumeBytes = volumeBlocks * blockBytes;

export class PowerCutRun {
  readonly lab: Lab;
  /** What the host at main has been acknowledged. */
  now = Buffer.alloc(volumeBytes);
  /** What the host at the sub has been acknowledged, after a takeover. */
  atSub = Buffer.alloc(volumeBytes);
  readonly images = new Map<number, Buffer>();
  /** Instructions whose answer is still to come. */
  freezing: Promise<number> | undefined;
  takingOver: Promise<unknown> | undefined;
  failback = 0;
  #notes = 0;
  #writes = 0;

  constructor(method: Method, options: LabOptions = {}) {
    const remoteLine = { latencyUs: 500, bitErrorRate: 0, dropRate: 0, baud: 921_600 };
    this.lab = new Lab({ method, remoteLine, ...options });
  }

  /** Image 1, committed and structured; then scattered newer blocks, so that each is a run of its own. */
  async begin(): Promise<void> {
    await this.write([0, 1, 2, 3, 5, 6]);
    await this.image();
    await this.write([0, 2, 4, 6, 8]);
  }

  async write(blocks: readonly number[], at: 'main' | 'sub' = 'main'): Promise<void> {
    for (const block of blocks) {
      this.#writes += 1;
      const data = Buffer.alloc(blockBytes, `write ${this.#writes} to block ${block}. `);
      const client = at === 'main' ? this.lab.bench.host : this.lab.bench.subHost;
      await this.lab.bench.run(client.write(0, block * blockBytes, data).done);
      data.copy(at === 'main' ? this.now : this.atSub, block * blockBytes);
    }
  }

  async image(): Promise<void> {
    const image = Buffer.from(this.now);
    this.images.set(await this.lab.image(), image);
  }

  /** Sends the freeze; its answer may come after a power cut. */
  startFreeze(): void {
    const image = Buffer.from(this.now);
    this.freezing = this.lab.startFreeze().then((generation) => {
      this.images.set(generation, image);
      return generation;
    });
  }

  async freeze(): Promise<void> {
    this.startFreeze();
    if (this.freezing !== undefined) await this.lab.bench.run(this.freezing);
  }

  async takeOver(): Promise<void> {
    await this.lab.bench.run(this.lab.bench.subHost.takeover(true));
    this.#noteTakeover();
  }

  #noteTakeover(): void {
    const image = this.images.get(this.lab.bench.sub.replica.committed);
    if (image === undefined) throw new Error('taken over without an image');
    this.atSub = Buffer.from(image);
  }

  async startFailback(): Promise<void> {
    const { generation } = await this.lab.bench.run(this.lab.bench.subHost.failback(true));
    this.failback = generation;
    this.images.set(generation, Buffer.from(this.atSub));
  }

  /** Everything volatile of these sites is gone; then they come back, and the session between them opens. */
  async cutPower(who: PowerCut): Promise<void> {
    const { bench } = this.lab;
    this.#notes = bench.kernel.notes.length;
    if (who !== 'sub') bench.powerCut('main');
    if (who !== 'main') bench.powerCut('sub');
    await bench.pass(100_000);
    this.lab.restoreRemote();
    if (who !== 'sub') bench.powerOn('main');
    if (who !== 'main') bench.powerOn('sub');
    await this.lab.until(() => this.verdict() !== undefined);
    await this.expectOneImage();
  }

  /** What main made of the first pairing since the power came back. */
  verdict(): string | undefined {
    for (const { effect } of this.lab.bench.kernel.notes.slice(this.#notes)) {
      if (effect.kind === 'mark' && effect.name === 'paired') return `${effect.values.verdict}`;
    }
    return undefined;
  }

  async expectOneImage(): Promise<void> {
    const { subHost, sub } = this.lab.bench;
    for (;;) {
      const { committed } = await this.lab.bench.run(subHost.status());
      const read = Buffer.from(await this.lab.bench.run(subHost.read(0, 0, volumeBytes)));
      const after = await this.lab.bench.run(subHost.status());
      if (after.committed !== committed) continue;
      if (!this.images.has(committed) && this.freezing !== undefined) await this.lab.bench.run(this.freezing);
      const expected = sub.state.takenOver && this.takingOver === undefined ? this.atSub : this.images.get(committed);
      expect(read.equals(expected ?? Buffer.alloc(0)), `the sub shows image ${committed}`).to.equal(true);
      return;
    }
  }

  /** Lets what is to happen happen, and checks that nothing acknowledged is lost on the way. */
  async expectContinuation(continuation: Continuation): Promise<void> {
    switch (continuation) {
      case 'wait for resync':
        await this.#expectFailed();
        break;
      case 'take over again':
      case 'stay taken over':
        await this.#expectTakenOver(continuation);
        break;
      case 'fail back again':
      case 'give back':
      case 'regain':
        await this.#expectRegained(continuation);
        break;
      default:
        await this.#expectStructured(continuation);
    }
    await this.#expectUsable();
  }

  async #expectStructured(continuation: Continuation): Promise<void> {
    const { host, subHost } = this.lab.bench;
    const generation = this.freezing === undefined ? 1 : await this.lab.bench.run(this.freezing);
    expect(generation).to.equal(continuation === 'nothing' && this.freezing === undefined ? 1 : 2);
    await this.lab.bench.run(subHost.wait(generation, 'structured'));
    await this.lab.bench.run(host.wait(generation, 'structured'));
    await this.lab.bench.pass(1_000_000);
    this.#expectFiles(generation);
    const frozen = this.#marks('main', 'frozen');
    expect(frozen, 'freezes since the cut').to.have.length(continuation === 'freeze again' ? 1 : frozen.length);
    if (continuation === 'structure' || continuation === 'nothing') {
      expect(this.#marks('main', 'complete'), 'complete is not sent again').to.have.length(0);
    }
    if (continuation === 'complete again') expect(this.#marks('main', 'complete')).to.have.length(1);
    if (continuation === 'nothing') expect(this.#marks('sub', 'structured')).to.have.length(0);
  }

  #expectFiles(generation: number): void {
    const { bench } = this.lab;
    expect(bench.durable('secondary0').equals(this.images.get(generation) ?? Buffer.alloc(0)), 'secondary').to.equal(
      true,
    );
    expect(bench.durable('primary0').equals(this.now), 'primary').to.equal(true);
  }

  async #expectFailed(): Promise<void> {
    const { bench } = this.lab;
    await bench.pass(2_000_000);
    const { pairState, failed, committed } = await bench.run(bench.host.status());
    expect([pairState, failed, committed]).to.deep.equal(['PSUE', 2, 1]);
    expect(bench.sub.replica.committed).to.equal(1);
    await this.expectOneImage();
    await bench.run(bench.host.resync());
  }

  async #expectTakenOver(continuation: Continuation): Promise<void> {
    const { bench } = this.lab;
    if (this.takingOver !== undefined) {
      await bench.run(this.takingOver);
      this.takingOver = undefined;
      this.#noteTakeover();
    }
    expect(this.#marks('sub', 'tookOver')).to.have.length(
      continuation === 'take over again' ? 1 : this.#marks('sub', 'tookOver').length,
    );
    await this.lab.until(() => bench.main.state.takenOver);
    expect(bench.sub.state.epoch).to.equal(2);
    await this.write([1, 9], 'sub');
    await this.expectOneImage();
    await expectRefused(this.lab, bench.host.write(0, 0, Buffer.alloc(blockBytes, 1)).done);
    await this.startFailback();
    await this.#expectRegained('regain');
  }

  async #expectRegained(continuation: Continuation): Promise<void> {
    const { bench } = this.lab;
    await this.lab.until(() => !bench.main.state.takenOver && !bench.sub.state.takenOver);
    await bench.pass(500_000);
    this.now = Buffer.from(this.atSub);
    if (continuation === 'give back')
      expect(this.#marks('main', 'committed'), 'nothing is sent again').to.have.length(0);
    expect(bench.main.state.committed).to.equal(this.failback);
    this.#expectFiles(this.failback);
  }

  /** Whatever happened: the host writes, freezes, and the sub shows it; and no slot is lost. */
  async #expectUsable(): Promise<void> {
    const { bench } = this.lab;
    await this.write([3, 7]);
    await this.image();
    await bench.pass(1_000_000);
    this.#expectFiles(bench.main.state.committed);
    for (const client of [bench.host, bench.subHost]) {
      const { role, shadowSlots, shadowSlotsFree } = await bench.run(client.status());
      expect(shadowSlotsFree, `free slots at ${role}`).to.equal(shadowSlots);
    }
  }

  #marks(device: string, name: string): readonly unknown[] {
    return this.lab.bench.kernel.notes
      .slice(this.#notes)
      .filter((note) => note.device === device && note.effect.kind === 'mark' && note.effect.name === name);
  }
}

async function expectRefused(lab: Lab, promise: Promise<unknown>): Promise<void> {
  let error: unknown;
  await lab.bench.run(promise).catch((reason: unknown) => {
    error = reason;
  });
  expect(error).to.be.instanceOf(RefusalError);
}
