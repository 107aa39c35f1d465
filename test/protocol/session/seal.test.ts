import { hkdfSync } from 'node:crypto';
import { expect } from 'chai';
import { decodeMessage, encodeMessage, type MessageNamed } from '../../../protocol/message/messages.js';
import { Opener, Sealer, sessionKey } from '../../../protocol/session/seal.js';
import { fromHex, toHex, vectors } from '../vectors.js';

const { preShared, salts, keys, sealed } = vectors.session;
const key = fromHex(keys['main>sub']);

function goldenSealed(index: number): MessageNamed<'sealed'> {
  const decoded = decodeMessage(fromHex(sealed[index]?.encoded ?? ''));
  if (!decoded.ok || decoded.message.kind !== 'sealed') throw new Error('the golden message is sealed');
  return decoded.message;
}

describe('session keys', () => {
  const [one, other] = [fromHex(salts[0]), fromHex(salts[1])];

  it('are the golden ones, whichever salt is named first', () => {
    const main = { sender: 'main', receiver: 'sub' } as const;
    const sub = { sender: 'sub', receiver: 'main' } as const;
    expect(toHex(sessionKey(fromHex(preShared), [one, other], main))).to.equal(keys['main>sub']);
    expect(toHex(sessionKey(fromHex(preShared), [other, one], main))).to.equal(keys['main>sub']);
    expect(toHex(sessionKey(fromHex(preShared), [one, other], sub))).to.equal(keys['sub>main']);
  });

  it('come from an HKDF that agrees with RFC 5869, A.1', () => {
    const derived = hkdfSync(
      'sha256',
      Buffer.alloc(22, 0x0b),
      fromHex('000102030405060708090a0b0c'),
      fromHex('f0f1f2f3f4f5f6f7f8f9'),
      42,
    );
    const expected = '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865';
    expect(toHex(new Uint8Array(derived))).to.equal(expected);
  });
});

describe('sealed messages', () => {
  it('are the golden bytes, in the order of their counters', () => {
    const sealer = new Sealer(key);
    for (const { message, encoded } of sealed) {
      expect(toHex(encodeMessage(sealer.seal(fromHex(message))))).to.equal(encoded);
    }
  });

  it('may be empty', () => {
    const opened = new Opener(key).open(new Sealer(key).seal(Buffer.alloc(0)));
    expect(opened.ok && opened.message.length).to.equal(0);
  });

  it('open in any order, each once', () => {
    const opener = new Opener(key);
    for (const index of [1, 0]) {
      const opened = opener.open(goldenSealed(index));
      expect(opened.ok && toHex(opened.message)).to.equal(sealed[index]?.message);
    }
    for (const index of [0, 1]) {
      expect(opener.open(goldenSealed(index))).to.deep.equal({ ok: false, code: 'sealed-replayed' });
    }
  });

  it('are refused with any bit of the ciphertext or the counter changed, and do not use up their counter', () => {
    const opener = new Opener(key);
    const golden = goldenSealed(1);
    for (let bit = 0; bit < 8 * golden.ciphertext.length; bit += 1) {
      const ciphertext = Buffer.from(golden.ciphertext);
      ciphertext[bit >> 3] = (ciphertext[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(opener.open({ ...golden, ciphertext })).to.deep.equal({ ok: false, code: 'sealed-invalid' });
    }
    expect(opener.open({ ...golden, counter: 2 })).to.deep.equal({ ok: false, code: 'sealed-invalid' });
    expect(opener.open({ ...golden, ciphertext: Buffer.alloc(15) })).to.deep.equal({
      ok: false,
      code: 'sealed-invalid',
    });
    expect(opener.open(golden).ok).to.equal(true);
  });
});
