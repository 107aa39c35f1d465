/** Configurations with less in them than a given one, the greatest steps first. The method stays. */
import type { Configuration } from './plan.js';

const plainLine = { baud: 0, latencyUs: 0 };
const plainDisks = { accessUs: 0, flushUs: 0, late: false };

/** Values that most plans can have, all at once and one by one. */
const plain: readonly Partial<Configuration>[] = [
  { sealed: false, hostLine: plainLine, remoteLine: plainLine, disks: plainDisks },
  { sealed: false },
  { hostLine: plainLine },
  { remoteLine: plainLine },
  { disks: plainDisks },
  { journalGrowthBytes: 1_000_000 },
  { hostStallUs: 10_000_000 },
  { framePayloadMax: 4096 },
];

function plainLines({ windows, ...configuration }: Configuration): Configuration[] {
  return windows === undefined ? [] : [configuration];
}

function plainRuns({ heldRuns, ...configuration }: Configuration): Configuration[] {
  return heldRuns === undefined ? [] : [configuration];
}

function plainBatches({ journalBatchBytes, ...configuration }: Configuration): Configuration[] {
  return journalBatchBytes === undefined ? [] : [configuration];
}

function plainAreas({ secondaryUsed, ...configuration }: Configuration): Configuration[] {
  return secondaryUsed === undefined ? [] : [configuration];
}

function plainSizes({ untouchedSectors, ...configuration }: Configuration): Configuration[] {
  return untouchedSectors === undefined ? [] : [configuration];
}

export function simplerConfigurations(configuration: Configuration): readonly Configuration[] {
  const changes: readonly Partial<Configuration>[] = [
    ...fewerVolumes(configuration),
    ...plain,
    ...simplerLines(configuration),
    ...simplerDisks(configuration),
    ...smallerBlocks(configuration),
    ...smallerVolumes(configuration),
    ...roomierAreas(configuration),
  ];
  const now = JSON.stringify(configuration);
  return [
    ...plainLines(configuration),
    ...plainRuns(configuration),
    ...plainBatches(configuration),
    ...plainAreas(configuration),
    ...plainSizes(configuration),
    ...changes.map((change) => ({ ...configuration, ...change })),
  ].filter((candidate) => JSON.stringify(candidate) !== now);
}

function fewerVolumes({ volumeSectors }: Configuration): Partial<Configuration>[] {
  return volumeSectors.slice(1).map((_, index) => ({ volumeSectors: volumeSectors.slice(0, index + 1) }));
}

function simplerLines({ hostLine, remoteLine }: Configuration): Partial<Configuration>[] {
  return [
    { hostLine: { ...hostLine, baud: 0 } },
    { hostLine: { ...hostLine, latencyUs: 0 } },
    { remoteLine: { ...remoteLine, baud: 0 } },
    { remoteLine: { ...remoteLine, latencyUs: 0 } },
  ];
}

/** Equal times are easier to read than different ones; where it takes some, a round one may do. */
function simplerDisks({ disks }: Configuration): Partial<Configuration>[] {
  const { accessUs, flushUs, slow, ...others } = disks;
  return [
    ...(slow === undefined ? [] : [{ disks: { accessUs, flushUs, ...others } }]),
    ...[100, 1000, 10_000]
      .filter((us) => us < (slow?.us ?? 0))
      .map((us) => ({ disks: { ...disks, slow: { disk: slow?.disk ?? 'meta', us } } })),
    { disks: { ...disks, late: false } },
    { disks: { ...disks, accessUs: 0 } },
    { disks: { ...disks, flushUs: 0 } },
    ...[100, 1000].filter((us) => us < accessUs).map((us) => ({ disks: { ...disks, accessUs: us } })),
    ...[100, 1000].filter((us) => us < flushUs).map((us) => ({ disks: { ...disks, flushUs: us } })),
  ];
}

/** Blocks of one sector, with volumes of as many blocks as before or as many sectors. */
function smallerBlocks({ blockBytes, volumeSectors }: Configuration): Partial<Configuration>[] {
  if (blockBytes === 512) return [];
  const ratio = blockBytes / 512;
  return [
    { blockBytes: 512, volumeSectors: volumeSectors.map((sectors) => Math.ceil(sectors / ratio)) },
    { blockBytes: 512 },
    { blockBytes: blockBytes / 2 },
  ];
}

function smallerVolumes({ volumeSectors, blockBytes }: Configuration): Partial<Configuration>[] {
  const block = blockBytes / 512;
  return volumeSectors.flatMap((sectors, volume) => {
    const blocks = Math.ceil(sectors / block);
    const sizes = [block, 2 * block, Math.ceil(blocks / 2) * block, (blocks - 1) * block, sectors - 1, blocks * block];
    return sizes
      .filter((size) => size > 0 && (size < sectors || size === blocks * block))
      .map((size) => ({ volumeSectors: volumeSectors.with(volume, size) }));
  });
}

/** Areas with room for everything leave less to think about. */
function roomierAreas({ volumeSectors, blockBytes }: Configuration): Partial<Configuration>[] {
  const blocks = Math.ceil((Math.max(...volumeSectors) * 512) / blockBytes);
  return [{ shadowBlocks: blocks, stagingBlocks: 2 * blocks }, { shadowBlocks: blocks }, { stagingBlocks: 2 * blocks }];
}
