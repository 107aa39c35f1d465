/** Functions that give something else each time, or do something later: where they stand, and what to call them. */
import crypto, { webcrypto } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import timers from 'node:timers';

export interface FunctionPlace {
  /** The object whose own property it is. */
  readonly owner: object;
  readonly property: string;
  readonly name: string;
}

/** All that are there in this version of Node. A function that holds another comes after it. */
export function impureFunctions(): FunctionPlace[] {
  return [
    ...places(Date, 'Date', ['now']),
    ...places(performance, 'performance', ['now']),
    ...places(process.hrtime, 'process.hrtime', ['bigint']),
    ...places(process, 'process', ['hrtime', 'uptime', 'nextTick']),
    ...places(globalThis, '', ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask']),
    ...places(timers, 'timers', ['setTimeout', 'setInterval', 'setImmediate']),
    ...places(Math, 'Math', ['random']),
    ...places(crypto, 'crypto', ['randomBytes', 'pseudoRandomBytes', 'randomInt', 'randomUUID', 'randomUUIDv7']),
    ...places(crypto, 'crypto', ['randomFill', 'randomFillSync', 'getRandomValues']),
    ...places(crypto, 'crypto', ['generateKey', 'generateKeySync', 'generateKeyPair', 'generateKeyPairSync']),
    ...places(crypto, 'crypto', ['hkdf', 'pbkdf2', 'scrypt']),
    ...places(webcrypto, 'webcrypto', ['getRandomValues', 'randomUUID']),
  ];
}

function places(object: object, of: string, properties: readonly string[]): FunctionPlace[] {
  return properties.flatMap((property) => {
    const owner = ownerOf(object, property);
    return owner === undefined ? [] : [{ owner, property, name: of === '' ? property : `${of}.${property}` }];
  });
}

/** The object on the chain of prototypes that has the property. */
function ownerOf(object: object, property: string): object | undefined {
  for (let at: object | null = object; at !== null; at = Object.getPrototypeOf(at)) {
    if (Object.hasOwn(at, property)) return at;
  }
  return undefined;
}
