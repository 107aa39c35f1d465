import { expect } from 'chai';
import { parseScenario, readScenario } from '../../../hil/job/scenario-file.js';
import { RefusalError } from '../../../protocol/refusals.js';

function refusalOf(text: string): string {
  try {
    parseScenario('s.yaml', text);
  } catch (error) {
    expect(error).to.be.instanceOf(RefusalError);
    const { code, detail } = (error as RefusalError).refusal;
    expect(code).to.equal('configuration-invalid');
    return detail;
  }
  return expect.fail('the scenario was accepted');
}

describe('scenario files', () => {
  it('read steps as names, as names with fields, and written short', () => {
    const text = 'steps:\n  - write: {writes: 3}\n  - freeze\n  - wait: structured\n  - cut: {ms: 5, steps: [verify]}';
    expect(parseScenario('s.yaml', text).steps).to.deep.equal([
      { kind: 'write', writes: 3, profile: 'random', everyMs: 0, sizes: 'mixed' },
      { kind: 'freeze' },
      { kind: 'wait', for: 'structured' },
      { kind: 'cut', ms: 5, steps: [{ kind: 'verify', tries: 1, everyMs: 1000 }] },
    ]);
  });

  it('put parameters in their places, those of the command line first', () => {
    const text = 'parameters: {writes: 3, other: 1}\nsteps:\n  - write: {writes: $writes}';
    const writes = (given: Record<string, number>) => {
      const [step] = parseScenario('s.yaml', text, given).steps;
      return step?.kind === 'write' ? step.writes : undefined;
    };
    expect(writes({})).to.equal(3);
    expect(writes({ writes: 7, freezes: 2 })).to.equal(7);
  });

  const wrong: readonly (readonly [string, string, string])[] = [
    ['no steps', 'title: x', 's.yaml:1:1: steps: '],
    ['an empty list of steps', 'steps: []', 's.yaml:1:8: steps: there is at least one step'],
    [
      'nothing to repeat',
      'steps: [{repeat: {times: 2, steps: []}}]',
      's.yaml:1:36: steps.0.repeat.steps: there is at least one step',
    ],
    ['a step that does not exist', 'steps:\n  - freeze\n  - melt', 's.yaml:3:5: steps.1'],
    [
      'a step that does not exist, with a value',
      'steps:\n  - freez: 5',
      's.yaml:2:12: steps.0.freez: "freez" is none of ',
    ],
    [
      'a number out of range',
      'steps:\n  - write: {writes: -1}',
      's.yaml:2:21: steps.0.write.writes: -1 is out of range; it is ',
    ],
    ['a field that does not exist', 'steps:\n  - write: {writes: 1, size: 2}', 's.yaml:2:24: steps.0.write.size: '],
    ['a field of the wrong kind', 'steps:\n  - write: {writes: many}', 's.yaml:2:21: steps.0.write.writes: '],
    [
      'a field that would make another step of it',
      'steps:\n  - write: {kind: freeze}',
      's.yaml:2:12: write: has no field',
    ],
    ['two steps in one', 'steps:\n  - {freeze: , verify: }', 's.yaml:2:5: a step has one name'],
    ['a parameter that is not there', 'steps:\n  - write: {writes: $n}', 's.yaml:2:21: there is no parameter n'],
    [
      'something wrong in a repeated step',
      'steps:\n  - repeat:\n      times: 2\n      steps:\n        - freeze\n        - wait: {for: ever}',
      's.yaml:6:23: steps.0.repeat.steps.1.wait.for: ',
    ],
    ['a refusal that does not exist', 'steps:\n  - expectRefused: {instruction: freeze, code: no}', 's.yaml:2:48: '],
    [
      'a reason that no generation fails for',
      'steps:\n  - wait: {for: failed, reason: line-lost}',
      's.yaml:2:33: steps.0.wait.reason: ',
    ],
    [
      'a reason for what is not to fail',
      'steps:\n  - wait: {for: committed, reason: disk-error}',
      's.yaml:2:36: steps.0.wait.reason: goes with for: failed',
    ],
    ['a bench that is wrong', 'steps: [freeze]\nbench: {volumes: [{size: 1}]}', 's.yaml:2:26: bench.volumes.0.size: '],
  ];
  for (const [what, text, place] of wrong) {
    it(`are refused with line and column for ${what}`, () => {
      expect(refusalOf(text).slice(0, place.length)).to.equal(place);
    });
  }

  it('are refused by name when they are missing', () => {
    expect(() => readScenario('/nonexistent/s.yaml'))
      .to.throw(RefusalError)
      .with.nested.property('refusal.code', 'file-missing');
  });
});
