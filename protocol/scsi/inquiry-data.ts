/**
 * Inquiry data: the standard data and the vital product data pages 00h, 80h, 83h, B0h and B2h (SPC-4, clauses 6.6 and
 * 7.8; SBC-3, clause 6.5).
 */
import { unmapRangesMax } from './data-out.js';
import type { UnitIdentity, UnitLimits } from './unit-profile.js';

const deviceTypes = { present: 0x00, absent: 0x7f } as const;
const pages = [0x00, 0x80, 0x83, 0xb0, 0xb2] as const;

/** Standard inquiry data, 36 bytes: a direct access block device after SPC-4, or (`absent`) no unit at this LUN. */
export function standardInquiry(identity: UnitIdentity, unit: 'present' | 'absent' = 'present'): Buffer {
  const data = Buffer.alloc(36);
  data.writeUInt8(deviceTypes[unit], 0);
  data.writeUInt8(0x06, 2); // SPC-4
  data.writeUInt8(0x12, 3); // HISUP, response data format 2
  data.writeUInt8(data.length - 5, 4);
  data.writeUInt8(0x02, 7); // CMDQUE
  data.set(padded(identity.vendor, 8), 8);
  data.set(padded(identity.product, 16), 16);
  data.set(padded('1.0', 4), 32);
  return data;
}

/** A page of vital product data, or undefined where there is no such page. */
export function vitalProductData(page: number, identity: UnitIdentity, limits: UnitLimits): Buffer | undefined {
  switch (page) {
    case 0x00:
      return vitalPage(page, Buffer.from(pages));
    case 0x80:
      return vitalPage(page, Buffer.from(identity.serial, 'latin1'));
    case 0x83:
      return vitalPage(page, Buffer.concat([naaDesignator(identity), vendorDesignator(identity)]));
    case 0xb0:
      return vitalPage(page, blockLimits(limits));
    case 0xb2:
      // No threshold; LBPU, LBPWS, LBPWS10, LBPRZ; thin provisioned.
      return vitalPage(page, Buffer.from([0x00, 0xe4, 0x02, 0x00]));
    default:
      return undefined;
  }
}

function padded(text: string, lengthBytes: number): Buffer {
  return Buffer.from(text.padEnd(lengthBytes).slice(0, lengthBytes), 'latin1');
}

function vitalPage(page: number, body: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt8(page, 1);
  header.writeUInt16BE(body.length, 2);
  return Buffer.concat([header, body]);
}

function naaDesignator({ naa }: UnitIdentity): Buffer {
  const name = Buffer.from(naa, 'hex');
  return Buffer.concat([Buffer.from([0x01, 0x03, 0x00, name.length]), name]);
}

function vendorDesignator({ vendor, product, serial }: UnitIdentity): Buffer {
  const name = Buffer.concat([padded(vendor, 8), padded(product, 16), Buffer.from(serial, 'latin1')]);
  return Buffer.concat([Buffer.from([0x02, 0x01, 0x00, name.length]), name]);
}

/** Block limits page from its byte 4 on; the offsets are the standard's less 4. */
function blockLimits(limits: UnitLimits): Buffer {
  const physicalBlockSectors = 2 ** limits.physicalBlockExponent;
  const body = Buffer.alloc(60);
  body.writeUInt8(0x01, 0); // WSNZ: WRITE SAME of zero sectors is refused
  body.writeUInt8(limits.compareAndWriteSectorsMax, 1);
  body.writeUInt16BE(physicalBlockSectors, 2);
  body.writeUInt32BE(limits.transferSectorsMax, 4);
  body.writeUInt32BE(limits.transferSectorsMax, 8);
  body.writeUInt32BE(0xffffffff, 16); // UNMAP: any number of sectors
  body.writeUInt32BE(unmapRangesMax, 20);
  body.writeUInt32BE(physicalBlockSectors, 24);
  body.writeUInt32BE(0x80000000, 28); // UGAVALID, alignment 0
  return body; // maximum WRITE SAME length 0: not reported, since that of zeros has no limit
}
