/** How much memory a value keeps alive, reckoned the same way everywhere: the collector is not asked. */

const referenceBytes = 16;
/** Measured: newer releases of Node take a little more for it than `Buffer.poolSize`. */
const poolBytes = Buffer.allocUnsafe(1).buffer.byteLength;

/**
 * Bytes that `value` holds. Memory of `input` is not counted: a view of it costs nothing. Other buffers count whole,
 * however short the view of them is.
 */
export function heldBytes(value: unknown, input: Uint8Array): number {
  const seen = new Set<object>([input.buffer]);
  const waiting: unknown[] = [value];
  let bytes = 0;
  while (waiting.length > 0) {
    const next = waiting.pop();
    bytes += typeof next === 'string' ? 2 * next.length : referenceBytes;
    if (typeof next !== 'object' || next === null || seen.has(next)) continue;
    seen.add(next);
    if (ArrayBuffer.isView(next) && pooled(next.buffer)) bytes += next.byteLength;
    else if (ArrayBuffer.isView(next)) waiting.push(next.buffer);
    else if (next instanceof ArrayBuffer) bytes += next.byteLength;
    else waiting.push(...partsOf(next));
  }
  return bytes;
}

/** Short buffers lie together in one of Node's, which lives as long as any of them. */
function pooled(memory: ArrayBufferLike): boolean {
  return memory.byteLength === poolBytes;
}

function partsOf(value: object): unknown[] {
  if (value instanceof Map) return [...value.keys(), ...value.values()];
  if (value instanceof Set) return [...value];
  return Object.values(value);
}
