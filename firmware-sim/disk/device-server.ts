/**
 * Everything that a SCSI logical unit answers without its medium (SPC-4, SBC-3), and the checks that a medium command
 * passes before it is carried out. Shared by the emulated disk and by the host ports of the controllers, which present
 * volumes as logical units.
 */
import { unreachable } from '../../protocol/ids.js';
import { capacityData10, capacityData16, lunsData } from '../../protocol/scsi/capacity-data.js';
import { type CdbCommand, dataOutBytes, parseCdb, type UnitCommand } from '../../protocol/scsi/cdb.js';
import type { Completion, MediumCommand } from '../../protocol/scsi/commands.js';
import { type ConditionName, checkCondition, senseOf } from '../../protocol/scsi/conditions.js';
import { type MediumCdbCommand, mediumCommandOf } from '../../protocol/scsi/data-out.js';
import { standardInquiry, vitalProductData } from '../../protocol/scsi/inquiry-data.js';
import { modeData } from '../../protocol/scsi/mode-data.js';
import { operationData } from '../../protocol/scsi/operation-data.js';
import { invalidField, type Parsed } from '../../protocol/scsi/parsed.js';
import { encodeSense, type Sense } from '../../protocol/scsi/sense.js';
import { defaultLimits, type UnitIdentity, type UnitLimits } from '../../protocol/scsi/unit-profile.js';
import { mediumFault } from './medium-limits.js';

export interface DeviceServerOptions {
  readonly identity: UnitIdentity;
  readonly capacitySectors: number;
  /** WCE of the caching page: GOOD of a write doesn't mean durable. */
  readonly writeCacheEnabled: boolean;
  readonly limits?: UnitLimits;
  /** What REPORT LUNS lists; `[0]` unless told otherwise. */
  readonly luns?: readonly number[];
}

export type ServerOutcome =
  /** The command has ended. */
  | { readonly kind: 'answer'; readonly completion: Completion }
  /** In order and to be carried out; its completion is the command's. START STOP UNIT becomes a SYNCHRONIZE CACHE. */
  | { readonly kind: 'medium'; readonly command: MediumCommand };

/** A logical unit without its medium. One initiator is enough: each line has its own unit attentions. */
export class DeviceServer {
  /** The medium is spun down; medium commands end with NOT READY. */
  stopped = false;
  /** Why medium commands and TEST UNIT READY end with NOT READY apart from `stopped`; undefined when ready. */
  notReady: Sense | undefined;
  writeProtected = false;
  readonly #options: DeviceServerOptions;
  readonly #limits: UnitLimits;
  #attentions: Sense[] = [];

  constructor(options: DeviceServerOptions) {
    this.#options = options;
    this.#limits = options.limits ?? defaultLimits;
  }

  get capacitySectors(): number {
    return this.#options.capacitySectors;
  }

  /** Raises a unit attention; a power on or reset replaces those that wait. */
  attend(condition: ConditionName & ('powerOn' | 'unitReset' | 'capacityChanged' | 'commandsCleared')): void {
    if (condition === 'powerOn' || condition === 'unitReset') this.#attentions = [];
    this.#attentions.push(senseOf(condition));
  }

  /** Power came on: started, with unit attention 29h/00h. */
  powerOn(): void {
    this.stopped = false;
    this.attend('powerOn');
  }

  /** Takes a command with all its data out, which it keeps by reference. */
  execute(cdb: Uint8Array, dataOut: Uint8Array): ServerOutcome {
    const attention = passesAttention(cdb) ? undefined : this.#attentions.shift();
    if (attention !== undefined) return refuse(attention);
    const parsed = parseCdb(cdb);
    if (!parsed.ok) return refuse(parsed.sense);
    const command = parsed.value;
    if (dataOut.length !== dataOutBytes(command)) return answer(checkCondition('invalidInformationUnit'));
    return isUnitCommand(command) ? this.#answerUnit(command) : this.#checkMedium(command, dataOut);
  }

  #checkMedium(command: MediumCdbCommand, dataOut: Uint8Array): ServerOutcome {
    const medium = mediumCommandOf(command, dataOut);
    if (!medium.ok) return refuse(medium.sense);
    const bounds = { capacitySectors: this.capacitySectors, limits: this.#limits };
    const fault = this.#readiness() ?? mediumFault(medium.value, bounds) ?? this.#protection(medium.value);
    return fault === undefined ? { kind: 'medium', command: medium.value } : refuse(fault);
  }

