/** Tests of whole controllers over disks in memory, the fastest first: a mutant that one finds is not tried by the next. */
const wholeControllers = [
  'firmware-sim/late-answers',
  'firmware-sim/races',
  'firmware-sim/replica',
  'firmware-sim/controller/instructions',
  'firmware-sim/controller/mismatch',
  'firmware-sim/controller/record-check',
  'firmware-sim/recovery',
];

/** Which sources are mutated together, and which tests judge them: the fast ones, that start no process. Braces in these patterns match nothing. */
export const rooms = {
  protocol: { mutate: 'protocol/*.ts', tests: ['protocol/*', 'documents/documents'] },
  'protocol/frame': { tests: ['protocol/frame/**', 'protocol/vectors'] },
  'protocol/link': { tests: ['protocol/link/!(link)', 'protocol/link/link'] },
  'protocol/message': { tests: ['protocol/message/**', 'protocol/vectors', 'documents/documents'] },
  'protocol/session': { tests: ['protocol/session/**'] },
  'protocol/scsi': { tests: ['protocol/scsi/**', 'firmware-sim/disk/d*'] },
  'firmware-sim/storage': { tests: ['firmware-sim/storage/**'] },
  'firmware-sim/replica': { tests: ['firmware-sim/replica/**'] },
  'firmware-sim/main': { tests: ['firmware-sim/main/**', ...wholeControllers] },
  'firmware-sim/sub': { tests: ['firmware-sim/sub/**', ...wholeControllers] },
  'firmware-sim/controller': { tests: ['documents/documents', 'firmware-sim/controller/**'] },
  'firmware-sim/disk': { tests: ['firmware-sim/disk/**'] },
};

/** Files that are not judged by all the tests of their room, which would take hours, but by those that are about them. */
export const files = {
  'firmware-sim/main/outgoing-image.ts': ['firmware-sim/main/outgoing-image', 'firmware-sim/main/main-core'],
  'firmware-sim/main/pair-session.ts': ['firmware-sim/main/pair-session*'],
  'firmware-sim/main/main-records.ts': ['firmware-sim/main/main-power-on'],
  'firmware-sim/main/main-controller.ts': [
    'firmware-sim/main/main-power-on',
    'firmware-sim/main/main-instructions',
    'firmware-sim/main/main-transfer',
    'firmware-sim/main/methods',
    'firmware-sim/controller/record-check',
  ],
  'firmware-sim/main/main-core.ts': [
    'firmware-sim/main/main-core',
    'firmware-sim/main/keeper',
    'firmware-sim/main/drainer',
    'firmware-sim/main/host-write*',
    'firmware-sim/main/methods',
  ],
  'firmware-sim/main/main-volumes.ts': ['firmware-sim/main/main-volumes', 'firmware-sim/main/methods'],
  'firmware-sim/main/method.ts': ['firmware-sim/main/methods'],
  'firmware-sim/main/drainer.ts': ['firmware-sim/main/drainer', 'firmware-sim/main/host-write*'],
  'firmware-sim/main/host-write.ts': ['firmware-sim/main/host-write*'],
  'firmware-sim/main/keeper.ts': ['firmware-sim/main/keeper', 'firmware-sim/main/host-write'],
  'firmware-sim/sub/sub-controller.ts': [
    'firmware-sim/sub/sub-power-on',
    'firmware-sim/sub/sub-instructions',
    'firmware-sim/sub/sub-takeover',
    'firmware-sim/controller/record-check',
  ],
};
