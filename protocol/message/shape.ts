/**
 * What a field looks like on the line, as data: for readers of messages in other languages, which are generated, and for
 * those that name every part of a message.
 */
export type Shape =
  | { readonly kind: 'unsigned'; readonly bytes: 1 | 2 | 4 | 8 }
  /** A u16: a number of the refusal table, 0 for none. */
  | { readonly kind: 'refusal' }
  | { readonly kind: 'flag' }
  /** A u8 that names one of these. */
  | { readonly kind: 'choice'; readonly numbers: Readonly<Record<string, number>> }
  | { readonly kind: 'fixedBytes'; readonly length: number }
  | { readonly kind: 'bytes'; readonly lengthMax: number }
  | { readonly kind: 'text'; readonly lengthMax: number }
  | { readonly kind: 'group'; readonly fields: readonly (readonly [name: string, shape: Shape])[] }
  | { readonly kind: 'list'; readonly countMax: number; readonly element: Shape };
