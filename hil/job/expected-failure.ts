/** What a scenario makes of instructions and generations that are to come to a bad end. */
import { GenerationFailed } from '../../host/generation-failed.js';
import { type GenerationFailure, isGenerationFailure } from '../../protocol/generation-failures.js';
import { type RefusalCode, RefusalError, refusals } from '../../protocol/refusals.js';

/**
 * What is to be said against a generation that should have failed, for the reason `expected` if one is given; nothing when
 * it did. `ended` is what the wait for it was rejected with, undefined when it was committed. Throws what says nothing of
 * the generation: a question that was refused, a controller that is gone, one of another protocol.
 */
export function failureDetails(ended: unknown, expected: GenerationFailure | undefined): string[] {
  if (ended === undefined) return ['it was committed'];
  if (!(ended instanceof GenerationFailed) || isNoVerdict(ended.refusal.code)) throw ended;
  const { code } = ended.refusal;
  if (!isGenerationFailure(code)) return [`reason: ${code}, which is none that a generation fails for`];
  return expected === undefined || code === expected ? [] : [`reason: ${code}`];
}

/** The same of an instruction that should have been refused with a code; `ended` is undefined when it was carried out. */
export function refusalDetails(ended: unknown, expected: RefusalCode): string[] {
  if (ended === undefined) return ['answer: was carried out'];
  if (!(ended instanceof RefusalError)) throw ended;
  const { code } = ended.refusal;
  if (code === expected) return [];
  if (isNoVerdict(code)) throw ended;
  return [`answer: ${code}`];
}

/** Nobody has answered, or somebody who is not the one that was asked. */
const isNoVerdict = (code: RefusalCode): boolean => refusals[code].exit >= 3;
