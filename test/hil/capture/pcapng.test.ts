import { expect } from 'chai';
import { enhancedPacket, interfaceDescription, sectionHeader } from '../../../hil/capture/pcapng.js';

/** Made with python3 and struct from draft-ietf-opsawg-pcapng, section 4. */
const section = '0a0d0d0a300000004d3c2b1a01000000ffffffffffffffff04000b00636f6c646672616d652031000000000030000000';
const line =
  '010000004c000000930000000000000002000a006d61696ee280937375620000030015006f7574626f756e643a206d61696e20746f2073756200' +
  '00000900010006000000000000004c000000';
const packet =
  '06000000340000000300000023010000ab8967450500000005000000010203040500000002000400010000000000000034000000';

describe('blocks of pcapng', () => {
  it('begin a capture', () => {
    expect(sectionHeader('coldframe 1').toString('hex')).to.equal(section);
  });

  it('describe a line by name, ways and microseconds', () => {
    expect(interfaceDescription('main–sub', 'outbound: main to sub').toString('hex')).to.equal(line);
  });

  it('hold a frame with its time and its way', () => {
    const bytes = Buffer.of(1, 2, 3, 4, 5);
    const made = enhancedPacket({ line: 3, atUs: 0x12_3456_789ab, way: 'in', bytes });
    expect(made.toString('hex')).to.equal(packet);
  });

  it('tell a frame that left from one that arrived', () => {
    const made = (way: 'in' | 'out') => enhancedPacket({ line: 0, atUs: 0, way, bytes: Buffer.of(1) });
    expect(made('in').readUInt32LE(36)).to.equal(1);
    expect(made('out').readUInt32LE(36)).to.equal(2);
  });
});
