/** A strict reader of XML for the tests: an own one, so that our writer is not checked by itself. */
import { strict as assert } from 'node:assert';

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Element[];
  text: string;
}

const characters = /^(?:[\t\n\r\u0020-\ud7ff\ue000-\ufffd]|[\ud800-\udbff][\udc00-\udfff])*$/;
const token = /<\?xml [^>]*\?>|<!doctype html>|<(\/?)([A-Za-z][\w-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/gy;

/** The root element; throws when the text is not well-formed (XML 1.0, without comments, CDATA and own entities). */
export function parseXml(text: string): Element {
  assert.match(text, characters, 'only characters that XML allows');
  const document: Element = { name: '', attributes: {}, children: [], text: '' };
  const open = [document];
  token.lastIndex = 0;
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    assert(match, `no markup at ${at}: ${text.slice(at, at + 60)}`);
    const [, closing, name = '', attributeText = '', empty, content] = match;
    const parent = open.at(-1) ?? document;
    if (content !== undefined) parent.text += unescaped(content);
    else if (closing === '/') assert.equal(open.pop()?.name, name, `end tag at ${at}`);
    else if (name !== '') {
      const element: Element = { name, attributes: attributesOf(attributeText), children: [], text: '' };
      parent.children.push(element);
      if (empty !== '/') open.push(element);
    }
  }
  assert.equal(open.length, 1, 'every element is closed');
  const root = document.children[0];
  assert(root && document.children.length === 1, 'one root');
  return root;
}

function attributesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([\w:-]+)="([^"]*)"/g)) {
    assert(!(name in found), `attribute ${name} stands once`);
    found[name] = unescaped(value);
  }
  return found;
}

function unescaped(text: string): string {
  assert.doesNotMatch(text, /&(?!#\d+;)/, 'no bare ampersand');
  return text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));
}

/** All elements of a name, in order. */
export function all(element: Element, name: string): Element[] {
  return element.children.flatMap((child) => [...(child.name === name ? [child] : []), ...all(child, name)]);
}