  #readiness(): Sense | undefined {
    return this.stopped ? senseOf('stopped') : this.notReady;
  }

  #protection(command: MediumCommand): Sense | undefined {
    if (!this.writeProtected || !writes.has(command.op)) return undefined;
    return senseOf('writeProtected');
  }

  #answerUnit(command: UnitCommand): ServerOutcome {
    switch (command.op) {
      case 'testUnitReady': {
        const fault = this.#readiness();
        return fault === undefined ? good(Buffer.alloc(0), 0) : refuse(fault);
      }
      case 'requestSense':
        return good(
          encodeSense(this.#attentions.shift() ?? this.#readiness() ?? senseOf('noSense')),
          command.allocationBytes,
        );
      case 'inquiry':
        return this.#inquiry(command);
      case 'reportLuns':
        return good(lunsData(command.select === 1 ? [] : (this.#options.luns ?? [0])), command.allocationBytes);
      case 'readCapacity': {
        const { capacitySectors } = this;
        if (command.form === 10) return good(capacityData10(capacitySectors), command.allocationBytes);
        return good(capacityData16(capacitySectors, this.#limits), command.allocationBytes);
      }
      case 'modeSense': {
        const { capacitySectors, writeProtected } = this;
        const { writeCacheEnabled } = this.#options;
        return parameterData(modeData(command, { capacitySectors, writeCacheEnabled, writeProtected }), command);
      }
      case 'startStopUnit':
        return this.#startStop(command);
      case 'reportOperationCodes':
        return parameterData(operationData(command.which), command);
      default:
        return unreachable(command);
    }
  }

  #inquiry({ page, allocationBytes }: Extract<UnitCommand, { readonly op: 'inquiry' }>): ServerOutcome {
    const { identity } = this.#options;
    if (page === undefined) return good(standardInquiry(identity), allocationBytes);
    const data = vitalProductData(page, identity, this.#limits);
    return data === undefined ? refuse(invalidField(2, 7).sense) : good(data, allocationBytes);
  }

  /** Stopping flushes the cache first, unless told not to; the unit counts as stopped from here on. */
  #startStop({ start, flush }: Extract<UnitCommand, { readonly op: 'startStopUnit' }>): ServerOutcome {
    const stopping = !start && !this.stopped;
    this.stopped = !start;
    if (stopping && flush) return { kind: 'medium', command: { op: 'synchronizeCache', lba: 0, sectors: 0 } };
    return good(Buffer.alloc(0), 0);
  }
}

/** What is answered for a logical unit number where there is no unit: INQUIRY and REPORT LUNS only (SPC-4, clause 6.6.2). */
export function answerAbsentUnit(cdb: Uint8Array, identity: UnitIdentity, luns: readonly number[]): Completion {
  const parsed = parseCdb(cdb);
  if (!parsed.ok) return { status: 'checkCondition', sense: parsed.sense };
  const command = parsed.value;
  if (command.op === 'inquiry' && command.page === undefined) {
    return { status: 'good', data: standardInquiry(identity, 'absent').subarray(0, command.allocationBytes) };
  }
  if (command.op === 'reportLuns') {
    return { status: 'good', data: lunsData(command.select === 1 ? [] : luns).subarray(0, command.allocationBytes) };
  }
  return checkCondition('unsupportedLun');
}

const writes: ReadonlySet<MediumCommand['op']> = new Set(['write', 'writeSame', 'unmap', 'compareAndWrite']);

/** INQUIRY, REPORT LUNS and REQUEST SENSE are carried out although a unit attention waits (SAM-5, clause 5.14). */
function passesAttention(cdb: Uint8Array): boolean {
  return cdb[0] === 0x12 || cdb[0] === 0xa0 || cdb[0] === 0x03;
}

const mediumOperations: ReadonlySet<CdbCommand['op']> = new Set<MediumCdbCommand['op']>([
  'read',
  'write',
  'verify',
  'writeSame',
  'unmap',
  'compareAndWrite',
  'synchronizeCache',
  'getLbaStatus',
]);

function isUnitCommand(command: CdbCommand): command is UnitCommand {
  return !mediumOperations.has(command.op);
}

function answer(completion: Completion): ServerOutcome {
  return { kind: 'answer', completion };
}

function refuse(sense: Sense): ServerOutcome {
  return answer({ status: 'checkCondition', sense });
}

function good(data: Buffer, allocationBytes: number): ServerOutcome {
  return answer({ status: 'good', data: data.subarray(0, allocationBytes) });
}

function parameterData(data: Parsed<Buffer>, command: { readonly allocationBytes: number }): ServerOutcome {
  return data.ok ? good(data.value, command.allocationBytes) : refuse(data.sense);
}
