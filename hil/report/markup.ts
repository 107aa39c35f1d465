/**
 * Markup that cannot be injected into: a tagged template that escapes every value, for HTML, SVG and XML alike.
 */

/** Text that is markup already. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type MarkupValue = string | number | Markup | undefined | false | readonly MarkupValue[];

/** ``markup`<b>${name}</b>` `` — strings are escaped, markup is taken as it is, lists are joined, nothing stays nothing. */
export function markup(strings: TemplateStringsArray, ...values: readonly MarkupValue[]): Markup {
  let text = strings[0] ?? '';
  for (const [index, value] of values.entries()) text += `${textOf(value)}${strings[index + 1]}`;
  return new Markup(text);
}

/** Escapes text for element content and quoted attributes; what XML 1.0 does not allow is shown as a picture of it. */
export function escapeText(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(/(?![\t\n\r])[\p{Cc}\ufffe\uffff]/gu, picture)
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function textOf(value: MarkupValue): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string') return escapeText(value);
  return typeof value === 'number' ? String(value) : value.map(textOf).join('');
}

/** U+2400 … are pictures of the control characters 0 … 31; U+2421 of delete. */
function picture(character: string): string {
  const code = character.charCodeAt(0);
  if (code === 0x7f) return '\u2421';
  return code < 32 ? String.fromCharCode(0x2400 + code) : '\ufffd';
}
