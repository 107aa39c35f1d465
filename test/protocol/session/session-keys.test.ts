import { createCipheriv, hkdfSync } from 'node:crypto';
import { expect } from 'chai';
import type { Priority } from '../../../protocol/message/message.js';
import { encodeMessage } from '../../../protocol/message/messages.js';
import { capabilitiesOf, ciphers, commonCipher } from '../../../protocol/session/ciphers.js';
import type { Role } from '../../../protocol/session/endpoint-types.js';
import { helloOf } from '../../../protocol/session/hello.js';
import { nextKey, sessionKey } from '../../../protocol/session/session-keys.js';
import { fromHex, toHex, vectors } from '../vectors.js';

for (const { cipher, preShared, hellos, keys, rekeyMessages, lastKey, sealed } of vectors.sessions) {
  describe(`keys of a session with ${cipher}`, () => {
    const [main, sub] = [fromHex(hellos.main), fromHex(hellos.sub)];
    const secret = { preShared: fromHex(preShared), hellos: [main, sub], cipher } as const;
    const key = (lane: string, changed = {}) => {
      const [sender, receiver, queue] = lane.split(/[> ]/) as [Role, Role, string];
      return toHex(sessionKey({ ...secret, ...changed }, { sender, receiver, queue: Number(queue) as Priority }));
    };

    it('are the golden ones, one for each direction and queue, whichever hello is named first', () => {
      for (const [lane, golden] of Object.entries(keys)) {
        expect(key(lane)).to.equal(golden);
        expect(key(lane, { hellos: [sub, main] })).to.equal(golden);
      }
      expect(new Set(Object.values(keys)).size).to.equal(6);
    });

    it('are others after a change of any bit of either hello, or of the pre-shared key', () => {
      const seen = new Set([keys['main>sub 0']]);
      for (const which of [0, 1] as const) {
        for (let bit = 0; bit < 8 * main.length; bit += 1) {
          const changed = [Buffer.from(main), Buffer.from(sub)] as const;
          changed[which][bit >> 3] = (changed[which][bit >> 3] as number) ^ (1 << (bit & 7));
          seen.add(key('main>sub 0', { hellos: changed }));
        }
      }
      seen.add(key('main>sub 0', { preShared: Buffer.alloc(32) }));
      expect(seen.size).to.equal(2 + 2 * 8 * main.length);
    });

    it('are replaced by the golden ones', () => {
      let last: Uint8Array = fromHex(keys['main>sub 0'] ?? '');
      for (let count = rekeyMessages; count < sealed.length; count += rekeyMessages) last = nextKey(last);
      expect(toHex(last)).to.equal(lastKey);
    });
  });
}

describe('the parts of session keys', () => {
  it('are an HKDF that agrees with RFC 5869, A.1', () => {
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

  it('are a ChaCha20-Poly1305 that agrees with RFC 8439, 2.8.2', () => {
    const { key, nonce, plaintext, additional, ciphertext, tag } = vectors.chacha20Poly1305;
    const cipher = createCipheriv('chacha20-poly1305', fromHex(key), fromHex(nonce), { authTagLength: 16 });
    const text = fromHex(plaintext);
    cipher.setAAD(fromHex(additional), { plaintextLength: text.length });
    expect(toHex(Buffer.concat([cipher.update(text), cipher.final()]))).to.equal(ciphertext);
    expect(toHex(cipher.getAuthTag())).to.equal(tag);
  });
});

describe('the cipher of a session', () => {
  it('is the first that both sides take', () => {
    const [gcm, chacha] = ciphers;
    const both = capabilitiesOf(ciphers);
    expect([capabilitiesOf([gcm]), capabilitiesOf([chacha]), both]).to.deep.equal([1, 2, 3]);
    expect([commonCipher(both, both), commonCipher(both, 1), commonCipher(2, both)]).to.deep.equal([gcm, gcm, chacha]);
    expect([commonCipher(1, 2), commonCipher(both, 0), commonCipher(4, 4)]).to.deep.equal(Array(3).fill(undefined));
  });

  it('is offered in the hello', () => {
    const of = { role: 'main', peers: ['sub'], entropy: Buffer.alloc(32) } as const;
    expect(helloOf(of, 1).capabilities).to.equal(3);
    expect(helloOf({ ...of, ciphers: ['chacha20-poly1305'] }, 1).capabilities).to.equal(2);
    const golden = vectors.sessions.map(({ hellos }) => hellos.main);
    const made = ciphers.map((cipher) => {
      const hello = helloOf({ ...of, key: Buffer.alloc(32), ciphers: [cipher] }, 1);
      return toHex(encodeMessage({ ...hello, salt: Buffer.from(Array.from({ length: 32 }, (_, at) => 0x90 + at)) }));
    });
    expect(made).to.deep.equal(golden);
  });
});
