/** What a scenario needs of the controllers besides copying one volume. */
import type { Feature } from '../bench/features.js';
import type { Step } from './scenario-file.js';

const featuresOfSteps = { suspend: 'suspend', resync: 'suspend', takeover: 'takeover', failback: 'failback' } as const;

/** The features that steps need, each with the first step that needs it. */
export function neededFeatures(
  steps: readonly Step[],
): readonly { readonly feature: Feature; readonly what: string }[] {
  const needed = new Map<Feature, string>();
  const look = (step: Step) => {
    const isRefused = step.kind === 'expectRefused';
    const name = isRefused ? step.instruction : step.kind;
    const feature = name in featuresOfSteps ? featuresOfSteps[name as keyof typeof featuresOfSteps] : undefined;
    if (feature !== undefined && !needed.has(feature))
      needed.set(feature, `the step ${isRefused ? 'expectRefused ' : ''}${name}`);
    if ('steps' in step) for (const inner of step.steps) look(inner);
  };
  for (const step of steps) look(step);
  return [...needed].map(([feature, what]) => ({ feature, what }));
}
