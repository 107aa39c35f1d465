import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { documents, locationOf } from './documents.js';

describe('generated documents', () => {
  for (const document of documents) {
    it(`${document.path} is what the code says (npm run documents)`, () => {
      expect(readFileSync(locationOf(document), 'utf8')).to.equal(document.text());
    });
  }
});
