/**
 * Expectations about the controllers of a bench, for chai:
 *
 *     use(coldframe);
 *     await expect(bench.sub).to.match(image);          // an image of a freeze, or a golden image from a file
 *     await expect(bench.sub).to.have.committed(3);
 *
 * They talk to the controller, so they are awaited. `match` with a regular expression is chai's own, as ever.
 */
/// <reference types="chai" preserve="true" />
import type { Golden } from '../../host/golden/golden.js';
import { checkByDigests, findingLines, type KnownImage } from '../job/image-check.js';
import { imageOf, isSite, type Site } from './test-bench.js';

declare global {
  namespace Chai {
    interface Match {
      /** The controller gives exactly this image. */
      // biome-ignore lint/style/useShorthandFunctionType: chai has an interface of this name, and this adds to it
      (image: KnownImage | Golden): Promise<void>;
    }
    interface Assertion {
      /** The sub has this generation, and no later one, as its image. */
      committed(generation: number): Promise<void>;
    }
  }
}

/** The plugin, for chai's `use`. */
export const coldframe: Chai.ChaiPlugin = (chai) => {
  chai.Assertion.overwriteMethod('match', (original: (...values: unknown[]) => void) => {
    return function (this: Chai.AssertionStatic & object, ...values: unknown[]): unknown {
      const site = subjectOf(this);
      if (site !== undefined) return match(this as never, site, values[0]);
      original.apply(this, values);
      return undefined;
    };
  });
  chai.Assertion.addMethod('committed', function (this: Chai.AssertionStatic & object, generation: number): unknown {
    const site = subjectOf(this);
    if (site === undefined) throw new TypeError('committed: expect(bench.sub) or expect(bench.main)');
    return committed(this as never, site, generation);
  });
};

/** What chai gives methods of assertions as `this`, as far as it is used here. */
interface Asserting {
  assert(holds: boolean, message: string, negated: string, expected?: unknown, actual?: unknown): void;
}

function subjectOf(assertion: object): Site | undefined {
  const subject = (assertion as { readonly _obj?: unknown })._obj;
  return isSite(subject) ? subject : undefined;
}

async function match(assertion: Asserting, site: Site, expected: unknown): Promise<void> {
  const image = imageOf(expected);
  if (image === undefined) throw new TypeError('match: a controller matches an image of a freeze or a golden image');
  const { generation } = image.golden.provenance;
  // Main gives its newest data, whatever generation that is.
  const of = site.role === 'sub' ? generation : 0;
  const found = await checkByDigests(site.bench, site.client, { image, of });
  const what = of === 0 ? 'the image' : `image ${of}`;
  const lines = findingLines(found).map((line) => `\n  ${line}`);
  assertion.assert(
    lines.length === 0,
    `expected ${site.role} to give ${what}${lines.join('')}`,
    `expected ${site.role} not to give ${what}`,
  );
}

async function committed(assertion: Asserting, site: Site, generation: number): Promise<void> {
  const { committed: actual, failed, frozen } = await site.status();
  const why = failed === generation ? ', which has failed' : frozen < generation ? ', which was never frozen' : '';
  assertion.assert(
    actual === generation,
    `expected ${site.role} to have committed generation ${generation}${why}; it has committed ${actual}`,
    `expected ${site.role} not to have committed generation ${generation}`,
    generation,
    actual,
  );
}
