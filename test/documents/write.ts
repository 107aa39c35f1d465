/**
 * Writes every generated document: `npm run documents`.
 */
import { writeFileSync } from 'node:fs';
import { documents, locationOf } from './documents.js';

for (const document of documents) {
  writeFileSync(locationOf(document), document.text());
  console.log(`wrote ${document.path}`);
}
