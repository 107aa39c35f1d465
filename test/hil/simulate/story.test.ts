import { expect } from 'chai';
import { PlanRun, runPlan } from '../../../hil/simulate/run-plan.js';
import { tellStory } from '../../../hil/simulate/story.js';
import { contentText } from '../../../hil/simulate/story-contents.js';
import { endingOf } from '../../../hil/simulate/story-ending.js';
import { StoryRecorder } from '../../../hil/simulate/story-recorder.js';
import { timeText } from '../../../hil/simulate/time-text.js';
import { smallPlan, writeAt } from './small-plan.js';
import { withoutFlushes } from './unflushed-firmware.js';

const survival = { sectors: 'none', torn: 'no', seed: 0 } as const;
const written = smallPlan([writeAt(0, 3)]);

/** The line of a story in which this stands; fails when it is nowhere. */
function lineWith(story: string, text: string): string {
  const found = story.split('\n').find((line) => line.includes(text));
  expect(found, `“${text}” in\n${story}`).not.to.equal(undefined);
  return found ?? '';
}

describe('the story of a plan', () => {
  it('says what was configured, what the host did, how the image went, and how to replay it', () => {
    const story = tellStory({ ...written, operations: [...written.operations, { kind: 'freeze', atUs: 100_000 }] });
    lineWith(story, 'differential; 1 volume of 8 sectors; blocks of 512 bytes');
    const steps = [
      'host  write 1 to main: volume 0, sector 3',
      'main  primary0: sector 3 = write 1',
      'host  write 1: GOOD',
      'host  freeze to main',
      'main  frozen, generation 1',
      'sub   staging0: sector 0 = write 1 (volume 0, sector 3)',
      'sub   committed, generation 1',
      'sub   structured, generation 1',
      'no violation',
      'replay: coldframe sim --replay FILE',
    ];
    const lines = story.split('\n');
    const places = steps.map((step) => lines.indexOf(lineWith(story, step)));
    expect(places, story).to.deep.equal([...places].sort((a, b) => a - b));
    // Records are only counted, and a time is told once.
    expect(lines.filter((line) => line.includes('main  meta:'))).to.deep.equal([]);
    expect(lines.filter((line) => line.startsWith('   0.000 000 s'))).to.have.length(1);
  });

  it('is the same each time, and without colour unless told', () => {
    const tell = (colour: boolean) => tellStory(written, { file: 'plan.json', colour });
    expect(tell(false)).to.equal(tell(false));
    expect(tell(false)).not.to.include('\u001b');
    expect(tell(true)).to.include('\u001b[2mreplay: coldframe sim --replay plan.json\u001b[0m');
  });

  it('says where faults struck, and what a power cut left', () => {
    const story = tellStory(
      smallPlan(
        [writeAt(0, 3)],
        [
          { kind: 'line', line: 'host', direction: 'there', frame: 6, effect: { kind: 'dropFrame' } },
          { kind: 'disk', site: 'main', disk: 'primary0', operation: 'write', nth: 1, effect: { kind: 'reset' } },
          { kind: 'power', who: 'main', afterEffects: 28, offUs: 1000, survival },
        ],
      ),
    );
    lineWith(story, 'FAULT frame 6 from host to main: lost');
    lineWith(story, 'FAULT primary0, write 1: the disk loses its power');
    lineWith(story, 'main  the power is gone');
    lineWith(story, 'FAULT power of main goes after effect 28, nothing survives; back 1000 µs later');
    lineWith(story, 'main  power on');
    lineWith(story, 'main  primary0: lost write 1');
  });

  it('names the wrong sector, the way of its write, and what each disk would be left with', () => {
    const story = withoutFlushes('primary', () =>
      tellStory({ ...written, crash: { site: 'main', survival } }, { file: 'lost.json' }),
    );
    lineWith(story, 'VIOLATION at ');
    expect(lineWith(story, 'crash newest')).to.match(/^VIOLATION at [0-9.]+ [0-9]{3} s: crash newest$/);
    lineWith(story, 'if the power of main goes now, after its effect ');
    lineWith(story, 'volume 0, block 3: sector 3 holds zeros, not write 1 (primary0)');
    expect(lineWith(story, 'write 1: given')).to.match(/given 0\.000 000 s, GOOD .* s; to main primary0 sector 3 at /);
    lineWith(story, 'main primary0 sector 3: write 1, not flushed; the medium would be left with zeros');
    lineWith(story, 'replay: coldframe sim --replay lost.json');
  });

  it('counts what survives a power cut as left on the medium', () => {
    const recorder = new StoryRecorder();
    withoutFlushes('primary', () => {
      const run = new PlanRun(written, { witness: recorder, crashEvery: 0 });
      run.run();
      const ending = (sectors: 'all' | 'none') =>
        endingOf(
          {
            ...{ check: 'crash newest', detail: 'volume 0, block 3: sector 3 holds zeros, not write 1', atUs: 0 },
            crash: { site: 'main', survival: { ...survival, sectors } },
          },
          run,
          recorder,
        ).find((line) => line.startsWith('main primary0'));
      expect(ending('all')).to.equal('main primary0 sector 3: write 1, durable');
      expect(ending('none')).to.equal(
        'main primary0 sector 3: write 1, not flushed; the medium would be left with zeros',
      );
    });
  });

  it('names what sectors hold by their writes', () => {
    const held = (sector: number, number: number, lba: number) => ({
      sector,
      number,
      lba,
      volume: number === 0 ? 0 : 1,
    });
    expect(contentText([held(0, 1, 0), held(1, 1, 1), held(2, 2, 2)])).to.equal('write 1; write 2');
    expect(contentText([held(0, 1, 8), held(1, 1, 9), held(2, 1, 11)])).to.equal(
      'write 1 (volume 1, sectors 8–9); write 1 (volume 1, sector 11)',
    );
    expect(contentText([held(0, 0, 0), held(1, 0, 0), held(2, 3, 2)])).to.equal('zeros; write 3');
    expect(contentText([])).to.equal('other bytes');
  });

  it('says how both sides stood when they did not come to rest', () => {
    const story = tellStory(written, { how: { stepsMax: 100 } });
    lineWith(story, 'bounded');
    lineWith(story, 'main: ');
    lineWith(story, 'sub: ');
  });

  it('leaves out the middle of what is too long', () => {
    const operations = Array.from({ length: 40 }, (_, index) => writeAt(10_000 * index, index % 8));
    const story = tellStory(smallPlan(operations), { linesMax: 30 });
    expect(story.split('\n').length).to.be.below(45);
    expect(lineWith(story, ' lines')).to.match(/… \d+ lines$/);
    lineWith(story, 'host  write 1 to main');
    lineWith(story, 'main  structured, generation 1');
  });

  it('changes nothing of the run that it tells', () => {
    const plan = smallPlan([writeAt(0, 3)], [{ kind: 'power', who: 'main', afterEffects: 28, offUs: 1000, survival }]);
    expect(runPlan(plan).violation).to.equal(undefined);
    lineWith(tellStory(plan), 'no violation');
  });

  it('gives times to the microsecond', () => {
    expect([0, 3214, 1_000_000, 243_020_007].map(timeText)).to.deep.equal([
      '0.000 000 s',
      '0.003 214 s',
      '1.000 000 s',
      '243.020 007 s',
    ]);
  });
});
