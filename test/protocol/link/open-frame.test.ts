import { expect } from 'chai';
import { decodeOpen, encodeOpen } from '../../../protocol/link/open-frame.js';
import { fromHex, toHex, vectors } from '../vectors.js';

const [unknown, resuming] = vectors.frames.filter(({ kind }) => kind === 0x80).map(({ payload }) => payload);

describe('open frame', () => {
  it('has the golden bytes when nobody is known', () => {
    const limits = { windowUnits: 16384, payloadUnitsMax: 64, messageBytesMax: 1114146 };
    const open = { ask: true, running: false, own: 0x1122334455667788n, peer: 0n, next: [0, 0, 0], limits } as const;
    expect(toHex(encodeOpen(open))).to.equal(unknown);
    expect(decodeOpen(fromHex(unknown ?? ''))).to.deep.equal({ ok: true, open });
  });

  it('has the golden bytes when a link resumes', () => {
    const limits = { windowUnits: 128, payloadUnitsMax: 1, messageBytesMax: 4096 };
    const ids = { own: 0x1122334455667788n, peer: 0x99aabbccddeeff01n };
    const open = { ask: false, running: true, ...ids, next: [3, 0xfffe, 512], limits } as const;
    expect(toHex(encodeOpen(open))).to.equal(resuming);
    expect(decodeOpen(fromHex(resuming ?? ''))).to.deep.equal({ ok: true, open });
  });

  it('is refused with another version, another length, or a value out of range', () => {
    const changed = (at: number, ...values: number[]): string => {
      const payload = fromHex(resuming ?? '');
      payload.set(values, at);
      const decoded = decodeOpen(payload);
      return decoded.ok ? 'taken' : decoded.refusal.code;
    };
    expect(changed(0, 2)).to.equal('version-mismatch');
    expect(changed(1, 4)).to.equal('frame-kind');
    expect(changed(2, 0, 0, 0, 0, 0, 0, 0, 0)).to.equal('frame-kind');
    expect(changed(24, 0, 0)).to.equal('frame-kind');
    expect(changed(24, 1, 0x40)).to.equal('frame-kind');
    expect(changed(26, 0, 0)).to.equal('frame-kind');
    expect(changed(26, 1, 4)).to.equal('frame-kind');
    expect(decodeOpen(fromHex((resuming ?? '').slice(2, -2)))).to.deep.include({ ok: false });
    for (const [at, ...values] of [
      [1, 3],
      [24, 0, 0x40],
      [24, 1, 0],
      [26, 0, 4],
      [26, 1, 0],
    ] as const) {
      expect(changed(at, ...values), `${values} at ${at}`).to.equal('taken');
    }
    for (const length of [1, 35, 37]) {
      const payload = Buffer.concat([fromHex(resuming ?? ''), Buffer.alloc(1)]).subarray(0, length);
      expect(decodeOpen(payload)).to.have.nested.property('refusal.code', 'frame-length');
    }
    expect(decodeOpen(Buffer.of(2))).to.have.nested.property('refusal.code', 'version-mismatch');
    expect(decodeOpen(Buffer.alloc(0))).to.have.nested.property('refusal.code', 'frame-length');
  });
});
