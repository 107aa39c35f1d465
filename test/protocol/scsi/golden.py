"""Golden bytes of SCSI, from the field tables of SPC-4 and SBC-3, without our TypeScript.

    cd test/protocol/scsi && python3 golden.py && npx biome check --write .

writes golden-cdbs.ts and golden-answers.ts.
"""
import struct
import sys

B = struct.pack


def cdb6(op, lba, length, b1=0):
    return bytes([op, b1 | (lba >> 16) & 0x1F, (lba >> 8) & 0xFF, lba & 0xFF, length, 0])


def cdb10(op, b1, lba, length):
    return B('>BBIBHB', op, b1, lba, 0, length, 0)


def cdb12(op, b1, lba, length):
    return B('>BBIIBB', op, b1, lba, length, 0, 0)


def cdb16(op, b1, lba, length):
    return B('>BBQIBB', op, b1, lba, length, 0, 0)


def js(value):
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if value is None:
        return 'undefined'
    if isinstance(value, str):
        return "'%s'" % value
    if isinstance(value, dict):
        return '{ ' + ', '.join('%s: %s' % (k, js(v)) for k, v in value.items()) + ' }'
    return str(value)


FUA, DPO = 0x08, 0x10
big = 0x1234567890
io = lambda op, lba, n, fua=False, dpo=False: dict(op=op, lba=lba, sectors=n, fua=fua, dpo=dpo)
# (name, bytes, data out bytes, command, whether our encoder writes this very form)
cdbs = [
    ('TEST UNIT READY', bytes(6), 0, dict(op='testUnitReady'), True),
    ('REQUEST SENSE', bytes([3, 0, 0, 0, 252, 0]), 0, dict(op='requestSense', allocationBytes=252), True),
    ('INQUIRY', B('>BBBHB', 0x12, 0, 0, 96, 0), 0, dict(op='inquiry', page=None, allocationBytes=96), True),
    ('INQUIRY EVPD', B('>BBBHB', 0x12, 1, 0xB0, 0x1FF, 0), 0, dict(op='inquiry', page=0xB0, allocationBytes=0x1FF), True),
    ('REPORT LUNS', B('>BBB3xIBB', 0xA0, 0, 2, 1024, 0, 0), 0, dict(op='reportLuns', select=2, allocationBytes=1024), True),
    ('READ CAPACITY (10)', B('>BBIHBB', 0x25, 0, 0, 0, 0, 0), 0, dict(op='readCapacity', form=10, allocationBytes=8), True),
    ('READ CAPACITY (16)', cdb16(0x9E, 0x10, 0, 32), 0, dict(op='readCapacity', form=16, allocationBytes=32), True),
    ('MODE SENSE (6)', bytes([0x1A, 8, 0x3F, 0, 192, 0]), 0, dict(op='modeSense', form=6, control='current', page=0x3F, subpage=0, blockDescriptor=False, allocationBytes=192), True),
    ('MODE SENSE (10)', B('>BBBB3xHB', 0x5A, 0, 0x48, 0xFF, 512, 0), 0, dict(op='modeSense', form=10, control='changeable', page=8, subpage=0xFF, blockDescriptor=True, allocationBytes=512), True),
    ('START STOP UNIT start', bytes([0x1B, 0, 0, 0, 1, 0]), 0, dict(op='startStopUnit', start=True, flush=True), True),
    ('START STOP UNIT stop, NO_FLUSH, IMMED', bytes([0x1B, 1, 0, 0, 4, 0]), 0, dict(op='startStopUnit', start=False, flush=False), False),
    ('READ (6)', cdb6(0x08, 0x1ABCDE, 7), 0, io('read', 0x1ABCDE, 7), False),
    ('READ (6) of 256', cdb6(0x08, 1, 0), 0, io('read', 1, 256), False),
    ('WRITE (6)', cdb6(0x0A, 0x1ABCDE, 7), 7 * 512, io('write', 0x1ABCDE, 7), False),
    ('READ (10)', cdb10(0x28, DPO, 0xFEDCBA98, 0x1234), 0, io('read', 0xFEDCBA98, 0x1234, dpo=True), True),
    ('WRITE (10) FUA', cdb10(0x2A, FUA, 0x01020304, 0x10), 16 * 512, io('write', 0x01020304, 16, fua=True), True),
    ('READ (12)', cdb12(0xA8, FUA, 0x01020304, 0x10000), 0, io('read', 0x01020304, 0x10000, fua=True), False),
    ('WRITE (12)', cdb12(0xAA, 0, 0x01020304, 3), 3 * 512, io('write', 0x01020304, 3), False),
    ('READ (16)', cdb16(0x88, FUA | DPO, big, 0x800), 0, io('read', big, 0x800, fua=True, dpo=True), True),
    ('READ (16) past 16 bits', cdb16(0x88, 0, 5, 0x10000), 0, io('read', 5, 0x10000), True),
    ('WRITE (16)', cdb16(0x8A, 0, big, 2), 1024, io('write', big, 2), True),
    ('VERIFY (10)', cdb10(0x2F, 0, 9, 8), 0, dict(op='verify', lba=9, sectors=8, compare=False), True),
    ('VERIFY (10) BYTCHK', cdb10(0x2F, 2, 9, 8), 4096, dict(op='verify', lba=9, sectors=8, compare=True), True),
    ('VERIFY (12)', cdb12(0xAF, 2, 9, 8), 4096, dict(op='verify', lba=9, sectors=8, compare=True), False),
    ('VERIFY (16)', cdb16(0x8F, 2, big, 8), 4096, dict(op='verify', lba=big, sectors=8, compare=True), True),
    ('SYNCHRONIZE CACHE (10)', cdb10(0x35, 0, 0, 0), 0, dict(op='synchronizeCache', lba=0, sectors=0), True),
    ('SYNCHRONIZE CACHE (16)', cdb16(0x91, 0, big, 64), 0, dict(op='synchronizeCache', lba=big, sectors=64), True),
    ('WRITE SAME (10)', cdb10(0x41, 0, 4, 100), 512, dict(op='writeSame', lba=4, sectors=100, unmap=False, noDataOut=False), True),
    ('WRITE SAME (16) UNMAP', cdb16(0x93, 8, big, 100), 512, dict(op='writeSame', lba=big, sectors=100, unmap=True, noDataOut=False), True),
    ('WRITE SAME (16) NDOB', cdb16(0x93, 9, 4, 100), 0, dict(op='writeSame', lba=4, sectors=100, unmap=True, noDataOut=True), True),
    ('UNMAP', B('>BBIBHB', 0x42, 0, 0, 0, 24, 0), 24, dict(op='unmap', parameterBytes=24), True),
    ('COMPARE AND WRITE', B('>BBQ3xBBB', 0x89, FUA, big, 8, 0, 0), 8192, dict(op='compareAndWrite', lba=big, sectors=8, fua=True), True),
    ('GET LBA STATUS', cdb16(0x9E, 0x12, big, 4096), 0, dict(op='getLbaStatus', lba=big, allocationBytes=4096), True),
    ('REPORT SUPPORTED OPERATION CODES', B('>BBBBHIBB', 0xA3, 0x0C, 0, 0, 0, 4096, 0, 0), 0, 'all', True),
]
# (name, bytes, condition or key/asc/ascq, field pointer byte, bit)
refused = [
    ('an operation code that nobody knows', bytes([0x02, 0, 0, 0, 0, 0]), 0x20, None, None),
    ('an empty block', b'', 0x20, None, None),
    ('a service action that is not there', cdb16(0x9E, 0x11, 0, 32), 0x24, 1, 4),
    ('RDPROTECT', cdb10(0x28, 0x20, 0, 1), 0x24, 1, 5),
    ('WRPROTECT', cdb16(0x8A, 0xE0, 0, 1), 0x24, 1, 7),
    ('RELADR', cdb10(0x28, 0x01, 0, 1), 0x24, 1, 0),
    ('a group number', B('>BBIBHB', 0x28, 0, 0, 5, 1, 0), 0x24, 6, 2),
    ('NACA', B('>BBIBHB', 0x28, 0, 0, 0, 1, 4), 0x24, 9, 2),
    ('IMMED of SYNCHRONIZE CACHE', cdb10(0x35, 2, 0, 0), 0x24, 1, 1),
    ('BYTCHK 11b', cdb10(0x2F, 6, 0, 1), 0x24, 1, 2),
    ('NDOB of WRITE SAME (10)', cdb10(0x41, 1, 0, 1), 0x24, 1, 0),
    ('ANCHOR', cdb16(0x93, 0x10, 0, 1), 0x24, 1, 4),
    ('WRITE SAME of nothing', cdb16(0x93, 8, 0, 0), 0x24, 10, None),
    ('a block cut short', cdb10(0x28, 0, 0, 1)[:9], 0x24, 9, None),
    ('bytes after the end', cdb10(0x28, 0, 0, 1) + b'\0\1', 0x24, 11, 0),
    ('a page code without EVPD', B('>BBBHB', 0x12, 0, 0x80, 96, 0), 0x24, 2, 7),
    ('too small an allocation for REPORT LUNS', B('>BBB3xIBB', 0xA0, 0, 0, 15, 0, 0), 0x24, 6, None),
    ('an LBA past 2^53', cdb16(0x88, 0, 1 << 53, 1), 0x21, None, None),
]


