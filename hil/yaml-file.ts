/**
 * YAML files that are checked against a schema, with the line and column of what is wrong.
 *
 * They are YAML 1.2 whatever their directives say. Files written by hand are short and flat; the limits are far from
 * those and near enough that no file, such as a disk image given by mistake, takes long or much memory to refuse.
 */

import { closeSync, openSync, readSync } from 'node:fs';
import { type CST, type Document, isMap, isNode, isScalar, LineCounter, type Node, Parser, parseDocument } from 'yaml';
import type * as z from 'zod';
import { fileRefusal } from '../host/golden/file-refusal.js';
import { RefusalError } from '../protocol/refusals.js';
import { problemsOf } from './yaml-problems.js';

/** Where a value stands in a file: keys and indices. */
export type YamlPath = readonly PropertyKey[];

/** One thing that is wrong in a file. */
export interface YamlProblem {
  readonly path: YamlPath;
  readonly what: string;
  /** It is the name at the end of the path that is wrong, not what stands there. */
  readonly isName?: boolean;
}

/** The longest file, in bytes. The parser's time grows with the square of the number of keys. */
export const yamlBytesMax = 65_536;
/** How deep values may stand in each other; an alias within its own anchor makes them endlessly deep. */
const depthMax = 64;

/** More problems than these are only counted. */
const problemsMax = 20;

export interface YamlFile {
  /** Its name in messages. */
  readonly name: string;
  readonly value: unknown;
  /** An error that names the place of this path, or of the nearest part of it that is there. */
  refuse(path: YamlPath, what: string): RefusalError;
  /** One error that names them all, a line each, in the order in which they stand in the file. */
  refuseAll(problems: readonly YamlProblem[]): RefusalError;
}

/** Where something stands: lines and columns count from 1. */
export interface Place {
  readonly line: number;
  readonly col: number;
}

/** A file whose values have places, or none. */
export function fileWithPlaces(
  name: string,
  value: unknown,
  placeOf: (problem: YamlProblem) => Place | undefined,
): YamlFile {
  const refuseAll = (problems: readonly YamlProblem[]) => {
    const placed = problems.map((problem) => ({ place: placeOf(problem), what: problem.what }));
    placed.sort((a, b) => (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.col ?? 0) - (b.place?.col ?? 0));
    const lines = placed.slice(0, problemsMax).map(({ place, what }) => {
      const where = place === undefined ? name : `${name}:${place.line}:${place.col}`;
      // What the file holds must not steer the terminal, nor look like another line.
      return `${where}: ${what.replace(/\p{Cc}/gu, ' ')}`;
    });
    const more = placed.length - lines.length;
    return new RefusalError('configuration-invalid', [...lines, ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
  };
  return { name, value, refuse: (path, what) => refuseAll([{ path, what }]), refuseAll };
}

/** Reads a file. Throws RefusalError `file-missing`, `file-unreadable`, `configuration-invalid`. */
export function readYaml(path: string): YamlFile {
  return parseYaml(path, contentsOf(path));
}

/** Takes the text of a file apart; throws RefusalError `configuration-invalid` with line and column. */
export function parseYaml(name: string, text: string): YamlFile {
  const lineCounter = new LineCounter();
  if (Buffer.byteLength(text) > yamlBytesMax) {
    throw new RefusalError('configuration-invalid', `${name}: longer than ${yamlBytesMax} bytes`);
  }
  // Before the parser's next stage, which calls itself for each: near the end of the stack V8 gives up the whole process.
  if (isNestedDeeper(text, depthMax)) {
    throw new RefusalError('configuration-invalid', `${name}: nested more than ${depthMax} deep`);
  }
  const document = parseDocument(text, { lineCounter, prettyErrors: false, ...yaml12 });
  if (document.errors.length > 0) {
    const errors = document.errors.map(({ pos, message }) => ({ path: [pos[0]], what: message }));
    throw fileWithPlaces(name, undefined, ({ path }) => lineCounter.linePos(Number(path[0]))).refuseAll(errors);
  }
  const placeOf = ({ path, isName }: YamlProblem) => {
    return lineCounter.linePos((isName === true ? nameIn(document, path) : undefined) ?? offsetIn(document, path));
  };
  const { refuse } = fileWithPlaces(name, undefined, placeOf);
  const value = valueOfDocument(document, (what) => refuse([], what));
  if (isDeeper(value, depthMax)) throw refuse([], `values stand more than ${depthMax} deep in each other`);
  return fileWithPlaces(name, value, placeOf);
}

/** Where the value of a path stands, or the nearest part of the path that is there. */
function offsetIn(document: Document, path: YamlPath): number {
  for (let length = path.length; length > 0; length -= 1) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}

/** Where the name of a path's last part stands. */
function nameIn(document: Document, path: YamlPath): number | undefined {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap<Node>(parent)) return undefined;
  const pair = parent.items.find(({ key }) => isScalar(key) && String(key.value) === path.at(-1));
  return pair?.key.range?.[0];
}

const yaml12 = { schema: 'core', merge: false, resolveKnownTags: false, logLevel: 'error' } as const;

function valueOfDocument(document: Document, invalid: (what: string) => RefusalError): unknown {
  try {
    return document.toJS();
  } catch (error) {
    // What the parser throws for an alias without an anchor, and for aliases that stand for too much.
    if (!(error instanceof ReferenceError)) throw error;
    throw invalid(error.message);
  }
}

function isNestedDeeper(text: string, depth: number): boolean {
  const waiting: { readonly token: CST.Token; readonly depth: number }[] = [];
  for (const token of new Parser().parse(text)) waiting.push({ token, depth: 0 });
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.depth > depth) return true;
    for (const token of tokensIn(next.token)) waiting.push({ token, depth: next.depth + 1 });
  }
  return false;
}

function tokensIn(token: CST.Token): CST.Token[] {
  if ('items' in token) return token.items.flatMap(({ key, value }) => [key, value].filter((each) => each != null));
  return token.type === 'document' && token.value !== undefined ? [token.value] : [];
}

function isDeeper(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return depth === 0 || Object.values(value).some((each) => isDeeper(each, depth - 1));
}

/**
 * Checks a value of a file. `placeOf` says where in the file a part of the value stands, when it has been rearranged.
 * Throws RefusalError `configuration-invalid` that names everything that is wrong.
 */
export function checkYaml<Schema extends z.ZodType>(
  file: YamlFile,
  schema: Schema,
  value: unknown = file.value,
  placeOf: (path: YamlPath) => YamlPath = (path) => path,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = problemsOf({ issues: parsed.error.issues, schema, value });
  throw file.refuseAll(
    problems.map(({ path, what, isName }) => {
      const place = placeOf(path);
      const named = `${place.map(String).join('.') || 'file'}: ${what}`;
      return { path: place, what: named, ...(isName === undefined ? {} : { isName }) };
    }),
  );
}

function contentsOf(path: string): string {
  try {
    return beginningOf(path).toString('utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new RefusalError('file-missing', path);
    throw fileRefusal('file-unreadable', path, error);
  }
}

/** The contents, or enough of them to be refused for their length. */
function beginningOf(path: string): Buffer {
  const contents = Buffer.alloc(yamlBytesMax + 1);
  const fd = openSync(path, 'r');
  try {
    let length = 0;
    for (let read = -1; read !== 0 && length < contents.length; length += read) {
      read = readSync(fd, contents, length, contents.length - length, null);
    }
    return contents.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}
