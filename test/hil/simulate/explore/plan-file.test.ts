import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { expandPlan } from '../../../../hil/simulate/expand.js';
import { planFileText, readPlanFile } from '../../../../hil/simulate/explore/plan-file.js';
import { defaultSettings } from '../../../../hil/simulate/explore/subject.js';
import { expandLinkPlan } from '../../../../hil/simulate/link/expand-link.js';
import { RefusalError } from '../../../../protocol/refusals.js';
import { temporaryFolder } from '../../../temporary-folder.js';

const file = join(temporaryFolder(), 'plan.json');

function written(text: string): string {
  writeFileSync(file, text);
  return file;
}

/** The text of a file with one value changed. */
function changed(
  path: readonly (string | number)[],
  value: unknown,
  file: object = { settings: {}, plan: expandPlan(7) },
) {
  const copy = structuredClone(file) as Record<string | number, unknown>;
  let at = copy;
  for (const key of path.slice(0, -1)) at = at[key] as Record<string, unknown>;
  at[path.at(-1) ?? ''] = value;
  return JSON.stringify(copy);
}

describe('plans in files', () => {
  const plans = [3, 7].flatMap((seed) => [expandPlan(seed), expandLinkPlan(seed)]);

  it('come back as they were, alone or with what was found', () => {
    for (const plan of plans) {
      expect(readPlanFile(written(JSON.stringify(plan))).plan).to.deep.equal(plan);
      const file = { plan, found: 'once, in the rain', settings: defaultSettings };
      expect(readPlanFile(written(planFileText(file)))).to.deep.equal(file);
      expect(JSON.parse(planFileText(file))).to.have.all.keys('found', 'plan');
    }
  });

  it('say how they were run', () => {
    const settings = { without: [], withoutChecks: ['drain', 'pure'] as const, crashEvery: 0 };
    const text = planFileText({ plan: expandPlan(3), found: '', settings });
    expect(readPlanFile(written(text)).settings).to.deep.equal(settings);
  });

  it('may be YAML, and may say what they found in words', () => {
    const text = `found: in the rain\nplan: ${JSON.stringify(expandLinkPlan(3))}`;
    expect(readPlanFile(written(text)).plan).to.deep.equal(expandLinkPlan(3));
  });

  const wrong: readonly (readonly [string, string, RegExp])[] = [
    ['broken JSON', '{"version": 1,', /plan\.json: no JSON: .*JSON/],
    ['broken YAML', 'version: [1', /plan\.json:1:\d+: /],
    ['an array', '[1]', /plan\.json: this is no plan/],
    ['nothing', '', /plan\.json:1:1: this is no plan/],
    ['a plan that is a number', '{"plan": 3}', /plan\.json: this is no plan/],
    ['another version', changed(['plan', 'version'], 2), /: plan\.version: /],
    ['an unknown fault', changed(['plan', 'faults', 2, 'effect', 'kind'], 'rust'), /: plan\.faults\.2\.effect\.kind: /],
    ['an unknown key', changed(['plan', 'configuration', 'colour'], 1), /: plan\.configuration\.colour: /],
    ['a time before the start', changed(['plan', 'operations', 0, 'atUs'], -1), /: plan\.operations\.0\.atUs: /],
    ['the same in a plan alone', changed(['operations', 0, 'atUs'], -1, expandPlan(7)), /: operations\.0\.atUs: /],
    ['the same in a link’s', changed(['operations', 0, 'atUs'], -1, expandLinkPlan(7)), /: operations\.0\.atUs: /],
    [
      'an unknown check',
      changed(['settings', 'withoutChecks'], ['charm']),
      /settings\.withoutChecks: charm is no check/,
    ],
    ['a half look at power cuts', changed(['settings', 'crashEvery'], 0.5), /: settings\.crashEvery: /],
  ];
  for (const [what, text, expected] of wrong) {
    it(`are refused with ${what}, and the place is named`, () => {
      expect(() => readPlanFile(written(text))).to.throw(RefusalError, expected);
    });
  }

  it('are refused in the place of a folder or of a device', () => {
    expect(() => readPlanFile(tmpdir())).to.throw(RefusalError, /file-unreadable/);
    expect(() => readPlanFile('/dev/zero')).to.throw(RefusalError, /file-unreadable/);
  });
});