def sense(key, asc, ascq, information=None, sks=b'\0\0\0'):
    valid = 0x80 if information is not None else 0
    return B('>BBBIBIBBB', 0x70 | valid, 0, key, information or 0, 10, 0, asc, ascq, 0) + sks


def fp(cdb, byte, bit=None):
    return bytes([0x80 | (0x40 if cdb else 0) | (0 if bit is None else 8 | bit)]) + B('>H', byte)


senses = [
    ("senseOf('noSense')", sense(0, 0, 0)),
    ("senseOf('powerOn')", sense(6, 0x29, 0)),
    ("senseOf('stopped')", sense(2, 4, 2)),
    ("senseOf('unrecoveredReadError', { information: 0x12345678 })", sense(3, 0x11, 0, 0x12345678)),
    ("senseOf('miscompare', { information: 513 })", sense(0xE, 0x1D, 0, 513)),
    ("senseOf('writeProtected')", sense(7, 0x27, 0)),
    ("senseOf('dataPhaseError')", sense(0xB, 0x4B, 0)),
    ("senseOf('hardwareFailure')", sense(4, 0x44, 0)),
    ("senseOf('invalidFieldInCdb', { field: { part: 'cdb', byte: 1, bit: 7 } })", sense(5, 0x24, 0, None, fp(True, 1, 7))),
    ("senseOf('invalidFieldInCdb', { field: { part: 'cdb', byte: 10 } })", sense(5, 0x24, 0, None, fp(True, 10))),
    ("senseOf('invalidFieldInParameterList', { field: { part: 'data', byte: 258, bit: 0 } })", sense(5, 0x26, 0, None, fp(False, 258, 0))),
]
std = bytes([0, 0, 6, 0x12, 31, 0, 0, 2]) + b'COLDFRME' + b'EMULATED DISK   ' + b'1.0 '
naa = bytes.fromhex('3123456789abcdef')
t10 = b'COLDFRME' + b'EMULATED DISK   ' + b'SN42'
page = lambda code, body: B('>BBH', 0, code, len(body)) + body
b0 = B('>BBHIIIIIII', 1, 255, 8, 2048, 2048, 0, 0xFFFFFFFF, 256, 8, 0x80000000) + bytes(8 + 20)
unit = [
    ('standard', B('>BBBHB', 0x12, 0, 0, 255, 0), std),
    ('page00', B('>BBBHB', 0x12, 1, 0, 255, 0), page(0, bytes([0, 0x80, 0x83, 0xB0, 0xB2]))),
    ('page80', B('>BBBHB', 0x12, 1, 0x80, 255, 0), page(0x80, b'SN42')),
    ('page83', B('>BBBHB', 0x12, 1, 0x83, 255, 0), page(0x83, bytes([1, 3, 0, 8]) + naa + bytes([2, 1, 0, len(t10)]) + t10)),
    ('pageB0', B('>BBBHB', 0x12, 1, 0xB0, 255, 0), page(0xB0, b0)),
    ('pageB2', B('>BBBHB', 0x12, 1, 0xB2, 255, 0), page(0xB2, bytes([0, 0xE4, 2, 0]))),
    ('reportLuns', B('>BBB3xIBB', 0xA0, 0, 0, 255, 0, 0), B('>II', 8, 0) + bytes(8)),
    ('capacity10', B('>BBIHBB', 0x25, 0, 0, 0, 0, 0), B('>II', 1999, 512)),
    ('capacity16', cdb16(0x9E, 0x10, 0, 32), B('>QIBBH', 1999, 512, 0, 3, 0xC000) + bytes(16)),
    ('modeSense6', bytes([0x1A, 0, 0x3F, 0, 255, 0]), bytes([43, 0, 0x10, 8]) + B('>II', 2000, 512) + bytes([8, 18, 4]) + bytes(17) + bytes([10, 10, 0, 0x10]) + bytes(8)),
    ('modeSense6 without descriptor', bytes([0x1A, 8, 0x08, 0, 255, 0]), bytes([23, 0, 0x10, 0, 8, 18, 4]) + bytes(17)),
    ('modeSense10 changeable', B('>BBBB3xHB', 0x5A, 8, 0x48, 0, 255, 0), B('>HBBBBH', 26, 0, 0x10, 0, 0, 0) + bytes([8, 18]) + bytes(18)),
    ('modeSense6 default', bytes([0x1A, 8, 0x8A, 0, 255, 0]), bytes([15, 0, 0x10, 0, 10, 10, 0, 0x10]) + bytes(8)),
    ('oneOperation', B('>BBBBHIBB', 0xA3, 0x0C, 1, 0x28, 0, 255, 0, 0), bytes([0, 3, 0, 10, 0x28, 0x18, 255, 255, 255, 255, 0, 255, 255, 0])),
    ('oneServiceAction', B('>BBBBHIBB', 0xA3, 0x0C, 2, 0x9E, 0x12, 255, 0, 0), bytes([0, 3, 0, 16, 0x9E, 0x12]) + b'\xff' * 12 + b'\0\0'),
    ('noSuchOperation', B('>BBBBHIBB', 0xA3, 0x0C, 1, 0x02, 0, 255, 0, 0), bytes([0, 1, 0, 0])),
    ('cut to the allocation length', B('>BBBHB', 0x12, 0, 0, 5, 0), std[:5]),
]

