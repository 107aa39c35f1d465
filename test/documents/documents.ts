/**
 * The documents that are generated from code. A test fails when one on disk is not what the code says; `npm run
 * documents` writes them anew.
 */
import { readFileSync } from 'node:fs';
import { instructionsDocument } from '../../firmware-sim/controller/instructions-document.js';
import { recoveryDocument } from '../../firmware-sim/controller/recovery-document.js';
import { benchSchemaDocument } from '../../hil/bench/bench-schema.js';
import { exitCodesDocument } from '../../hil/cli/exit-codes-document.js';
import { conformanceDocument } from '../../hil/conform/document.js';
import { statusSchemaDocument } from '../../host/status.js';
import { dissectorDocument, dissectorParts } from '../../protocol/dissector/document.js';
import { messagesDocument } from '../../protocol/message/document.js';
import { goldenTracesDocument } from '../hil/simulate/golden-traces.js';

export interface GeneratedDocument {
  /** Where it stands, from the root of the repository. */
  readonly path: string;
  text(): string;
}

export const documents: readonly GeneratedDocument[] = [
  { path: 'protocol/MESSAGES.md', text: messagesDocument },
  { path: 'protocol/dissector/coldframe.lua', text: () => dissectorDocument(dissectorParts.map(partOf)) },
  { path: 'docs/instructions.md', text: instructionsDocument },
  { path: 'docs/recovery.md', text: recoveryDocument },
  { path: 'docs/exit-codes.md', text: exitCodesDocument },
  { path: 'docs/conformance.md', text: conformanceDocument },
  { path: 'docs/status.schema.json', text: statusSchemaDocument },
  { path: 'docs/bench.schema.json', text: benchSchemaDocument },
  // The same under every version of Node: one that differs tells of a difference between versions.
  { path: 'test/hil/simulate/golden-traces.json', text: goldenTracesDocument },
];

function partOf(name: string): string {
  return readFileSync(locationOf({ path: `protocol/dissector/${name}.lua` }), 'utf8');
}

/** Where a document stands on disk, seen from the built files. */
export function locationOf({ path }: Pick<GeneratedDocument, 'path'>): URL {
  return new URL(`../../../${path}`, import.meta.url);
}
