import { expect } from 'chai';
import { SendWindow } from '../../../firmware-sim/replica/send-window.js';

const kib = 1024;

function windowOf(bytesMax: number): SendWindow {
  const window = new SendWindow();
  window.bytesMax = bytesMax;
  window.begin(1_000_000);
  return window;
}

describe('how much may be on its way to the receiver', () => {
  it('is a quarter of a mebibyte to begin with, or less where the receiver allows less', () => {
    expect(new SendWindow().bytes).to.equal(256 * kib);
    expect(windowOf(100 * kib).bytes).to.equal(100 * kib);
    expect(windowOf(2048 * kib).bytes).to.equal(256 * kib);
  });

  it('doubles when all of it is answered in less than half a second, up to what the receiver allows', () => {
    const window = windowOf(700 * kib);
    window.answered(255 * kib, 1_100_000);
    expect(window.bytes, 'not all is answered').to.equal(256 * kib);
    window.answered(kib, 1_499_999);
    expect(window.bytes).to.equal(512 * kib);
    window.answered(511 * kib, 1_600_000);
    expect(window.bytes, 'counted anew').to.equal(512 * kib);
    window.answered(kib, 1_700_000);
    expect(window.bytes).to.equal(700 * kib);
  });

  it('is halved when that takes more than two seconds, down to an eighth of a mebibyte', () => {
    const window = windowOf(700 * kib);
    window.answered(256 * kib, 3_000_001);
    expect(window.bytes).to.equal(128 * kib);
    window.answered(128 * kib, 9_000_000);
    expect(window.bytes).to.equal(128 * kib);
  });

  it('stays at half a second and at two', () => {
    for (const nowUs of [1_500_000, 3_000_000]) {
      const window = windowOf(700 * kib);
      window.answered(256 * kib, nowUs);
      expect(window.bytes).to.equal(256 * kib);
    }
  });

  it('measures from when sending began again, not from before the pause', () => {
    const window = windowOf(700 * kib);
    window.answered(200 * kib, 1_100_000);
    window.begin(60_000_000);
    window.answered(200 * kib, 60_100_000);
    expect(window.bytes, 'what was answered before does not count').to.equal(256 * kib);
    window.answered(56 * kib, 60_200_000);
    expect(window.bytes).to.equal(512 * kib);
  });

  it('does not fall below its least when the receiver allows less for a while', () => {
    const window = windowOf(64 * kib);
    window.answered(256 * kib, 1_100_000);
    expect(window.bytes).to.equal(64 * kib);
    window.bytesMax = 1024 * kib;
    expect(window.bytes).to.equal(128 * kib);
  });
});
