/**
 * Main and sub as processes that are killed at random moments, with a serial line between them that is cut and unplugged,
 * and a host that goes on writing. After every structured generation the files of the secondary areas are compared with
 * golden copies.
 */
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import type { Random } from '../../hil/random.js';
import type { HostClient } from '../../host/client.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { compareFiles } from './compare-files.js';
import type { Disturbance, Moment, Round } from './kill-plan.js';
import { KillablePair, type PairShape, type Side, type Site } from './killable-pair.js';
import { RandomWriter } from './random-writer.js';
import { type Image, VolumeContents } from './volume-contents.js';

/** How long anything may take that has to happen some time, in milliseconds. */
const boundMs = 120_000;
const burstWrites = 30;
const sceneMsMax = 150;

type Kill = Extract<Disturbance, { kind: 'kill' }>;

export class KillRun {
  readonly pair: KillablePair;
  readonly random: Random;
  readonly contents: VolumeContents;
  readonly writer: RandomWriter;
  /** What happened, for the message of a failure. */
  readonly story: string[] = [];
  readonly counts = { cuts: 0, unplugs: 0, generations: 0, compared: 0, looks: 0 };
  readonly #startMs = performance.now();
  readonly #failure: Failure;
  readonly #images = new Map<number, Image>();
  readonly #writers: RandomWriter[] = [];
  readonly #seen: Record<Side, Seen> = { main: nothingSeen, sub: nothingSeen };
  #newest = 0;

  private constructor(pair: KillablePair, random: Random, failure: Failure) {
    const { volumes, volumeBytes } = pair.shape;
    this.pair = pair;
    this.random = random;
    this.#failure = failure;
    this.contents = new VolumeContents(Array.from({ length: volumes }, () => volumeBytes / 512));
    this.writer = this.writerAt(pair.main);
  }

  static async start(shape: PairShape, random: Random): Promise<KillRun> {
    const failure = failureOfAny();
    const pair = await KillablePair.start(shape, { seed: random.seed, onFailed: failure.fail });
    return new KillRun(pair, random, failure);
  }

