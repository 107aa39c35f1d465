import { expect } from 'chai';
import { u8, u16 } from '../../../protocol/message/field.js';
import { control, hostIo, MessageCodec, message, replication } from '../../../protocol/message/message.js';
import { fromHex, toHex } from '../vectors.js';

const ping = message({
  kind: 'ping',
  tag: 0x1234,
  priority: hostIo,
  way: 'w',
  doc: 'd',
  fields: { a: u8('a'), b: u16('b') },
});
const pong = message({ kind: 'pong', tag: 0x1235, priority: replication, way: 'w', doc: 'd', fields: {} });
const codec = new MessageCodec([ping, pong]);
/** Tag 1234h, 07, 0203h, and the CRC-32 from 434F4C44h, from python3 (struct, zlib). */
const goldenPing = '3412070302129ddc74';

function codeOf(bytes: Uint8Array): string {
  const decoded = codec.decode(bytes);
  return decoded.ok ? 'taken' : decoded.refusal.code;
}

describe('a message', () => {
  it('has its tag, its fields and its check, little-endian', () => {
    expect(toHex(codec.encode({ kind: 'ping', a: 7, b: 0x0203 }))).to.equal(goldenPing);
    expect(codec.decode(fromHex(goldenPing))).to.deep.equal({ ok: true, message: { kind: 'ping', a: 7, b: 0x0203 } });
    expect(toHex(codec.encode({ kind: 'pong' }))).to.equal('3512f4652efb');
    expect(codec.decode(fromHex('3512f4652efb'))).to.deep.equal({ ok: true, message: { kind: 'pong' } });
  });

  it('is decoded where it stands in a larger buffer', () => {
    const around = Buffer.concat([Buffer.alloc(3, 0xee), fromHex(goldenPing), Buffer.alloc(3, 0xee)]);
    expect(codeOf(around.subarray(3, -3))).to.equal('taken');
  });

  it('is refused by name when it is too short, spoilt, unknown, cut in a field, or too long', () => {
    for (let length = 0; length < 6; length += 1) {
      expect(codeOf(fromHex(goldenPing).subarray(0, length)), `${length} bytes`).to.equal('message-truncated');
    }
    expect(codeOf(fromHex(goldenPing).subarray(0, 6))).to.equal('message-check');
    expect(codeOf(fromHex('9999b9ccf683'))).to.equal('message-tag');
    expect(codeOf(fromHex('34120703a7f82562'))).to.equal('message-truncated');
    expect(codeOf(fromHex('351200edf72968'))).to.equal('message-trailing');
  });

  it('cannot be encoded when nobody declared it, or a value does not fit', () => {
    expect(() => codec.encode({ kind: 'pang' })).to.throw(RangeError, 'pang');
    expect(() => codec.encode({ kind: 'ping', a: 256, b: 1 })).to.throw(RangeError);
    expect(() => codec.priorityOf('pang')).to.throw(RangeError);
  });

  it('shares neither kind nor tag with another', () => {
    const sameTag = message({ ...pong, kind: 'pang', tag: ping.tag });
    const sameKind = message({ ...pong, kind: 'ping' });
    for (const other of [sameTag, sameKind]) expect(() => new MessageCodec([ping, other])).to.throw('share');
  });

  it('lets nothing else through than refusals of fields', () => {
    const broken = { ...u8('x'), read: () => expect.fail('broken') };
    const of = message({ kind: 'broken', tag: 1, priority: control, way: '', doc: '', fields: { broken } });
    const once = new MessageCodec([of]);
    expect(() => once.decode(once.encode({ kind: 'broken', broken: 1 }))).to.throw('broken');
  });

  it('waits in the queue that its declaration names', () => {
    expect([control, hostIo, replication]).to.deep.equal([0, 1, 2]);
    expect([codec.priorityOf('ping'), codec.priorityOf('pong')]).to.deep.equal([1, 2]);
  });
});
