import { expect } from 'chai';
import { planOf, runSubject, type Subject, subjectOf, subjects } from '../../../../hil/simulate/explore/subject.js';
import type { FaultClass } from '../../../../hil/simulate/fault-classes.js';
import { type PureSteps, withPureSteps } from '../../../../hil/simulate/guard.js';

const seeds = Array.from({ length: 40 }, (_, index) => index + 1);
const plansWithout = (subject: Subject, ...without: FaultClass[]) =>
  seeds.map((seed) => planOf(subject, seed, { without, withoutChecks: [] }));
const kindsOf = (subject: Subject, ...without: FaultClass[]) =>
  plansWithout(subject, ...without).flatMap((plan) =>
    'subject' in plan
      ? [...plan.faults.map(({ effect }) => effect.kind), ...plan.operations.map(({ kind }) => kind)]
      : plan.faults.map((fault) => ('effect' in fault ? `${fault.kind} ${fault.effect.kind}` : fault.kind)),
  );

/** What somebody does on purpose. */
const meant = ['forgeMessage', 'cut', 'replay', 'reorder', 'unseal', 'refuse', 'impersonate', 'downgrade'];

/** A guard that takes any run for impure. */
const suspicious: PureSteps = {
  hold: (run) => ({ kind: 'impure', value: run(), offence: { what: 'the moon', where: 'at night' } }),
};

describe('the subjects of a simulation', () => {
  it('have plans of their own', () => {
    for (const subject of subjects) {
      for (const plan of plansWithout(subject)) expect(subjectOf(plan)).to.equal(subject);
    }
  });

  it('leave out classes of faults', () => {
    expect(kindsOf('pair')).to.include.members(['line stale', 'disk stale', 'power', 'pause']);
    expect(kindsOf('pair', 'stale line', 'power'))
      .to.include.members(['disk stale', 'pause'])
      .and.not.include.members(['line stale', 'power']);
    expect(kindsOf('link')).to.include.members(['stale', 'flip', 'restart', ...meant]);
    const left = new Set(kindsOf('link', 'stale line', 'power', 'forge'));
    expect([...left])
      .to.include('flip')
      .and.to.include('send');
    for (const kind of ['stale', 'restart', ...meant]) expect([...left]).not.to.include(kind);
  });

  for (const subject of subjects) {
    it(`are held to be pure: ${subject}`, () => {
      const settings = { without: [], withoutChecks: [] };
      const plan = planOf(subject, 10, settings);
      const { violation, virtualUs, traceHash } = runSubject(plan, settings, suspicious);
      expect(violation).to.deep.equal({ check: 'pure', detail: 'reaches for the moon at night', atUs: virtualUs });
      const off = { without: [], withoutChecks: ['pure'] as const };
      expect(runSubject(plan, off, suspicious))
        .to.include({ traceHash })
        .and.not.to.have.property('violation');
    });

    it(`give plain JSON: ${subject}`, () => {
      const settings = { without: [], withoutChecks: [], crashEvery: 3 };
      const result = withPureSteps((pure) => runSubject(planOf(subject, 10, settings), settings, pure));
      expect(JSON.parse(JSON.stringify(result))).to.deep.equal(result);
    });
  }

  it('look at as many power cuts as they are told to', () => {
    const images = [0, 8, 1].map((crashEvery) => {
      const settings = { without: [], withoutChecks: [], crashEvery };
      return withPureSteps((pure) => runSubject(planOf('pair', 80, settings), settings, pure).crashImages);
    });
    expect(images[0]).to.equal(0);
    expect(images[1]).to.be.greaterThan(0);
    expect(images[2]).to.be.greaterThan(2 * (images[1] ?? 0));
  });
});
