import { expect } from 'chai';
import { messagesMax } from '../../bench/verify-bytes.js';
import { VerifyLine } from '../../bench/verify-line.js';

/** 64 MiB, of which 2 MiB are written: the bench does the same with 1 GiB. */
const shape = { volumeBytes: 64 * 2 ** 20, dataBytes: 2 * 2 ** 20 };
/** From 16384 blocks to one, sixteen parts of each range at a time. */
const levels = 4;

describe('what verification puts on a line', () => {
  for (const sealed of [false, true]) {
    it(`is at most 1 KiB for a sparse volume that matches, ${sealed ? 'sealed' : 'plain'}`, async () => {
      const line = await VerifyLine.make({ ...shape, sealed });
      expect(await line.matchingBytes()).to.be.within(100, 1024);
    });
  }

  it('is a request and an answer for each of the levels that part the volume from a wrong block', async () => {
    const line = await VerifyLine.make({ ...shape, sealed: false });
    for (const wrong of [1, 4, 16]) {
      const { messages } = await line.wrong(wrong);
      expect(messages, `${wrong} wrong blocks`).to.be.within(2 * (1 + levels), messagesMax(wrong, levels));
    }
  });
});
