/** Records of runs with realistic numbers, for the tests of reports. */

import { encodeStates, type StateRun } from '../../../hil/report/block-states.js';
import type {
  BlockMapRecord,
  EventRecord,
  GenerationRecord,
  LatencyRecord,
  RunRecord,
} from '../../../hil/report/run-record.js';
import { Random } from '../../../host/workload/random.js';

export interface SampleOptions {
  readonly blocks: number;
  readonly writes: number;
  readonly generations: number;
  /** Whether the last image is wrong in two places. */
  readonly wrong: boolean;
}
const blockBytes = 4096;
const durationUs = 8_400_000;

/** A differential run over 64 MiB with three generations, unless told otherwise. */
export function sampleRecord(options: Partial<SampleOptions> = {}): RunRecord {
  const chosen: SampleOptions = { blocks: 16384, writes: 2400, generations: 3, wrong: false, ...options };
  const generations = Array.from({ length: chosen.generations }, (_, index) => sampleGeneration(index + 1, chosen));
  const failed = chosen.wrong ? 'failed' : 'passed';
  return {
    version: 2,
    runId: '2026-11-22-7f3a',
    title: 'differential copy of a file system under load',
    startedAt: '2026-11-22T18:30:00Z',
    durationUs,
    bench: 'processes',
    command: 'coldframe run scenarios/differential.yaml --seed 42 --size 64M --profile hot-spot',
    seed: 42,
    method: 'differential',
    blockBytes,
    volumes: [{ bytes: chosen.blocks * blockBytes }],
    verdict: failed,
    reason: '',
    pairState: 'PAIR',
    generations,
    blockMaps: generations.flatMap((generation) => sampleMaps(generation, chosen)),
    latencies: sampleLatencies(chosen, generations),
    checks: sampleChecks(chosen),
    lines: [
      sampleLine(
        'main–sub',
        'pty:/dev/pts/4',
        generations.reduce((sum, { bytesOnLine }) => sum + bytesOnLine, 0),
      ),
      sampleLine('host–main', 'pty:/dev/pts/3', chosen.writes * 9100),
    ],
    events: generations.flatMap(sampleEvents),
  };
}

function sampleGeneration(generation: number, { blocks, generations, wrong }: SampleOptions): GenerationRecord {
  const full = generation === 1;
  const written = Math.floor(blocks * (full ? 0.31 : 0.045 + 0.01 * generation));
  const frozenAtUs = Math.round((durationUs * (generation - 0.86)) / generations);
  const completeAtUs = frozenAtUs + Math.round((durationUs / generations) * (full ? 0.5 : 0.22));
  const last = generation === generations;
  return {
    generation,
    method: 'differential',
    frozenAtUs,
    completeAtUs,
    committedAtUs: completeAtUs + 38_000,
    structuredAtUs: completeAtUs + 38_000 + (full ? 610_000 : 190_000),
    blocksTotal: full ? blocks : written,
    blocksSent: full ? blocks : written,
    zeroBlocks: full ? blocks - written : Math.floor(written / 30),
    deferredBlocks: full ? 210 : 64 * generation,
    bytesOnLine: Math.round(written * blockBytes * 1.012) + 2400,
    volumeBytes: blocks * blockBytes,
    verdict: wrong && last ? 'failed' : 'passed',
    wrongRanges:
      wrong && last
        ? [
            { volume: 0, first: 5117, count: 1 },
            { volume: 0, first: 9300, count: 3 },
          ]
        : [],
    explanations:
      wrong && last ? ['block 5117 of volume 0 holds write 212 of generation 2 for block 5119: misdirected'] : [],
  };
}

