import { expect } from 'chai';
import { expandLinkPlan } from '../../../../hil/simulate/link/expand-link.js';
import {
  type LinkFault,
  type LinkPlan,
  linkPlanSchema,
  type Sealing,
} from '../../../../hil/simulate/link/link-plan.js';
import { type LinkRun, runLinkPlan } from '../../../../hil/simulate/link/run-link.js';
import { ciphers } from '../../../../protocol/session/ciphers.js';

const seeds = Array.from({ length: 60 }, (_, seed) => seed);

function passed(plan: LinkPlan): LinkRun {
  const run = runLinkPlan(plan);
  expect(run.violations, `runLinkPlan(${JSON.stringify(plan)})`).to.deep.equal([]);
  return run;
}

/** A clean, fast line. */
const end = { framePayloadMax: 65_536, windowBytes: 2 ** 20, messageBytesMax: 2 ** 20 };
const sealing: Sealing = { a: [...ciphers], b: [...ciphers], rekeyMessages: 2 };
const fast = { baud: 50_000_000, latencyUs: 300, deliveryBytesMax: 0 };
const configuration: LinkPlan['configuration'] = { layer: 'link', ...fast, sealing, a: end, b: end };
const planOf = (changed: Partial<LinkPlan>): LinkPlan => ({
  version: 1,
  subject: 'link',
  seed: 1,
  configuration,
  operations: [],
  faults: [],
  ...changed,
});
const sends = (count: number, bytes: number): LinkPlan['operations'] =>
  Array.from({ length: count }, () => ({ kind: 'send', atUs: 0, side: 'a', priority: 2, bytes }));
const there = (frame: number, effect: LinkFault['effect']): LinkFault => ({ direction: 'there', frame, effect });

describe('a simulated link', () => {
  it('owes nothing after any plan of these seeds, and reaches what it is for', () => {
    const reached = new Set<string>();
    for (const seed of seeds) {
      const run = runLinkPlan(expandLinkPlan(seed));
      expect(run.violations, `runLinkPlan(expandLinkPlan(${seed}))`).to.deep.equal([]);
      for (const what of Object.keys(run.coverage)) reached.add(what);
    }
    const expected = ['delivered', 'resumed', 'closed', 'restart under way', 'window full', 'refused frame-session'];
    const seals = ['invalid', 'replayed', 'missing'].map((what) => `refused sealed-${what}`);
    expect([...reached]).to.include.members([...expected, ...seals, 'refused not-sealed', 'refused wrong-key']);
  });

  it('runs a plan twice alike, and another plan otherwise', () => {
    const hashes = seeds.slice(0, 8).map((seed) => runLinkPlan(expandLinkPlan(seed)).traceHash);
    expect(seeds.slice(0, 8).map((seed) => runLinkPlan(expandLinkPlan(seed)).traceHash)).to.deep.equal(hashes);
    expect(new Set(hashes).size).to.equal(8);
  });

  it('is planned alike by the same seed, in the form that a plan has', () => {
    for (const seed of [...seeds, 4_000_000_000]) {
      const plan = expandLinkPlan(seed);
      expect(linkPlanSchema.parse(JSON.parse(JSON.stringify(plan)))).to.deep.equal(plan);
      expect(expandLinkPlan(seed)).to.deep.equal(plan);
    }
  });

  it('passes the end of its sequence numbers, with losses there', () => {
    const losses = [110, 125, 126, 130].map((frame) => there(frame, { kind: 'dropFrame' }));
    const { coverage } = passed(planOf({ operations: sends(5, 2 ** 20 - 3), faults: losses }));
    expect(coverage).to.include({ wrapped: 1, delivered: 5, 'applied dropFrame': 4 });
  });

  it('loses more than an acknowledgement can name', () => {
    const small = { ...end, framePayloadMax: 64 };
    const comb = Array.from({ length: 60 }, (_, index) => there(20 + 2 * index, { kind: 'dropFrame' }));
    const slow = { ...configuration, baud: 3_000_000, latencyUs: 100_000, a: small, b: small };
    const { coverage } = passed(planOf({ configuration: slow, operations: sends(1, 40_000), faults: comb }));
    expect(coverage['acknowledgement cut short']).to.be.greaterThan(0);
  });

  it('begins a session anew when a hello, proof or message is forged, and delivers what is sent then', () => {
    for (const layer of ['clear', 'sealed'] as const) {
      for (const frame of [5, 6, 7, 8, 9, 10]) {
        const operations = sends(3, 50).map((each, index) => ({ ...each, atUs: 200_000 * index }));
        const forged = there(frame, { kind: 'forge', at: 9, xor: 1 });
        passed(planOf({ configuration: { ...configuration, layer }, operations, faults: [forged] }));
      }
    }
  });

  it('tells that a frame from too long ago, which no line brings, passes for a new one', () => {
    const stale = there(130, { kind: 'stale', framesAgo: 63 });
    const run = runLinkPlan(planOf({ operations: sends(6, 2 ** 20), faults: [stale] }));
    expect(run.violations.map(({ check }) => check)).to.deep.equal(['changed']);
  });

  it('goes on past a check that is off, to what others find', () => {
    const stale = there(130, { kind: 'stale', framesAgo: 63 });
    const plan = planOf({ operations: sends(6, 2 ** 20), faults: [stale] });
    const { violations } = runLinkPlan(plan, { checks: (check) => check !== 'changed' });
    expect(violations.map(({ check }) => check)).to.deep.equal(['loss']);
  });

  it('lasts when both ends hear a stale open at once', () => {
    const faults = (['there', 'back'] as const).map((direction): LinkFault => {
      return { direction, frame: 1, effect: { kind: 'staleOpen', opensAgo: 1 } };
    });
    const { coverage } = passed(planOf({ operations: sends(3, 50), faults }));
    expect(coverage).to.include({ 'applied staleOpen': 2, opened: 2, delivered: 3 });
    expect(coverage).to.not.have.property('closed');
  });
});
