/**
 * The record of a run as `report.json`, and back.
 */
import { RefusalError } from '../../protocol/refusals.js';
import { type RunRecord, runRecordSchema } from './run-record.js';

/** One line for each element of a list, so that large reports can be read, searched and compared line by line. */
export function reportJson(record: RunRecord): string {
  const fields = Object.entries(record).map(([name, value]) => `${JSON.stringify(name)}: ${fieldText(value)}`);
  return `{\n${fields.join(',\n')}\n}\n`;
}

/** Reads a report; refuses `configuration-invalid` with the place that is wrong. */
export function parseReport(text: string): RunRecord {
  const parsed = runRecordSchema.safeParse(json(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new RefusalError('configuration-invalid', `${issue?.path.join('.') || 'report'}: ${issue?.message}`);
}

function fieldText(value: unknown): string {
  if (!Array.isArray(value) || value.length === 0) return JSON.stringify(value);
  return `[\n${value.map((element) => `  ${JSON.stringify(element)}`).join(',\n')}\n]`;
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new RefusalError('configuration-invalid', 'the report is not JSON');
  }
}
