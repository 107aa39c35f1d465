/** Made by golden.py from the field tables of SPC-4 and SBC-3; not by our encoder. */
import { senseOf } from '../../../protocol/scsi/conditions.js';
import type { Sense } from '../../../protocol/scsi/sense.js';
export const goldenSenses: readonly (readonly [Sense, string])[] = [
  [senseOf('noSense'), '700000000000000a00000000000000000000'],
  [senseOf('powerOn'), '700006000000000a00000000290000000000'],
  [senseOf('stopped'), '700002000000000a00000000040200000000'],
  [senseOf('unrecoveredReadError', { information: 0x12345678 }), 'f00003123456780a00000000110000000000'],
  [senseOf('miscompare', { information: 513 }), 'f0000e000002010a000000001d0000000000'],
  [senseOf('writeProtected'), '700007000000000a00000000270000000000'],
  [senseOf('dataPhaseError'), '70000b000000000a000000004b0000000000'],
  [senseOf('hardwareFailure'), '700004000000000a00000000440000000000'],
  [senseOf('invalidFieldInCdb', { field: { part: 'cdb', byte: 1, bit: 7 } }), '700005000000000a00000000240000cf0001'],
  [senseOf('invalidFieldInCdb', { field: { part: 'cdb', byte: 10 } }), '700005000000000a00000000240000c0000a'],
  [
    senseOf('invalidFieldInParameterList', { field: { part: 'data', byte: 258, bit: 0 } }),
    '700005000000000a00000000260000880102',
  ],
];
/** What a unit of 2000 sectors answers. */
export const goldenAnswers: readonly { readonly name: string; readonly cdb: string; readonly data: string }[] = [
  {
    name: 'standard',
    cdb: '12000000ff00',
    data: '000006121f000002434f4c4446524d45454d554c41544544204449534b202020312e3020',
  },
  { name: 'page00', cdb: '12010000ff00', data: '00000005008083b0b2' },
  { name: 'page80', cdb: '12018000ff00', data: '00800004534e3432' },
  {
    name: 'page83',
    cdb: '12018300ff00',
    data: '0083002c010300083123456789abcdef0201001c434f4c4446524d45454d554c41544544204449534b202020534e3432',
  },
  {
    name: 'pageB0',
    cdb: '1201b000ff00',
    data: '00b0003c01ff0008000008000000080000000000ffffffff00000100000000088000000000000000000000000000000000000000000000000000000000000000',
  },
  { name: 'pageB2', cdb: '1201b200ff00', data: '00b2000400e40200' },
  { name: 'reportLuns', cdb: 'a00000000000000000ff0000', data: '00000008000000000000000000000000' },
  { name: 'capacity10', cdb: '25000000000000000000', data: '000007cf00000200' },
  {
    name: 'capacity16',
    cdb: '9e100000000000000000000000200000',
    data: '00000000000007cf000002000003c00000000000000000000000000000000000',
  },
  {
    name: 'modeSense6',
    cdb: '1a003f00ff00',
    data: '2b001008000007d00000020008120400000000000000000000000000000000000a0a00100000000000000000',
  },
  {
    name: 'modeSense6 without descriptor',
    cdb: '1a080800ff00',
    data: '170010000812040000000000000000000000000000000000',
  },
  {
    name: 'modeSense10 changeable',
    cdb: '5a08480000000000ff00',
    data: '001a0010000000000812000000000000000000000000000000000000',
  },
  { name: 'modeSense6 default', cdb: '1a088a00ff00', data: '0f0010000a0a00100000000000000000' },
  { name: 'oneOperation', cdb: 'a30c01280000000000ff0000', data: '0003000a2818ffffffff00ffff00' },
  { name: 'oneServiceAction', cdb: 'a30c029e0012000000ff0000', data: '000300109e12ffffffffffffffffffffffff0000' },
  { name: 'noSuchOperation', cdb: 'a30c01020000000000ff0000', data: '00010000' },
  { name: 'cut to the allocation length', cdb: '120000000500', data: '000006121f' },
];
