/**
 * The conditions that our devices report, each with its sense key and additional sense code (SPC-4, annex D).
 */
import type { Completion } from './commands.js';
import type { FieldPointer, Sense, SenseKey } from './sense.js';

interface Condition {
  readonly key: SenseKey;
  readonly asc: number;
  readonly ascq: number;
  /** The standard's name of the additional sense code. */
  readonly meaning: string;
}

const row = (key: SenseKey, asc: number, ascq: number, meaning: string): Condition => ({ key, asc, ascq, meaning });

export const conditions = {
  noSense: row('noSense', 0x00, 0x00, 'NO ADDITIONAL SENSE INFORMATION'),
  becomingReady: row('notReady', 0x04, 0x01, 'LOGICAL UNIT IS IN PROCESS OF BECOMING READY'),
  stopped: row('notReady', 0x04, 0x02, 'LOGICAL UNIT NOT READY, INITIALIZING COMMAND REQUIRED'),
  interventionRequired: row('notReady', 0x04, 0x03, 'LOGICAL UNIT NOT READY, MANUAL INTERVENTION REQUIRED'),
  notReady: row('notReady', 0x04, 0x00, 'LOGICAL UNIT NOT READY, CAUSE NOT REPORTABLE'),
  standby: row('notReady', 0x04, 0x0b, 'LOGICAL UNIT NOT ACCESSIBLE, TARGET PORT IN STANDBY STATE'),
  writeError: row('mediumError', 0x0c, 0x00, 'WRITE ERROR'),
  unrecoveredReadError: row('mediumError', 0x11, 0x00, 'UNRECOVERED READ ERROR'),
  recoveredRead: row('recoveredError', 0x17, 0x01, 'RECOVERED DATA WITH RETRIES'),
  hardwareFailure: row('hardwareError', 0x44, 0x00, 'INTERNAL TARGET FAILURE'),
  parameterListLength: row('illegalRequest', 0x1a, 0x00, 'PARAMETER LIST LENGTH ERROR'),
  invalidOpcode: row('illegalRequest', 0x20, 0x00, 'INVALID COMMAND OPERATION CODE'),
  lbaOutOfRange: row('illegalRequest', 0x21, 0x00, 'LOGICAL BLOCK ADDRESS OUT OF RANGE'),
  invalidFieldInCdb: row('illegalRequest', 0x24, 0x00, 'INVALID FIELD IN CDB'),
  unsupportedLun: row('illegalRequest', 0x25, 0x00, 'LOGICAL UNIT NOT SUPPORTED'),
  invalidFieldInParameterList: row('illegalRequest', 0x26, 0x00, 'INVALID FIELD IN PARAMETER LIST'),
  savingNotSupported: row('illegalRequest', 0x39, 0x00, 'SAVING PARAMETERS NOT SUPPORTED'),
  insufficientResources: row('illegalRequest', 0x55, 0x03, 'INSUFFICIENT RESOURCES'),
  powerOn: row('unitAttention', 0x29, 0x00, 'POWER ON, RESET, OR BUS DEVICE RESET OCCURRED'),
  unitReset: row('unitAttention', 0x29, 0x03, 'BUS DEVICE RESET FUNCTION OCCURRED'),
  capacityChanged: row('unitAttention', 0x2a, 0x09, 'CAPACITY DATA HAS CHANGED'),
  commandsCleared: row('unitAttention', 0x2f, 0x00, 'COMMANDS CLEARED BY ANOTHER INITIATOR'),
  writeProtected: row('dataProtect', 0x27, 0x00, 'WRITE PROTECTED'),
  spaceExhausted: row('dataProtect', 0x27, 0x07, 'SPACE ALLOCATION FAILED WRITE PROTECT'),
  invalidInformationUnit: row('abortedCommand', 0x0e, 0x03, 'INVALID FIELD IN COMMAND INFORMATION UNIT'),
  unitFailure: row('abortedCommand', 0x44, 0x00, 'INTERNAL TARGET FAILURE'),
  dataPhaseError: row('abortedCommand', 0x4b, 0x00, 'DATA PHASE ERROR'),
  tooMuchWriteData: row('abortedCommand', 0x4b, 0x02, 'TOO MUCH WRITE DATA'),
  dataOffsetError: row('abortedCommand', 0x4b, 0x05, 'DATA OFFSET ERROR'),
  overlappedCommands: row('abortedCommand', 0x4e, 0x00, 'OVERLAPPED COMMANDS ATTEMPTED'),
  miscompare: row('miscompare', 0x1d, 0x00, 'MISCOMPARE DURING VERIFY OPERATION'),
} as const satisfies Readonly<Record<string, Condition>>;

export type ConditionName = keyof typeof conditions;

export interface ConditionDetails {
  readonly information?: number;
  readonly field?: FieldPointer;
}

/** Sense data of a named condition. */
export function senseOf(name: ConditionName, details: ConditionDetails = {}): Sense {
  const { key, asc, ascq } = conditions[name];
  return { key, asc, ascq, ...details };
}

/** A command that ends with CHECK CONDITION and this condition. */
export function checkCondition(
  name: ConditionName,
  details: ConditionDetails = {},
): Extract<Completion, { readonly status: 'checkCondition' }> {
  return { status: 'checkCondition', sense: senseOf(name, details) };
}

/** Whether this sense data reports that condition. */
export function isCondition(sense: Sense, name: ConditionName): boolean {
  const { key, asc, ascq } = conditions[name];
  return sense.key === key && sense.asc === asc && sense.ascq === ascq;
}

const hexadecimal = (value: number) => `${value.toString(16).padStart(2, '0').toUpperCase()}h`;

/** One line for people: `ILLEGAL REQUEST, 21h/00h LOGICAL BLOCK ADDRESS OUT OF RANGE, information 4096`. */
export function describeSense(sense: Sense): string {
  const key = sense.key.replace(/[A-Z]/g, ' $&').toUpperCase();
  const known = Object.values<Condition>(conditions).find((each) => each.asc === sense.asc && each.ascq === sense.ascq);
  const code = `${hexadecimal(sense.asc)}/${hexadecimal(sense.ascq)}${known === undefined ? '' : ` ${known.meaning}`}`;
  const information = sense.information === undefined ? '' : `, information ${sense.information}`;
  return `${key}, ${code}${information}${describeField(sense.field)}`;
}

function describeField(field: FieldPointer | undefined): string {
  if (field === undefined) return '';
  const place = field.part === 'cdb' ? 'the CDB' : 'the data out';
  return `, byte ${field.byte}${field.bit === undefined ? '' : ` bit ${field.bit}`} of ${place}`;
}
