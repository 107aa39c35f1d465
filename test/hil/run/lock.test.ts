import { expect } from 'chai';
import { lockHolder } from '../../../hil/run/lock-holder.js';

// As Linux 6.1 writes it; device 0x802 is major 8, minor 2.
const locks = `1: POSIX  ADVISORY  WRITE 111 08:02:77 0 EOF
2: FLOCK  ADVISORY  WRITE 222 08:02:78 0 EOF
3: FLOCK  ADVISORY  WRITE 333 08:02:77 0 EOF
3: -> FLOCK  ADVISORY  WRITE 444 08:02:79 0 EOF
4: FLOCK  ADVISORY  READ  0 08:02:80 0 EOF
5: FLOCK  ADVISORY  READ  555 103:00:77 0 EOF
`;

describe('the holder of a lock on a file', () => {
  it('is found by device and inode, among locks of other kinds and files', () => {
    expect(lockHolder(locks, 0x802n, 77n)).to.equal(333);
    expect(lockHolder(locks, 0x802n, 78n)).to.equal(222);
    // Major 0x103: twelve bits of it stand above the low byte of the minor.
    expect(lockHolder(locks, 0x10300n, 77n)).to.equal(555);
  });

  it('is unknown when nobody has it, or somebody who cannot be seen from here', () => {
    for (const inode of [79n, 80n, 7n]) expect(lockHolder(locks, 0x802n, inode)).to.equal(undefined);
    expect(lockHolder('', 0x802n, 77n)).to.equal(undefined);
  });
});
