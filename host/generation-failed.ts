/** A generation that failed, in the words of the controller that was asked to wait for it: the question was not refused, it was answered. */
import { type RefusalCode, RefusalError } from '../protocol/refusals.js';

export class GenerationFailed extends RefusalError {
  constructor(code: RefusalCode, generation: number) {
    super(code, `generation ${generation} failed`);
  }
}
