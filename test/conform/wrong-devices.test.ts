import { expect } from 'chai';
import { requirements } from '../../hil/conform/requirements.js';
import { failedNumbers } from './virtual-models.js';
import { wrongDevices } from './wrong-devices.js';
import { conformWrong, differences } from './wrong-run.js';

/** Checks that no wrong device makes fail, each with the reason. */
const neverFailed: Readonly<Record<string, string>> = {
  'F-12': 'Zeros between delimiters never reach a model: whoever cuts its frames drops them.',
  'F-14': 'Nor does what has no delimiter.',
  'S-18': 'To be taken, a message in clear would have to be sealed on its way, and takes other units then.',
};

describe('the conformance suite and wrong devices', () => {
  for (const wrong of wrongDevices) {
    it(`finds out a ${wrong.role ?? 'disk'} that ${wrong.name}`, async () => {
      const failed = failedNumbers(await conformWrong(wrong));
      expect(differences(wrong, failed), failed.join(' ')).to.deep.equal({ missed: [], wronged: [] });
    });
  }

  it('has a wrong device for every check', () => {
    const found = new Set(wrongDevices.flatMap(({ fails }) => fails));
    const missing = requirements.filter(({ number, how }) => how.kind === 'check' && !found.has(number));
    expect(missing.map(({ number }) => number)).to.deep.equal(Object.keys(neverFailed));
  });
});
