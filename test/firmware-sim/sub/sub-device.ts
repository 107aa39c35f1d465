/** A sub controller over disks in memory, at whose ports a test speaks for its host and for main. */
import { metaBytesMin } from '../../../firmware-sim/controller/controller.js';
import { SubController, type SubOptions } from '../../../firmware-sim/sub/sub-controller.js';
import { contentDigests, GenerationDigest, runDigest } from '../../../protocol/digest.js';
import { blockNumber, epoch, generation, volumeNumber } from '../../../protocol/ids.js';
import type { Message, MessageNamed } from '../../../protocol/message/messages.js';
import { blockBytes, blocksOf, DeviceLab } from '../device-lab.js';

export const volumeBlocks = 16;
export const pair = Buffer.alloc(16, 'joint');

export const makeSub = (of: Partial<SubOptions> = {}) =>
  new SubController({ host: {}, remote: {}, blockBytes, volumeCount: 1, ...of });

const whole = { volume: volumeNumber(0), first: blockNumber(0), count: volumeBlocks, partBlocks: volumeBlocks };

export class SubDevice extends DeviceLab {
  #run = 0;
  #request = 0;

  /** Volumes of so many blocks each, each with staging for as many and the stamp. */
  constructor(volumes: readonly number[] = [volumeBlocks]) {
    const areas = volumes.flatMap((blocks, volume) => [
      [`secondary${volume}`, blocks * blockBytes],
      [`staging${volume}`, (blocks + 1) * blockBytes],
    ]);
    super(makeSub({ volumeCount: volumes.length }), Object.fromEntries([['meta', metaBytesMin], ...areas]));
  }

  get sub(): SubController {
    return this.device as SubController;
  }

  /** Says something with a request number of its own, which it gives. */
  ask(message: Record<string, unknown> & { readonly kind: Message['kind'] }): number {
    this.#request += 1;
    this.say('host', { ...message, request: this.#request } as Message);
    return this.#request;
  }

  wait(of: number, target: 'committed' | 'structured' = 'committed'): number {
    return this.ask({ kind: 'wait', generation: generation(of), target });
  }

  digests(of: Partial<MessageNamed<'getDigests'>> = {}): number {
    return this.ask({ kind: 'getDigests', generation: generation(0), ...whole, ...of });
  }

  status(): MessageNamed<'status'> {
    const request = this.ask({ kind: 'getStatus' });
    const found = this.heard('host', 'status').find((each) => each.request === request);
    if (found === undefined) throw new Error('no status came');
    return found;
  }

  /** What main says of the pair. */
  pairing(of: Partial<MessageNamed<'pairing'>> = {}): this {
    return this.say('remote', this.pairingOf(of));
  }

  pairingOf(of: Partial<MessageNamed<'pairing'>> = {}): MessageNamed<'pairing'> {
    const { committed, structured, commitDigest } = this.sub.replica;
    const volumes = [...this.disks].flatMap(([name, { sectors }]) =>
      name.startsWith('secondary') ? [sectors * 512] : [],
    );
    return {
      ...{ kind: 'pairing', pair, epoch: epoch(1), method: 'differential', blockBytes, volumes, frozen: committed },
      ...{ committed, commitDigest, structured, state: 'PAIR', receiving: generation(0), takenOver: false },
      ...{ runBytesMax: 65536, windowBytes: 1 << 20, ...of },
    };
  }

  begin(number: number): this {
    const base = this.sub.replica.committed;
    const of = { epoch: this.sub.state.epoch, generation: generation(number), base, full: number === 1 };
    return this.say('remote', { kind: 'begin', ...of, state: 'PAIR' });
  }

  /** Main sends blocks full of a letter each. */
  run(number: number, first: number, letters: string): this {
    const data = blocksOf(letters);
    this.#run += 1;
    const place = { volume: volumeNumber(0), first: blockNumber(first), count: letters.length };
    const digest = runDigest(contentDigests(data, blockBytes));
    const of = { run: this.#run, generation: generation(number), ...place };
    return this.say('remote', { kind: 'blockRun', ...of, digest, data });
  }

  /** Main says that this generation is these blocks. */
  complete(number: number, first: number, letters: string): this {
    const digest = new GenerationDigest();
    for (const [index, letter] of Array.from(letters).entries())
      digest.add(0, first + index, contentDigests(blocksOf(letter), blockBytes));
    const of = { generation: generation(number), blocks: letters.length, zeroBlocks: 0, digest: digest.finish() };
    return this.say('remote', { kind: 'complete', ...of });
  }

  /** Main sends an image whose difference to the one before is these blocks. */
  image(number: number, first: number, letters: string): this {
    return this.begin(number).run(number, first, letters).complete(number, first, letters);
  }
}

/** A sub that belongs to a pair and holds image 1, `abcdef`, with main and a host at its ports and nothing unheard. */
export function paired(): SubDevice {
  const lab = joined().image(1, 0, 'abcdef');
  if (lab.sub.replica.structured !== 1) throw new Error('image 1 is not structured');
  lab.news('host');
  lab.news('remote');
  return lab;
}

/** A sub that belongs to a pair without any image yet. */
export function joined(volumes?: readonly number[]): SubDevice {
  const lab = new SubDevice(volumes).powerOn().connect('remote', 'main').connect('host', 'host');
  return lab.pairing({ state: 'COPY' });
}
