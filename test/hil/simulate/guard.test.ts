import crypto, { createHash, randomBytes, randomFillSync, randomInt, randomUUID, webcrypto } from 'node:crypto';
import { readFile } from 'node:fs';
import { performance as imported } from 'node:perf_hooks';
import { setTimeout as importedTimeout } from 'node:timers';
import { setTimeout as promisedTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { expandPlan } from '../../../hil/simulate/expand.js';
import { type Held, type PureSteps, withPureSteps } from '../../../hil/simulate/guard.js';
import { Kernel } from '../../../hil/simulate/kernel.js';
import { runPlan } from '../../../hil/simulate/run-plan.js';
import type { Device } from '../../../protocol/device.js';

/** A device that does something of its own at each step. */
function deviceThat(reach: () => unknown): Device {
  return {
    step: () => {
      reach();
      return [];
    },
    transmit: () => undefined,
    deadline: () => undefined,
  };
}

function powerOnOf(device: Device): void {
  const kernel = new Kernel();
  kernel.add('device', device);
  kernel.powerOn('device', Buffer.alloc(32));
}

const held = (reach: () => unknown) => withPureSteps((pure) => pure.hold(() => powerOnOf(deviceThat(reach))));

const reaches: Readonly<Record<string, () => unknown>> = {
  'Date.now': () => Date.now(),
  'new Date()': () => new Date(),
  'Date()': () => Date(),
  'performance.now': () => performance.now(),
  'performance.now as imported': () => imported.now(),
  'process.hrtime': () => process.hrtime(),
  'process.hrtime.bigint': () => process.hrtime.bigint(),
  'process.uptime': () => process.uptime(),
  setTimeout: () => clearTimeout(setTimeout(() => {}, 0)),
  'setTimeout as imported': () => clearTimeout(importedTimeout(() => {}, 0)),
  setInterval: () => clearInterval(setInterval(() => {}, 1)),
  setImmediate: () => clearImmediate(setImmediate(() => {})),
  queueMicrotask: () => queueMicrotask(() => {}),
  'process.nextTick': () => process.nextTick(() => {}),
  'Math.random': () => Math.random(),
  randomBytes: () => randomBytes(4),
  'crypto.randomBytes': () => crypto.randomBytes(4),
  randomInt: () => randomInt(10),
  randomUUID: () => randomUUID(),
  randomFillSync: () => randomFillSync(Buffer.alloc(4)),
  randomFill: () => crypto.randomFill(Buffer.alloc(4), () => {}),
  'crypto.getRandomValues': () => crypto.getRandomValues(new Uint8Array(4)),
  'webcrypto.getRandomValues': () => webcrypto.getRandomValues(new Uint8Array(4)),
  'globalThis.crypto.randomUUID': () => globalThis.crypto.randomUUID(),
  'crypto.hkdf': () => crypto.hkdf('sha256', 'key', 'salt', 'info', 32, () => {}),
  generateKeyPairSync: () => crypto.generateKeyPairSync('x25519'),
};

/** What nobody can stop, and what comes after the step. */
const noticed: Readonly<Record<string, () => unknown>> = {
  'new Promise': () => new Promise(() => {}),
  'Promise.resolve': () => Promise.resolve(1),
  'Promise.all': () => Promise.all([]),
  'an async function': async () => 1,
  'a timer of promises': () => promisedTimeout(1),
  'a read of a file': () => readFile('/dev/null', () => {}),
  'a digest of web crypto': () => crypto.subtle.digest('SHA-256', Buffer.alloc(1)),
};

describe('the guard of pure steps', () => {
  for (const [what, reach] of Object.entries({ ...reaches, ...noticed })) {
    it(`sees a device that reaches for ${what}`, () => {
      expect(offenceOf(held(reach)).where).to.match(/guard\.test\.[jt]s:\d+/);
    });
  }

  for (const [what, reach] of Object.entries(reaches)) {
    it(`stops ${what}, and sees it also when the device catches that`, () => {
      let reached = false;
      const quietly = () => {
        try {
          reach();
          reached = true;
        } catch {}
      };
      expect(offenceOf(held(quietly)).what).not.to.equal('');
      expect(reached).to.equal(false);
    });
  }

  it('says what was reached for, and where', () => {
    expect(offenceOf(held(() => Date.now())).what).to.equal('Date.now');
    expect(offenceOf(held(() => Promise.resolve())).what).to.equal('a promise');
  });

  it('lets pass what is the same each time', () => {
    const same = () => [new Date(0).getTime(), crypto.hkdfSync('sha256', 'key', 'salt', 'info', 32), createHash('md5')];
    expect(held(same).kind).to.equal('pure');
  });

  it('lets the engine have everything between runs, and forgets what one run did', async () => {
    const kinds = withPureSteps((pure) => {
      const first = pure.hold(() => powerOnOf(deviceThat(() => Date.now())));
      performance.now();
      setTimeout(() => {}, 0);
      void Promise.resolve(randomBytes(1));
      return [first.kind, pure.hold(() => powerOnOf(deviceThat(() => 1))).kind];
    });
    expect(kinds).to.deep.equal(['impure', 'pure']);
  });

  it('gives everything back', () => {
    const before = { Date, random: Math.random, now: Date.now, randomBytes, timeout: setTimeout };
    held(() => 1);
    expect({ Date, random: Math.random, now: Date.now, randomBytes, timeout: setTimeout }).to.deep.equal(before);
  });

  it('lets other errors through', () => {
    const fails = () => {
      throw new RangeError('of its own');
    };
    expect(() => held(fails)).to.throw(RangeError, 'of its own');
  });

  it('finds the firmware pure', () => {
    const run = (pure: PureSteps) => pure.hold(() => runPlan(expandPlan(3)));
    expect(withPureSteps(run).kind).to.equal('pure');
  });

  it('makes a plan fail by the check "pure"', () => {
    const run = (pure: PureSteps) =>
      pure.hold(() => runPlan(expandPlan(3), { witness: { stepped: () => void Math.random() } }));
    const { value } = withPureSteps(run);
    expect(value?.violation?.check).to.equal('pure');
    expect(value?.violation?.detail).to.match(/Math\.random at .*guard\.test/);
  });
});

function offenceOf(found: Held<unknown>): { readonly what: string; readonly where: string } {
  if (found.kind === 'pure') throw new Error('nothing was seen');
  return found.offence;
}
