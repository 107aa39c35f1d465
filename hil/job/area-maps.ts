/** Maps of the blocks of a generation, from the models where they can be seen, otherwise from what the host knows. */

import { diffGolden } from '../../host/golden/diff.js';
import type { VolumeSpan } from '../../host/golden/golden.js';
import { type BlockState, encodeStates, type StateRun, stateRuns } from '../report/block-states.js';
import type { BlockMapRecord } from '../report/run-record.js';
import type { KnownImage } from './image-check.js';
import type { GatheredMaps } from './model-maps.js';

export interface AreaMapsOptions {
  readonly generation: number;
  readonly image: KnownImage;
  /** The image before it, when there is one. */
  readonly previous: KnownImage | undefined;
  /** Everything was sent, not what differs. */
  readonly whole: boolean;
  readonly gathered: GatheredMaps | undefined;
  /** What is wrong in the secondary area. */
  readonly wrong: readonly VolumeSpan[];
}

/** The maps of all areas that can be known, a volume after the other. */
export function areaMaps(options: AreaMapsOptions): BlockMapRecord[] {
  const { generation, gathered, image, wrong } = options;
  const maps = gathered?.maps ?? image.volumes.map((_, volume) => primaryMap(options, volume));
  const secondary = maps
    .filter(({ area }) => area === 'primary')
    .map(({ volume, states }): BlockMapRecord => {
      const own = wrong.filter((span) => span.volume === volume);
      return { generation, area: 'secondary', volume, states: encodeStates(withWrong(states, own)) };
    });
  return [...maps, ...secondary];
}

function primaryMap({ generation, image, previous, whole }: AreaMapsOptions, volume: number): BlockMapRecord {
  const { golden } = image;
  const digests = golden.volumes[volume]?.digests;
  const blocks = image.volumes[volume]?.blocks ?? 0;
  const states: BlockState[] = Array.from({ length: blocks }, () => 'e');
  for (let index = 0; index < (digests?.size ?? 0); index += 1) {
    states[digests?.blockAt(index) ?? 0] = whole || previous === undefined ? 's' : 'u';
  }
  const spans = whole || previous === undefined ? [] : diffGolden(previous.golden, golden);
  for (const span of spans) {
    if (span.volume !== volume) continue;
    for (let block = span.first; block < span.first + span.count; block += 1) {
      states[block] = states[block] === 'u' ? 's' : 'z';
    }
  }
  const runs = states.map((state): StateRun => ({ state, count: 1 }));
  return { generation, area: 'primary', volume, states: encodeStates(runs) };
}

/** Runs with the blocks of some spans marked as wrong; spans are ascending. */
function* withWrong(states: string, spans: readonly VolumeSpan[]): Generator<StateRun> {
  let at = 0;
  let next = 0;
  for (const { state, count } of stateRuns(states)) {
    for (const end = at + count; at < end; ) {
      const span = spans[next];
      if (span === undefined || span.first >= end) {
        yield { state, count: end - at };
        at = end;
      } else if (span.first > at) {
        yield { state, count: span.first - at };
        at = span.first;
      } else {
        const stop = Math.min(end, span.first + span.count);
        yield { state: 'w', count: stop - at };
        at = stop;
        if (stop === span.first + span.count) next += 1;
      }
    }
  }
}