  writerAt({ side, host }: Site): RandomWriter {
    const random = this.random.fork(`writes at ${side}`);
    const writer = new RandomWriter({ random, host, contents: this.contents, onFailed: this.#failure.fail });
    this.#writers.push(writer);
    return writer;
  }

  /** One generation, disturbed, to its structured end. */
  async round({ writesBefore, freeze, writesAfter, moments }: Round): Promise<void> {
    const disturbed = this.#disturbIn(moments.filter(({ at }) => typeof at === 'number'));
    disturbed.catch(this.#failure.fail);
    await this.within(this.writer.give(writesBefore), 'writes before a freeze');
    if (freeze === 'quiet') await this.within(this.writer.quiet(), 'the end of all writes');
    const generation = await this.#freeze();
    if (writesAfter === 'steady') this.writer.start('steady');
    else if (writesAfter === 'burst') await this.within(this.writer.give(burstWrites), 'writes after a freeze');
    for (const { at, disturbance } of moments) if (at === 'transfer') await this.#disturb(disturbance);
    const atCommit = moments.filter(({ at }) => at === 'commit');
    if (atCommit.length > 0) await this.#wait(generation, 'committed');
    for (const { disturbance } of atCommit) await this.#disturb(disturbance);
    await disturbed;
    await this.#wait(generation, 'structured');
    await this.compare(generation);
    await this.within(this.writer.stop(), 'the end of all writes');
  }

  /** A last generation with nobody killed; both sides are well, and end when they are asked to. */
  async finish(): Promise<void> {
    await this.round({ writesBefore: 8, freeze: 'quiet', writesAfter: 'none', moments: [] });
    await this.lookAtVolumes(this.pair.main, this.writer, 'at the end');
    await this.lookAtImage('at the end');
    for (const side of ['main', 'sub'] as const) {
      const { pairState, reason } = await this.numbers(side);
      expect({ pairState, reason }, `the pair at ${side}`).to.deep.equal({ pairState: 'PAIR', reason: 0 });
    }
    for (const each of [...this.pair.processes].reverse()) expect(await each.stop(), each.name).to.equal(0);
    for (let volume = 0; volume < this.contents.sectors.length; volume += 1) {
      const now = this.pair.path('now.img');
      await writeFile(now, this.contents.now.bytes(volume));
      expect(await compareFiles(now, this.pair.area('primary', volume)), 'the primary file').to.equal(undefined);
    }
  }

  /** Ends everything, wherever it is. Returns what the processes have said. */
  remove(): Promise<string> {
    for (const each of this.#writers) each.halt();
    return this.pair.remove();
  }

  /** What happened, in numbers. */
  figures(): string {
    const { processes } = this.pair;
    const kills = processes.map(({ name, kills }) => `${name} ${kills}`).join(', ');
    const starts = processes.reduce((sum, each) => sum + each.starts - 1, 0);
    const counts = Object.entries(this.counts).map(([name, count]) => `${name} ${count}`);
    const { acknowledged } = this.writer;
    return `kills: ${kills}; starts after them ${starts}; ${counts.join(', ')}; writes at main ${acknowledged}`;
  }

  /** The image of a generation, known to the last sector once it has been compared. */
  imageOf(generation: number): Image {
    const image = this.#images.get(generation);
    if (image === undefined) throw new Error(`generation ${generation} was never frozen`);
    return image;
  }

  get newest(): number {
    return this.#newest;
  }

  /** A number that has not been used belongs to this image. */
  use(generation: number, image: Image): void {
    expect(generation, 'a number that has not been used').to.be.greaterThan(this.#newest);
    this.#newest = generation;
    this.#images.set(generation, image);
    this.counts.generations += 1;
    this.tell(`generation ${generation}`);
  }

  /** Compares the secondary files with the golden copies of a structured generation. */
  async compare(generation: number): Promise<void> {
    const image = this.imageOf(generation);
    for (let volume = 0; volume < this.contents.sectors.length; volume += 1) {
      const secondary = this.pair.area('secondary', volume);
      const golden = this.pair.path(`golden${volume}-${generation}.img`);
      const data = await readFile(secondary);
      image.settle(volume, data);
      await writeFile(golden, image.bytes(volume));
      const difference = await compareFiles(golden, secondary);
      this.counts.compared += 1;
      if (difference === undefined) continue;
      image.expect(volume, data, `image ${generation} in its file`);
      throw new Error(`image ${generation}: ${difference}`);
    }
  }

  /** The volumes as a host reads them where it may write: the newest data that was acknowledged. */
  async lookAtVolumes({ side, host }: Site, writer: RandomWriter, when: string): Promise<void> {
    await writer.whileHeld(async () => {
      for (let volume = 0; volume < this.contents.sectors.length; volume += 1) {
        const saw = this.contents.reading(volume);
        const data = await this.within(
          host.ask((client) => this.#read(client, volume)),
          `read at ${side}`,
        );
        saw(data, `${side} ${when}`);
      }
    });
    this.counts.looks += 1;
  }

  /** The sub shows exactly one image: that of the generation that it says is committed. */
  async lookAtImage(when: string): Promise<void> {
    const { host } = this.pair.sub;
    const { committed } = await this.numbers('sub');
    const image = this.#images.get(committed);
    if (image === undefined) return;
    for (let volume = 0; volume < this.contents.sectors.length; volume += 1) {
      const read = host.ask((client) => this.#read(client, volume));
      const data = await this.within(read, 'read at the sub');
      if ((await this.numbers('sub')).committed !== committed) return;
      image.expect(volume, data, `image ${committed} at the sub ${when}`);
      image.settle(volume, data);
    }
    this.counts.looks += 1;
  }

  /** What a controller says of generations: numbers only grow. */
  async numbers(side: Side): Promise<MessageNamed<'status'>> {
    const status = await this.within(
      this.pair[side].host.ask((client) => client.status()),
      `status of ${side}`,
    );
    const { frozen, committed, structured } = status;
    const before = this.#seen[side];
    this.#seen[side] = { frozen, committed, structured };
    for (const name of ['frozen', 'committed', 'structured'] as const) {
      expect(status[name], `${name} at ${side}`).to.be.at.least(before[name]);
    }
    expect(structured, `structured at ${side}`).to.be.at.most(committed);
    return status;
  }

  /**
   * Kills a controller and its host under writes. What they have left behind is there or not, and stays so: also when its
   * disk, which outlived them, loses its power after the next read.
   */
  async leaveWritesBehind(site: Site, writer: RandomWriter): Promise<void> {
    this.tell(`${site.side} dies under writes`);
    writer.start('dense');
    await pause(sceneMsMax / 2 + this.random.below(sceneMsMax));
    const stopped = writer.stop();
    await site.controller.kill();
    site.host.die();
    await this.within(stopped, 'the end of all writes');
    site.controller.start();
    await this.lookAtVolumes(site, writer, 'after its host died with it');
    await site.disk?.restart(0);
    await this.lookAtVolumes(site, writer, 'after its disk lost its power, too');
  }

  /** Waits for what has to happen some time; ends at once when a process has ended by itself. */
  async within<Result>(promise: Promise<Result>, what: string): Promise<Result> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`${what}: not within ${boundMs / 1000} s`)), boundMs);
    });
    return Promise.race([promise, late, this.#failure.failed]).finally(() => clearTimeout(timer));
  }

  tell(text: string): void {
    this.story.push(`${((performance.now() - this.#startMs) / 1000).toFixed(3)} s: ${text}`);
  }

  /** Kills one or both sites and starts them again on their files. */
  async kill({ who, downMs, againMs, host, disks }: Kill): Promise<void> {
    const sites = who === 'both' ? [this.pair.main, this.pair.sub] : [this.pair[who]];
    const killSite = async (site: Site) => {
      const disk = disks === 'die' ? site.disk : undefined;
      await Promise.all([site.controller.kill(), disk?.kill()]);
      if (host === 'dies') site.host.die();
      disk?.start();
      await site.controller.restart(downMs, againMs);
    };
    await Promise.all(sites.map(killSite));
  }

  async #disturbIn(moments: readonly Moment[]): Promise<void> {
    for (const { at, disturbance } of moments) {
      await pause(Number(at));
      await this.#disturb(disturbance);
    }
  }

  async #disturb(disturbance: Disturbance): Promise<void> {
    this.tell(JSON.stringify(disturbance));
    switch (disturbance.kind) {
      case 'kill':
        await this.kill(disturbance);
        if (disturbance.who !== 'sub') {
          await this.lookAtVolumes(this.pair.main, this.writer, 'after a kill');
          await this.numbers('main');
        }
        if (disturbance.who !== 'main') await this.lookAtImage('after a kill');
        break;
      case 'kill disk':
        await this.pair[disturbance.whose].disk?.restart(disturbance.downMs);
        break;
      case 'cut':
        this.counts.cuts += 1;
        this.pair.line.cut();
        await pause(disturbance.ms);
        this.pair.line.restore();
        break;
      case 'unplug':
        this.counts.unplugs += 1;
        await this.pair.line.unplug();
        await pause(disturbance.ms);
        await this.pair.line.plug();
        break;
    }
  }

  async #freeze(): Promise<number> {
    const token = randomBytes(16);
    const { image, frozen } = this.contents.freezing();
    const asked = this.pair.main.host.ask((client) => client.freeze(token));
    const { generation } = await this.within(asked, 'a freeze');
    frozen();
    this.use(generation, image);
    return generation;
  }

  async #wait(generation: number, target: 'committed' | 'structured'): Promise<void> {
    const asked = this.pair.main.host.ask((client) => client.wait(generation, target));
    await this.within(asked, `generation ${generation} ${target}`);
    this.tell(`generation ${generation} ${target}`);
  }

  #read(client: HostClient, volume: number): Promise<Buffer> {
    return client.read(volume, 0, this.pair.shape.volumeBytes).then((data) => Buffer.from(data));
  }
}

type Seen = Pick<MessageNamed<'status'>, 'frozen' | 'committed' | 'structured'>;
const nothingSeen = { frozen: 0, committed: 0, structured: 0 } as Seen;

interface Failure {
  readonly failed: Promise<never>;
  readonly fail: (error: Error) => void;
}

function failureOfAny(): Failure {
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  // It is looked at whenever something is waited for.
  failed.catch(() => {});
  return { failed, fail };
}
