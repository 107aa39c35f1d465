import { expect } from 'chai';
import { heldChunks, sendHoldings } from '../../../firmware-sim/replica/holdings.js';
import { StoredBlocks } from '../../../firmware-sim/storage/stored-blocks.js';
import { generation } from '../../../protocol/ids.js';
import { fromHex, toHex } from '../../protocol/vectors.js';
import { digestsOf, ReplicaLab } from './replica-lab.js';

const sevens = fromHex('c9ac7b0624824f844f6c7f3d50fab974');
const zeros = fromHex('00'.repeat(16));
const one = fromHex('6c5de134c73c3dfd32c35ca90acc9ab4');

describe('what staging holds, as it is told', () => {
  it('names the blocks of each chunk of 64, and the range digest of those', () => {
    const map = new StoredBlocks();
    map.set(0, 3, 10, Buffer.concat([sevens, zeros, one]));
    map.set(127, 1, 99, sevens);
    map.set(70, 1, 7, one);
    map.set(4_294_967_298, 1, 4, sevens);
    const told = [...heldChunks(map)].map(({ chunk, held, digest }) => [chunk, toHex(held), toHex(digest)]);
    // Range digests from python3 (struct, hashlib).
    expect(told).to.deep.equal([
      [0, '0700000000000000', 'd40a3916437bc0ba50d1870281f9d0f3'],
      [1, '4000000000000080', 'b02ecf9e07f2c501deaa7e3ed4edb62a'],
      [67_108_864, '0400000000000000', 'f12156b9640e86af17e415d4e752befc'],
    ]);
    expect([...heldChunks(new StoredBlocks())]).to.deep.equal([]);
  });

  it('is told in messages of at most 1024 chunks, volume by volume, the last of which says so', () => {
    const lab = new ReplicaLab({ volumes: [100_000, 4, 4] });
    lab.begin(1);
    lab.state.resize(3);
    for (let chunk = 0; chunk < 1025; chunk += 1) lab.state.volume(0).staged.set(64 * chunk, 1, chunk, digestsOf(1));
    lab.state.volume(2).staged.set(0, 1, 0, digestsOf(1));
    lab.sent.splice(0);
    sendHoldings(lab.receiver, generation(1));
    const told = lab.sent.map((message) => {
      if (message.kind !== 'holdings') throw new Error('holdings are told');
      return [message.generation, message.volume, message.chunks.length, message.chunks[0]?.chunk, message.last];
    });
    expect(told).to.deep.equal([
      [1, 0, 1024, 0, false],
      [1, 0, 1, 1024, false],
      [1, 2, 1, 0, true],
    ]);
  });

  it('is nothing for a generation that staging is not for', () => {
    const lab = new ReplicaLab({ volumes: [8] });
    lab.begin(1);
    lab.state.volume(0).staged.set(0, 1, 0, digestsOf(1));
    for (const asked of [1, 2]) {
      lab.sent.splice(0);
      sendHoldings(lab.receiver, generation(asked));
      const [message, ...others] = lab.sent;
      if (message?.kind !== 'holdings' || others.length > 0) throw new Error('one message tells the holdings');
      expect([message.volume, message.chunks.length, message.last]).to.deep.equal([0, asked === 1 ? 1 : 0, true]);
    }
  });
});
