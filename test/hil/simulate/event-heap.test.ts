import { expect } from 'chai';
import fc from 'fast-check';
import { EventHeap } from '../../../hil/simulate/event-heap.js';

/** What is put in, in this order; `more` is put in when it is taken out, so many microseconds later. */
interface Put {
  readonly atUs: number;
  readonly more: readonly number[];
}

const puts = fc.array(fc.record({ atUs: fc.nat(5), more: fc.array(fc.nat(2), { maxLength: 3 }) }), { maxLength: 20 });

/** Takes everything out, and puts in meanwhile what comes with it; returns what came, with its time. */
function takenOut(heap: Pick<EventHeap<number>, 'push' | 'pop' | 'nextAtUs'>, all: readonly Put[]): number[][] {
  let number = 0;
  const more = new Map<number, readonly number[]>();
  const put = (atUs: number, then: readonly number[]) => {
    more.set(number, then);
    heap.push(atUs, number);
    number += 1;
  };
  for (const each of all) put(each.atUs, each.more);
  const taken: number[][] = [];
  for (let atUs = heap.nextAtUs; atUs !== undefined; atUs = heap.nextAtUs) {
    const value = heap.pop() as number;
    taken.push([atUs, value]);
    for (const laterUs of more.get(value) ?? []) put(atUs + laterUs, []);
  }
  return taken;
}

/** The same, by looking at everything each time. */
class PlainQueue {
  readonly #entries: { readonly atUs: number; readonly value: number }[] = [];

  get nextAtUs(): number | undefined {
    return this.#entries.reduce<number | undefined>((least, { atUs }) => Math.min(least ?? atUs, atUs), undefined);
  }

  push(atUs: number, value: number): void {
    this.#entries.push({ atUs, value });
  }

  pop(): number | undefined {
    const { nextAtUs } = this;
    const index = this.#entries.findIndex(({ atUs }) => atUs === nextAtUs);
    return index < 0 ? undefined : this.#entries.splice(index, 1)[0]?.value;
  }
}

describe('the heap of events', () => {
  it('gives events by their time, and those of one time in the order in which they were put in', () => {
    fc.assert(
      fc.property(puts, (all) => {
        expect(takenOut(new EventHeap(), all)).to.deep.equal(takenOut(new PlainQueue(), all));
      }),
    );
  });

  it('gives what is put in for a time before the last one first', () => {
    const heap = new EventHeap<string>();
    heap.push(5, 'a');
    heap.push(5, 'b');
    expect(heap.pop()).to.equal('a');
    heap.push(5, 'c');
    heap.push(4, 'before');
    heap.push(4, 'before, too');
    expect([heap.nextAtUs, heap.size]).to.deep.equal([4, 4]);
    expect([heap.pop(), heap.pop(), heap.pop(), heap.pop(), heap.pop()]).to.deep.equal([
      ...['before', 'before, too', 'b', 'c'],
      undefined,
    ]);
  });

  it('says how many there are, and that there is none', () => {
    const heap = new EventHeap<string>();
    expect([heap.size, heap.nextAtUs, heap.pop()]).to.deep.equal([0, undefined, undefined]);
    heap.push(1, 'a');
    heap.pop();
    heap.push(1, 'b');
    heap.push(2, 'c');
    expect([heap.size, heap.nextAtUs]).to.deep.equal([2, 1]);
  });
});
