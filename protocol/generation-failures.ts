/** Why a generation can fail: the reasons that `waited` may give, besides what the two sides do not have in common (exit 4). */
import type { RefusalCode } from './refusals.js';

export const generationFailures = [
  'taken-over',
  'shadow-full',
  'staging-full',
  'digest-mismatch',
  'frozen-content-lost',
  'disk-error',
  'shadow-corrupt',
  'staging-corrupt',
  'image-corrupt',
  'foreign-pair',
  'older-main',
  'older-sub',
  'suspended',
  'refused-by-sub',
  'generation-failed',
] as const satisfies readonly RefusalCode[];

export type GenerationFailure = (typeof generationFailures)[number];

const names: ReadonlySet<RefusalCode> = new Set(generationFailures);

/** Whether a code says why a generation failed, and not why a question was refused or that nobody answers. */
export function isGenerationFailure(code: RefusalCode): code is GenerationFailure {
  return names.has(code);
}
