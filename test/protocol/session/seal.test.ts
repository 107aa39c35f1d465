import { expect } from 'chai';
import { decodeMessage, encodeMessage, type MessageNamed } from '../../../protocol/message/messages.js';
import { ciphers } from '../../../protocol/session/ciphers.js';
import { Opener, Sealer, type SealOptions } from '../../../protocol/session/seal.js';
import { fromHex, toHex, vectors } from '../vectors.js';

for (const { cipher, keys, rekeyMessages, sealed } of vectors.sessions) {
  const options: SealOptions = { cipher, key: fromHex(keys['main>sub 0'] ?? ''), rekeyMessages };

  function goldenSealed(index: number): MessageNamed<'sealed'> {
    const decoded = decodeMessage(fromHex(sealed[index]?.encoded ?? ''));
    if (!decoded.ok || decoded.message.kind !== 'sealed') throw new Error('the golden message is sealed');
    return decoded.message;
  }

  describe(`messages sealed with ${cipher}`, () => {
    it('are the golden bytes, in the order of their counters, with the keys that follow on the first', () => {
      const sealer = new Sealer(options);
      for (const { message, encoded } of sealed) {
        expect(toHex(encodeMessage(sealer.seal(fromHex(message))))).to.equal(encoded);
      }
      expect(sealed.length).to.be.greaterThan(2 * rekeyMessages);
    });

    it('open in their order', () => {
      const opener = new Opener(options);
      for (const [index, { message }] of sealed.entries()) {
        const opened = opener.open(goldenSealed(index));
        expect(opened.ok && toHex(opened.message)).to.equal(message);
      }
    });

    it('may be empty', () => {
      const opened = new Opener(options).open(new Sealer(options).seal(Buffer.alloc(0)));
      expect(opened.ok && opened.message.length).to.equal(0);
    });

    it('are refused before their turn and after it, which changes nothing', () => {
      const opener = new Opener(options);
      const take = (index: number) => {
        const opened = opener.open(goldenSealed(index));
        return opened.ok ? 'opened' : opened.code;
      };
      const taken = [1, 0, 0, 2, 1, 4, 1, 0, 2].map(take);
      const [missing, replayed] = ['sealed-missing', 'sealed-replayed'];
      const before = [missing, 'opened', replayed, missing, 'opened', missing, replayed, replayed, 'opened'];
      expect(taken).to.deep.equal(before);
    });

    it('are refused with any bit of the ciphertext changed, or cut, and then still open as they were', () => {
      const opener = new Opener(options);
      const golden = goldenSealed(0);
      const invalid = { ok: false, code: 'sealed-invalid' };
      for (let bit = 0; bit < 8 * golden.ciphertext.length; bit += 1) {
        const ciphertext = Buffer.from(golden.ciphertext);
        ciphertext[bit >> 3] = (ciphertext[bit >> 3] as number) ^ (1 << (bit & 7));
        expect(opener.open({ ...golden, ciphertext })).to.deep.equal(invalid);
      }
      for (let length = 0; length < golden.ciphertext.length; length += 1) {
        const ciphertext = golden.ciphertext.subarray(0, length);
        expect(opener.open({ ...golden, ciphertext })).to.deep.equal(invalid);
      }
      expect(opener.open(golden).ok).to.equal(true);
    });

    it('are refused under the counter of another', () => {
      const opener = new Opener(options);
      expect(opener.open(goldenSealed(0)).ok).to.equal(true);
      expect(opener.open({ ...goldenSealed(0), counter: 1 })).to.deep.equal({ ok: false, code: 'sealed-invalid' });
    });

    it('leave the key alone that was given', () => {
      const key = Buffer.from(options.key);
      const sealer = new Sealer({ ...options, key });
      for (let count = 0; count <= rekeyMessages; count += 1) sealer.seal(Buffer.of(1));
      expect(toHex(key)).to.equal(keys['main>sub 0']);
    });

    it('have one key until it is replaced, and from then on never again', () => {
      const all = new Sealer({ cipher, key: options.key, rekeyMessages: 1000 });
      const some = new Sealer({ ...options, rekeyMessages: 3 });
      const same = Array.from({ length: 8 }, () => {
        const [one, other] = [all, some].map((each) => toHex(each.seal(Buffer.of(1)).ciphertext));
        return one === other;
      });
      expect(same).to.deep.equal([true, true, true, false, false, false, false, false]);
    });
  });
}

describe('sealed messages', () => {
  it('do not open with the key of another queue or direction, nor with another cipher', () => {
    for (const { cipher, keys } of vectors.sessions) {
      const sealed = new Sealer({ cipher, key: fromHex(keys['main>sub 0'] ?? '') }).seal(Buffer.of(1));
      const opens = (as: typeof cipher, key = '') => new Opener({ cipher: as, key: fromHex(key) }).open(sealed).ok;
      for (const [lane, key] of Object.entries(keys)) expect(opens(cipher, key)).to.equal(lane === 'main>sub 0');
      for (const each of ciphers) expect(opens(each, keys['main>sub 0'])).to.equal(each === cipher);
    }
  });
});