made = '/** Made by golden.py from the field tables of SPC-4 and SBC-3; not by our encoder. */'
sys.stdout = open('golden-cdbs.ts', 'w')
print(made)
print("import type { CdbCommand } from '../../../protocol/scsi/cdb.js';")
print("import type { Sense } from '../../../protocol/scsi/sense.js';")
print("export const goldenCdbs: readonly { readonly name: string; readonly hex: string; readonly dataOutBytes: number;")
print('  readonly command: CdbCommand; readonly encoded: boolean }[] = [')
for name, raw, out, command, ours in cdbs:
    if command == 'all':
        text = "{ op: 'reportOperationCodes', which: { kind: 'all' }, allocationBytes: 4096 }"
    else:
        text = js(command)
        if '(6)' in name:
            text = text.replace(', fua: false, dpo: false', '')
    print("  { name: '%s', hex: '%s', dataOutBytes: %d, command: %s, encoded: %s }," % (name, raw.hex(), out, text, js(ours)))
print('];')
print('export const refusedCdbs: readonly { readonly name: string; readonly hex: string; readonly sense: Sense }[] = [')
for name, raw, asc, byte, bit in refused:
    field = '' if byte is None else ", field: { part: 'cdb', byte: %d%s }" % (byte, '' if bit is None else ', bit: %d' % bit)
    print("  { name: '%s', hex: '%s', sense: { key: 'illegalRequest', asc: %d, ascq: 0%s } }," % (name, raw.hex(), asc, field))
print('];')
sys.stdout = open('golden-answers.ts', 'w')
print(made)
print("import { senseOf } from '../../../protocol/scsi/conditions.js';")
print("import type { Sense } from '../../../protocol/scsi/sense.js';")
print('export const goldenSenses: readonly (readonly [Sense, string])[] = [')
for text, raw in senses:
    print("  [%s, '%s']," % (text, raw.hex()))
print('];')
print('/** What a unit of 2000 sectors answers. */')
print('export const goldenAnswers: readonly { readonly name: string; readonly cdb: string; readonly data: string }[] = [')
for name, raw, data in unit:
    print("  { name: '%s', cdb: '%s', data: '%s' }," % (name, raw.hex(), data.hex()))
print('];')
