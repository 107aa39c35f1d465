/**
 * What is wrong with a value, in words for who wrote the file: what stands there, what may stand there, and the nearest
 * right word.
 */
import * as z from 'zod';
import { nearestWord } from './nearest-word.js';
import type { YamlPath, YamlProblem } from './yaml-file.js';

export interface Findings {
  readonly issues: readonly z.core.$ZodIssue[];
  readonly schema: z.ZodType;
  /** What was checked. */
  readonly value: unknown;
}

/** The problems behind the issues of a schema, at least one for each. */
export function problemsOf({ issues, schema, value }: Findings): YamlProblem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, [], { schema, value }));
}

type Checked = Omit<Findings, 'issues'>;

function problemsOfIssue(issue: z.core.$ZodIssue, before: YamlPath, checked: Checked): YamlProblem[] {
  const path = [...before, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const names = namesAt(z.toJSONSchema(checked.schema, jsonOptions), path, checked.value);
      return issue.keys.map((key) => ({ path: [...path, key], what: unknownName(key, names), isName: true }));
    }
    case 'invalid_value':
      return [{ path, what: noneOf(valueAt(checked.value, path), issue.values.map(String)) }];
    case 'invalid_union':
      return problemsOfUnion(issue, path, checked);
    case 'invalid_type':
      return [{ path, what: wrongType(valueAt(checked.value, path), issue.expected) }];
    case 'too_small':
    case 'too_big':
      return [{ path, what: outside(issue, valueAt(checked.value, path)) }];
    default:
      return [{ path, what: issue.message }];
  }
}

/** In our words, unless the schema has its own. */
function outside(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig, value: unknown): string {
  if (!issue.message.startsWith('Too ') || typeof value !== 'number') return issue.message;
  const { inclusive = true } = issue;
  const bound =
    issue.code === 'too_small'
      ? `${inclusive ? 'at least' : 'more than'} ${issue.minimum}`
      : `${inclusive ? 'at most' : 'less than'} ${issue.maximum}`;
  return `${shown(value)} is out of range; it is ${bound}`;
}

/** Transforms are no matter here: only what may be written counts. */
const jsonOptions = { io: 'input', unrepresentable: 'any' } as const;

type UnionIssue = Extract<z.core.$ZodIssue, { code: 'invalid_union' }>;

/** A value that is one of several kinds: it is held against the kind that it looks like. */
function problemsOfUnion(issue: UnionIssue, path: YamlPath, checked: Checked): YamlProblem[] {
  const value = valueAt(checked.value, path);
  if ('options' in issue && Array.isArray(issue.options))
    return [{ path, what: noneOf(value, issue.options.map(String)) }];
  const isOfKind = (issues: readonly z.core.$ZodIssue[]) =>
    !issues.some(({ code, path: at }) => code === 'invalid_type' && at.length === 0);
  const meant = issue.errors.find(isOfKind);
  if (meant !== undefined) return meant.flatMap((each) => problemsOfIssue(each, path, checked));
  const expected = issue.errors.flatMap((issues) =>
    issues.flatMap((each) => ('expected' in each ? [each.expected] : [])),
  );
  return [{ path, what: wrongType(value, ...expected) }];
}

const typeNames: Readonly<Record<string, string>> = {
  object: 'a mapping, as in {name: value}',
  array: 'a list, as in [one, two]',
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function wrongType(value: unknown, ...expected: readonly string[]): string {
  const words = [...new Set(expected.map((each) => typeNames[each] ?? each))].join(' or ');
  return value === undefined ? `is missing; it is ${words}` : `${shown(value)} is not ${words}`;
}

function noneOf(value: unknown, words: readonly string[]): string {
  if (value === undefined) return `is missing; it is one of ${words.join(', ')}`;
  return `${shown(value)} is none of ${words.join(', ')}${meant(String(value), words)}`;
}

function unknownName(name: string, names: readonly string[]): string {
  const near = meant(name, names);
  if (names.length === 0) return 'there is no such name';
  return `there is no such name${near}${near === '' ? '; there' : ' There'} are ${names.join(', ')}`;
}

function meant(word: string, words: readonly string[]): string {
  const near = nearestWord(word, words);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** Characters of a value that are shown. */
const shownMax = 60;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= shownMax ? text : `${text.slice(0, shownMax - 1)}…`;
}

function valueAt(value: unknown, path: YamlPath): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return at;
}

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The names that a mapping at this path may have, by the schema in all forms that fit what is there. */
function namesAt(root: JsonSchema, path: YamlPath, value: unknown): string[] {
  let reached = formsOf(root, root, value);
  for (const [index, key] of path.entries()) {
    const inner = valueAt(value, path.slice(0, index + 1));
    reached = reached.flatMap((schema) => {
      const next = typeof key === 'number' ? schema.items : schema.properties?.[String(key)];
      return isSchema(next) ? formsOf(next, root, inner) : [];
    });
  }
  const names = reached.flatMap(({ properties = {} }) =>
    Object.entries(properties).flatMap(([name, schema]) => (constOf(schema) === undefined ? [name] : [])),
  );
  return [...new Set(names)];
}

/** A schema itself, or those of its choices that a value fits by its constants; references are followed. */
function formsOf(schema: JsonSchema, root: JsonSchema, value: unknown): JsonSchema[] {
  const { $ref, anyOf, oneOf } = schema;
  if ($ref !== undefined) {
    const target = $ref === '#' ? root : root.$defs?.[$ref.replace('#/$defs/', '')];
    return target === undefined ? [] : formsOf(target, root, value);
  }
  const choices = anyOf ?? oneOf;
  if (choices !== undefined) return choices.flatMap((choice) => (isSchema(choice) ? formsOf(choice, root, value) : []));
  const isOther = Object.entries(schema.properties ?? {}).some(([name, property]) => {
    const constant = constOf(property);
    return constant !== undefined && constant !== valueAt(value, [name]);
  });
  return isOther ? [] : [schema];
}

function constOf(schema: unknown): unknown {
  return isSchema(schema) ? schema.const : undefined;
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
