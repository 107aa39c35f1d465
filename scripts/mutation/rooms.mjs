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
  'protocol/compression': { tests: ['protocol/compression/**'] },
  'protocol/session': { tests: ['protocol/session/**'] },
  'protocol/scsi': { tests: ['protocol/scsi/**', 'firmware-sim/disk/d*'] },
  'firmware-sim/storage': { tests: ['firmware-sim/storage/**'] },
  'firmware-sim/replica': { tests: ['firmware-sim/replica/**'] },
  'firmware-sim/main': { tests: ['firmware-sim/main/**', ...wholeControllers] },
  'firmware-sim/sub': { tests: ['firmware-sim/sub/**', ...wholeControllers] },
  'firmware-sim/controller': { tests: ['documents/documents', 'firmware-sim/controller/**'] },
  'firmware-sim/disk': { tests: ['firmware-sim/disk/**'] },
};

const inMain = (...tests) => tests.map((each) => `firmware-sim/main/${each}`);
const inSub = (...tests) => tests.map((each) => `firmware-sim/sub/${each}`);

/** Files that are not judged by all the tests of their room, which would take hours, but by those that are about them. */
export const files = {
  'firmware-sim/main/drainer.ts': inMain('drainer', 'host-write*'),
  'firmware-sim/main/failback-receiver.ts': inMain('failback-receiver'),
  'firmware-sim/main/host-write.ts': inMain('host-write*'),
  'firmware-sim/main/keeper.ts': inMain('keeper', 'host-write'),
  'firmware-sim/main/main-controller.ts': [
    ...inMain('main-power-on', 'main-instructions', 'main-transfer', 'methods'),
    'firmware-sim/controller/record-check',
  ],
  'firmware-sim/main/main-core.ts': inMain('main-core', 'keeper', 'drainer', 'host-write*', 'methods'),
  'firmware-sim/main/main-records.ts': inMain('main-power-on'),
  'firmware-sim/main/main-volumes.ts': inMain('main-volumes', 'methods'),
  'firmware-sim/main/method.ts': inMain('methods'),
  'firmware-sim/main/outgoing-image.ts': inMain('outgoing-image', 'main-core'),
  'firmware-sim/main/pair-session.ts': inMain('pair-session*'),
  'firmware-sim/sub/main-session.ts': inSub('main-session'),
  'firmware-sim/sub/sub-controller.ts': [
    ...inSub('sub-power-on', 'sub-instructions', 'sub-takeover'),
    'firmware-sim/controller/record-check',
  ],
  'firmware-sim/sub/sub-core.ts': inSub('sub-core', 'main-session', 'failback-*', 'image-*'),
};
