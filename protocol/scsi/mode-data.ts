/**
 * MODE SENSE: header, block descriptor, the caching page (08h) and the control page (0Ah) (SPC-4, clause 7.5; SBC-3,
 * clause 6.4). Nothing can be changed: there is no MODE SELECT.
 */
import { sectorBytes } from '../ids.js';
import type { CdbCommand, PageControl } from './cdb.js';
import { senseOf } from './conditions.js';
import { invalidField, type Parsed } from './parsed.js';

type ModeSense = Extract<CdbCommand, { readonly op: 'modeSense' }>;

export interface ModeState {
  readonly capacitySectors: number;
  readonly writeCacheEnabled: boolean;
  readonly writeProtected: boolean;
}

/** Mode parameter data, not yet cut to the allocation length; refuses pages that don't exist, and saved values. */
export function modeData(command: ModeSense, state: ModeState): Parsed<Buffer> {
  if (command.control === 'saved') return { ok: false, sense: senseOf('savingNotSupported') };
  const pages = pagesAsked(command, state);
  if (pages === undefined) return invalidField(2, 5);
  if (command.subpage !== 0x00 && command.subpage !== 0xff) return invalidField(3);
  const descriptor = command.blockDescriptor ? blockDescriptor(state) : Buffer.alloc(0);
  const header = modeHeader(command.form, state, descriptor.length);
  const data = Buffer.concat([header, descriptor, ...pages]);
  // MODE DATA LENGTH counts what follows itself.
  if (command.form === 6) data.writeUInt8(data.length - 1, 0);
  else data.writeUInt16BE(data.length - 2, 0);
  return { ok: true, value: data };
}

function pagesAsked({ page, control }: ModeSense, state: ModeState): Buffer[] | undefined {
  switch (page) {
    case 0x08:
      return [cachingPage(control, state)];
    case 0x0a:
      return [controlPage(control)];
    case 0x3f:
      return [cachingPage(control, state), controlPage(control)];
    default:
      return undefined;
  }
}

function cachingPage(control: PageControl, { writeCacheEnabled }: ModeState): Buffer {
  const page = Buffer.alloc(20);
  page.writeUInt8(0x08, 0);
  page.writeUInt8(page.length - 2, 1);
  if (control !== 'changeable' && writeCacheEnabled) page.writeUInt8(0x04, 2); // WCE
  return page;
}

function controlPage(control: PageControl): Buffer {
  const page = Buffer.alloc(12);
  page.writeUInt8(0x0a, 0);
  page.writeUInt8(page.length - 2, 1);
  if (control !== 'changeable') page.writeUInt8(0x10, 3); // queue algorithm: commands may be reordered
  return page;
}

function modeHeader(form: 6 | 10, { writeProtected }: ModeState, descriptorBytes: number): Buffer {
  const deviceSpecific = (writeProtected ? 0x80 : 0) | 0x10; // WP, DPOFUA
  const header = Buffer.alloc(form === 6 ? 4 : 8);
  header.writeUInt8(deviceSpecific, form === 6 ? 2 : 3);
  if (form === 6) header.writeUInt8(descriptorBytes, 3);
  else header.writeUInt16BE(descriptorBytes, 6);
  return header;
}

/** The short block descriptor of direct access devices. */
function blockDescriptor({ capacitySectors }: ModeState): Buffer {
  const descriptor = Buffer.alloc(8);
  descriptor.writeUInt32BE(Math.min(capacitySectors, 0xffffffff), 0);
  descriptor.writeUIntBE(sectorBytes, 5, 3);
  return descriptor;
}
