/** A main controller over disks in memory, at whose ports a test speaks for its host and for the sub. */
import { metaBytesMin } from '../../../firmware-sim/controller/controller.js';
import { MainController, type MainOptions } from '../../../firmware-sim/main/main-controller.js';
import { zeroDigest } from '../../../protocol/digest.js';
import { type Epoch, epoch, generation } from '../../../protocol/ids.js';
import type { Message, MessageNamed } from '../../../protocol/message/messages.js';
import { blockBytes, DeviceLab, lettersOf } from '../device-lab.js';

export const volumeBlocks = 16;

export const makeMain = (of: Partial<MainOptions> = {}) =>
  new MainController({ host: {}, remote: {}, method: 'differential', blockBytes, volumeCount: 1, ...of });

export class MainDevice extends DeviceLab {
  /** What the sub holds of a generation, by volume and block. */
  readonly staging = new Map<string, string>();
  /** The image that the sub has committed, by volume and block. */
  readonly image = new Map<string, string>();
  committed = 0;
  commitDigest: Uint8Array = zeroDigest;
  /** The sub's pair; none yet when undefined. */
  joined: Uint8Array | undefined;
  epoch: Epoch = epoch(1);
  readonly #volumes: readonly number[];
  #full = false;
  #receiving = 0;
  #request = 0;

  /** Volumes of so many blocks each, each with a shadow area for `slots` blocks and the stamp. */
  constructor(of: Partial<MainOptions> = {}, { volumes = [volumeBlocks], slots = volumeBlocks } = {}) {
    const areas = volumes.flatMap((blocks, volume) => [
      [`primary${volume}`, blocks * blockBytes],
      [`shadow${volume}`, (slots + 1) * blockBytes],
    ]);
    super(makeMain({ volumeCount: volumes.length, ...of }), Object.fromEntries([['meta', metaBytesMin], ...areas]));
    this.#volumes = volumes.map((blocks) => blocks * blockBytes);
  }

  get main(): MainController {
    return this.device as MainController;
  }

  /** Says something with a request number of its own, which it gives. */
  ask(message: Record<string, unknown> & { readonly kind: Message['kind'] }): number {
    this.#request += 1;
    this.say('host', { ...message, request: this.#request } as Message);
    return this.#request;
  }

  freeze(token: number): number {
    return this.ask({ kind: 'freeze', token: Buffer.alloc(16, token) });
  }

  status(): MessageNamed<'status'> {
    const request = this.ask({ kind: 'getStatus' });
    const found = this.heard('host', 'status').find((each) => each.request === request);
    if (found === undefined) throw new Error('no status came');
    return found;
  }

  /** What the sub says of the pair. */
  pairing(of: Partial<MessageNamed<'pairing'>> = {}): this {
    const pair = this.joined ?? new Uint8Array(16);
    const image = { committed: generation(this.committed), structured: generation(this.committed) };
    return this.say('remote', {
      ...{ kind: 'pairing', pair, epoch: this.epoch, method: 'differential', blockBytes, volumes: this.#volumes },
      ...{ ...image, frozen: image.committed, commitDigest: this.commitDigest, state: 'PAIR' },
      ...{ receiving: generation(this.#receiving), takenOver: false, runBytesMax: 65536, windowBytes: 1 << 20, ...of },
    });
  }

  /** Answers main as a sub that works does, until main has nothing more to say; `but`: messages that it leaves alone. */
  serve(...but: readonly Message['kind'][]): this {
    this.pass(0);
    for (let heard = this.news('remote'); heard.length > 0; heard = this.news('remote')) {
      for (const message of heard) if (!but.includes(message.kind)) this.#answer(message);
    }
    return this;
  }

  /** Freezes, and lets the sub have all of it. */
  imageOf(token: number): this {
    this.freeze(token);
    return this.serve();
  }

  /** The letters of the image at the sub. */
  imageLetters(first: number, count: number, volume = 0): string {
    return Array.from({ length: count }, (_, index) => this.image.get(`${volume}:${first + index}`) ?? '.').join('');
  }

  #answer(message: Message): void {
    switch (message.kind) {
      case 'pairing':
        this.joined ??= Uint8Array.from(message.pair);
        this.pairing();
        break;
      case 'begin':
        if (message.generation !== this.#receiving) this.staging.clear();
        this.#receiving = message.generation;
        this.#full = message.full;
        break;
      case 'getHoldings':
        this.say('remote', {
          kind: 'holdings',
          generation: message.generation,
          volume: 0 as never,
          chunks: [],
          last: true,
        });
        break;
      case 'blockRun':
        for (const [index, letter] of Array.from(lettersOf(message.data)).entries())
          this.staging.set(`${message.volume}:${message.first + index}`, letter);
        this.stored(message);
        break;
      case 'zeroRun':
        for (let index = 0; index < message.count; index += 1)
          this.staging.set(`${message.volume}:${message.first + index}`, '.');
        this.stored(message);
        break;
      case 'complete':
        this.#commit(message);
        break;
    }
  }

  /** The sub says that it holds a run. */
  stored({
    run,
    generation: of,
  }: {
    readonly run: number;
    readonly generation: MessageNamed<'stored'>['generation'];
  }): this {
    return this.say('remote', { kind: 'stored', generation: of, runs: [run] });
  }

  #commit({ generation: of, digest }: MessageNamed<'complete'>): void {
    if (this.#full) this.image.clear();
    for (const [place, letter] of this.staging) this.image.set(place, letter);
    this.staging.clear();
    this.#receiving = 0;
    this.committed = of;
    this.commitDigest = Uint8Array.from(digest);
    this.say('remote', { kind: 'committed', epoch: this.epoch, generation: of, digest });
    this.say('remote', { kind: 'structured', generation: of });
  }
}

/** A main whose host has written `abcdef`, and whose sub holds that as image 1. */
export function paired(of: Partial<MainOptions> = {}, sizes: { volumes?: number[]; slots?: number } = {}): MainDevice {
  const lab = started(of, sizes);
  lab.write(0, 'abcdef');
  lab.connect('remote', 'sub').serve().imageOf(1);
  if (lab.main.state.committed !== 1) throw new Error('image 1 is not committed');
  lab.news('host');
  return lab;
}

/** A fresh main with a host, whose first unit attention is past. */
export function started(of: Partial<MainOptions> = {}, sizes: { volumes?: number[]; slots?: number } = {}): MainDevice {
  const lab = new MainDevice(of, sizes).powerOn().connect('host', 'host');
  for (const lun of (sizes.volumes ?? [0]).keys()) lab.read(0, 1, lun);
  lab.news('host');
  return lab;
}
