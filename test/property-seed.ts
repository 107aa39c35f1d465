/**
 * Loaded by mocha before any test (.mocharc.json): property tests draw the same cases everywhere, so that a red run is
 * a change's own doing. COLDFRAME_PROPERTY_SEED=<integer> draws others, =random others each time.
 */
import fc from 'fast-check';

const seedDefault = 1;
const asked = process.env.COLDFRAME_PROPERTY_SEED ?? String(seedDefault);

if (asked !== 'random') {
  const seed = Number(asked);
  if (asked.trim() === '' || !Number.isInteger(seed)) {
    throw new Error(`COLDFRAME_PROPERTY_SEED is '${asked}': give an integer, or 'random'`);
  }
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });
}
