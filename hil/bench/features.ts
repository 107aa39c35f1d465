/** What not every controller can do: a bench file lists what the ones on its bench can. */
import { AdvisedRefusal } from '../../host/advised-refusal.js';

/** `groups`: more than one volume; `sealed`: lines with a key; the others are instructions. */
export const featureNames = ['groups', 'sealed', 'suspend', 'takeover', 'failback'] as const;
export type Feature = (typeof featureNames)[number];

/** Throws RefusalError `capability-missing` when a bench without `feature` would need it for `what`. */
export function requireFeature(features: readonly Feature[], feature: Feature, what: string): void {
  if (features.includes(feature)) return;
  throw new AdvisedRefusal(
    'capability-missing',
    `${what} needs ${feature}, which the bench file’s features leave out`,
    `Do without, or add ${feature} to features if the controllers can do it.`,
    2,
  );
}
