/** YAML files that are checked against a schema, with the line and column of what is wrong. */
import { readFileSync } from 'node:fs';
import { isNode, LineCounter, parseDocument } from 'yaml';
import type * as z from 'zod';
import { RefusalError } from '../protocol/refusals.js';

/** Where a value stands in a file: keys and indices. */
export type YamlPath = readonly PropertyKey[];

export interface YamlFile {
  /** Its name in messages. */
  readonly name: string;
  readonly value: unknown;
  /** An error that names the place of this path, or of the nearest part of it that is there. */
  refuse(path: YamlPath, what: string): RefusalError;
}

/** Reads a file. Throws RefusalError `file-missing`, `file-unreadable`, `configuration-invalid`. */
export function readYaml(path: string): YamlFile {
  return parseYaml(path, contentsOf(path));
}

/** Takes the text of a file apart; throws RefusalError `configuration-invalid` with line and column. */
export function parseYaml(name: string, text: string): YamlFile {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  const invalid = (offset: number, what: string) => {
    const { line, col } = lineCounter.linePos(offset);
    return new RefusalError('configuration-invalid', `${name}:${line}:${col}: ${what}`);
  };
  const [error] = document.errors;
  if (error !== undefined) throw invalid(error.pos[0], error.message);
  return {
    name,
    value: document.toJS(),
    refuse: (path, what) => {
      for (let length = path.length; length >= 0; length -= 1) {
        const node = document.getIn(path.slice(0, length), true);
        if (isNode(node) && node.range) return invalid(node.range[0], what);
      }
      return invalid(0, what);
    },
  };
}

/**
 * Checks a value of a file. `placeOf` says where in the file a part of the value stands, when it has been rearranged.
 * Throws RefusalError `configuration-invalid` for the first thing that is wrong.
 */
export function checkYaml<Schema extends z.ZodType>(
  file: YamlFile,
  schema: Schema,
  value: unknown = file.value,
  placeOf: (path: YamlPath) => YamlPath = (path) => path,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = placeOf(issue?.path ?? []);
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const where = unknown === undefined ? path : [...path, unknown];
  throw file.refuse(where, `${where.map(String).join('.') || 'file'}: ${issue?.message ?? 'invalid'}`);
}

function contentsOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new RefusalError('file-missing', path);
    throw new RefusalError('file-unreadable', `${path}: ${message}`);
  }
}
