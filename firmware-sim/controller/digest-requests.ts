/** The requests for digests that a controller has under way, each over one image from its first block to its last. */
import type { DiskName } from '../../protocol/device.js';
import type { Generation } from '../../protocol/ids.js';
import type { MessageNamed } from '../../protocol/message/messages.js';
import { type RefusalCode, refusals } from '../../protocol/refusals.js';
import { digestRefusal } from './digest-request.js';
import { type ReadableVolumes, scanDigests } from './readable-volumes.js';
import type { SessionAnswers } from './session-answers.js';

/** Requests at once: each may take long, and reads all the while. */
export const digestRequestsMax = 16;

export interface DigestRequestsOptions {
  readonly area: 'primary' | 'secondary';
  readonly answers: SessionAnswers;
  /** The committed image that the volumes show, or stand on: one that a commit replaces meanwhile has no digest. */
  readonly image: () => Generation;
  /** What an answer names. */
  readonly generation: () => Generation;
}

export class DigestRequests {
  readonly #options: DigestRequestsOptions;
  #underWay = 0;

  constructor(options: DigestRequestsOptions) {
    this.#options = options;
  }

  take(request: MessageNamed<'getDigests'>, volumes: ReadableVolumes): void {
    const { answers, image, generation, area } = this.#options;
    const answer = answers.later();
    const refuse = (code: RefusalCode, detail = '') =>
      answer({ kind: 'refused', request: request.request, code: refusals[code].number, detail });
    const code = this.#underWay < digestRequestsMax ? digestRefusal(request, volumes.geometry) : 'too-many-requests';
    if (code !== undefined) {
      refuse(code);
      return;
    }
    const disk: DiskName = `${area}${request.volume}`;
    const shown = image();
    this.#underWay += 1;
    scanDigests(volumes, request, (digests) => {
      this.#underWay -= 1;
      if (digests === undefined) refuse('disk-error', disk);
      else if (image() !== shown) refuse('wrong-generation', 'a commit came in between');
      else answer({ kind: 'digests', request: request.request, generation: generation(), digests });
    });
  }
}