function sampleMaps({ generation, verdict }: GenerationRecord, { blocks }: SampleOptions): BlockMapRecord[] {
  const clusters = [0.08, 0.34, 0.61, 0.83].map((centre) => centre * blocks);
  const near = (block: number): number => Math.min(...clusters.map((c) => Math.abs(c - block))) / blocks;
  const step = Math.max(1, Math.floor(blocks / 8192));
  const map = (
    area: BlockMapRecord['area'],
    state: (block: number, dice: number) => StateRun['state'],
  ): BlockMapRecord => {
    const random = new Random(generation);
    const runs: StateRun[] = [];
    for (let block = 0; block < blocks; block += step) {
      runs.push({ state: state(block, random.below(1000)), count: Math.min(step, blocks - block) });
    }
    return { generation, area, volume: 0, states: encodeStates(runs) };
  };
  const changed = (block: number, dice: number): boolean =>
    generation === 1 ? near(block) < 0.045 + dice / 50_000 : near(block) * 9000 + dice < 150 + 90 * generation;
  const isWrong = (block: number): boolean =>
    verdict === 'failed' && (Math.abs(block - 5117) < step || Math.abs(block - 9301) < 2);
  return [
    map('primary', (block, dice) => (changed(block, dice) ? 's' : generation === 1 ? 'z' : dice === 7 ? 'z' : 'u')),
    map('shadow', (block, dice) => (changed(block, dice) && dice % 7 === 0 ? 'd' : 'e')),
    map('staging', (block, dice) => (changed(block, dice) ? 's' : 'e')),
    map('secondary', (block, dice) =>
      isWrong(block) ? 'w' : changed(block, dice) ? 's' : generation === 1 ? 'z' : 'u',
    ),
  ];
}

function sampleLatencies({ writes }: SampleOptions, generations: readonly GenerationRecord[]): LatencyRecord[] {
  const random = new Random(7);
  return Array.from({ length: writes }, (_, index) => {
    const atUs = Math.round(((index + random.below(1000) / 1000) * durationUs) / writes);
    const sending = generations.some(({ frozenAtUs, completeAtUs }) => atUs > frozenAtUs && atUs < (completeAtUs ?? 0));
    const spread = (random.below(1000) + random.below(1000) + random.below(1000)) / 3000;
    const deferred = sending && random.chance(1, 5);
    const us = Math.round(
      10 ** ((deferred ? 2.75 : sending ? 2.2 : 2.0) + spread * 0.9 + (random.chance(1, 250) ? 0.9 : 0)),
    );
    return deferred ? { atUs, us, deferred } : { atUs, us };
  });
}

function sampleChecks({ wrong, generations }: SampleOptions): RunRecord['checks'] {
  return [
    ...Array.from({ length: generations }, (_, index) => ({
      name: `image ${index + 1} equals its golden image`,
      verdict: wrong && index + 1 === generations ? ('failed' as const) : ('passed' as const),
      seconds: 0.041,
      details:
        wrong && index + 1 === generations
          ? '4 of 16 384 blocks differ: 5117, 9300 to 9302\nblock 5117 of volume 0 holds write 212 of generation 2 for block 5119: misdirected'
          : '',
    })),
    { name: 'a read at main always gives the newest write', verdict: 'passed', seconds: 1.2, details: '' },
    {
      name: 'the secondary area gives the previous image until the commit',
      verdict: 'passed',
      seconds: 0.33,
      details: '',
    },
    { name: 'no acknowledged write is lost', verdict: 'passed', seconds: 0.08, details: '' },
  ];
}

function sampleLine(name: string, address: string, bytesSent: number): RunRecord['lines'][number] {
  const frames = Math.ceil(bytesSent / 1460);
  return {
    name,
    address,
    bytesSent,
    bytesReceived: Math.floor(bytesSent / 41),
    framesSent: frames,
    framesRepeated: 17,
    framesDamaged: 12,
    sessions: 1,
  };
}

function sampleEvents({
  generation,
  frozenAtUs,
  completeAtUs,
  committedAtUs,
  structuredAtUs,
  blocksSent,
}: GenerationRecord): EventRecord[] {
  const event = (
    kind: string,
    atUs: number | undefined,
    text: string,
    values: EventRecord['values'] = {},
  ): EventRecord[] => (atUs === undefined ? [] : [{ atUs, kind, generation, text, values }]);
  return [
    ...event('freeze', frozenAtUs, 'the host froze the group', { included: 2 }),
    ...event('line', frozenAtUs + 90_000, 'main–sub: 1 frame repeated after a checksum error'),
    ...event('complete', completeAtUs, 'everything is sent and stored', { blocks: blocksSent }),
    ...event('commit', committedAtUs, 'the sub committed the image'),
    ...event('structured', structuredAtUs, 'the raw secondary area equals the image'),
  ];
}
