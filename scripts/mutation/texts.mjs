/**
 * What Stryker leaves alone here: texts for people. No test holds their wording, and none should.
 *
 * A string is taken for such a text when it has a space in it (codes, kinds and states have none; phases such as
 * 'first half' are compared or assigned, and are not left alone), when it is what a field says of itself, when it is
 * the value of something called `detail`, or when it is in the getter `name` of an operation.
 */

const fieldsOfMessages = new Set([
  'u8',
  'u16',
  'u32',
  'u64',
  'flag',
  'text',
  'bytes',
  'fixedBytes',
  'choice',
  'group',
  'list',
]);
const statesAndCodes = new Set(['BinaryExpression', 'AssignmentExpression', 'SwitchCase', 'TSLiteralType']);

function hasSpace(node) {
  if (node.type === 'StringLiteral') return /\s/.test(node.value);
  return node.type === 'TemplateLiteral' && node.quasis.some(({ value }) => /\s/.test(value.raw));
}

function isText(node) {
  return node.type === 'StringLiteral' || node.type === 'TemplateLiteral';
}

function saysWhatAFieldIs(node, parent) {
  if (parent?.type !== 'CallExpression' || !fieldsOfMessages.has(parent.callee.name)) return false;
  return isText(node) && parent.arguments.at(-1) === node;
}

function isDetail(node, parent) {
  const name = parent?.key?.name ?? parent?.id?.name ?? parent?.left?.name;
  return isText(node) && name === 'detail' && parent.key !== node;
}

const isName = (node) => node.type === 'ClassMethod' && node.kind === 'get' && node.key.name === 'name';

function shouldIgnore({ node, parent }) {
  if (isName(node)) return 'the name of an operation, for people';
  if (saysWhatAFieldIs(node, parent)) return 'what a field says of itself, for people';
  if (isDetail(node, parent)) return 'the detail of a refusal, for people';
  if (hasSpace(node) && !statesAndCodes.has(parent?.type)) return 'a text for people';
  return undefined;
}

export const strykerPlugins = [{ kind: 'Ignore', name: 'texts', value: { shouldIgnore } }];
