/** docs/conformance.md, out of the table of requirements. */
import { operations } from '../../protocol/scsi/operation-codes.js';
import type { Check, Requirement } from './check.js';
import { requirements, rooms } from './requirements.js';

const head = `# Conformance

Generated from \`hil/conform/requirements.ts\` by \`npm run documents\`; do not edit.

\`coldframe conform\` holds a device that somebody else wrote to the protocol, as a black box at the end of a line. It speaks
as a host does (to a disk: as its controller would), down to single frames: it repeats, reorders, damages and holds back what a
link in order never would, and looks at what the device makes of it. Its hello says that it is a host, also to a disk, and at the line of
\`--remote\` that it is the other controller. Each check opens a link of its own; the line stays up, but where a check takes a socket down
and calls again. \`coldframe disk\` is a disk to compare yours with, and \`coldframe firmware … --capture\` with \`coldframe decode\` shows
what passes between a controller and its disks.

\`\`\`sh
coldframe conform --role disk --line serial:/dev/ttyUSB0?baud=921600             # changes nothing on the device
coldframe conform --role main --line tcp://10.0.0.7:7001 --key-file line.key \\
    --remote tcp://10.0.0.7:7002 --remote-key-file remote.key \\
    --allow-data-loss --power-cycle ./power.sh --html main.html --junit main.xml  # all of it
\`\`\`

Use a line without errors: what the line loses looks like something that the device did. On one below 57600 baud times cannot be
measured, and whatever sends for longer than 20 s is left out: both are told. Between two runs nothing has to be
reset; each check opens a link of its own. \`--only F,L-12\` makes some checks alone.

- **A check that fails** shows what was expected, what came, what to look at, and the last frames of both directions, decoded and in
  hexadecimal. Begin with the lowest number: frames before the link, the link before sessions, sessions before what is above them.
- **Checks that change something** need \`--allow-data-loss\`. They write to the first sectors of logical unit 0 and to its last, and
  freeze, suspend and bring back a pair. Nobody else may use the device meanwhile.
- **Durability** cannot be seen without a power cut. \`--power-cycle\` takes a command that takes the power away, gives it back, and
  ends when that is done; the suite then waits for the line. One that fails ends the run with exit code 3.
- **A device that is a main or a sub** is looked at from its host line, and from the line to the other controller when \`--remote\`
  names it: the suite then takes the place of that one, too, and sends or takes images of a few blocks (from a main first a whole
  one: at most 64 MiB). Afterwards a main sends its own sub a whole image; a sub has images that its own main never froze, and has
  to be made anew, with an empty meta area.
- **The page** of \`--html\` names the device as it names itself, and has room for a name and a signature.
- **Checks that the state of the device hinders**, such as those of a sub that has taken over in a run that failed, leave no success: the verdict is
  HINDERED and says which state it is (exit code 1; errors in JUnit). Bring the device out of it, or make it anew, and run again. What an option
  is missing for, or another role, is told and left out.

Exit codes: 0 every check that ran passed; 1 a check failed, or the state of the device hindered some; 2 usage; 3 line unavailable or lost, or the power cannot be cut; 4 another protocol, role or key.

A number is never used again for something else. Those without a clause stand in [PROTOCOL.md](../protocol/PROTOCOL.md), at the place
that they are about; the others come from where the clause says.
`;

/** What a unit has to know, whichever role it is of. */
function commandsTable(): string {
  const rows = operations.map(
    ({ name, opcode, usage }) => `| ${hex(opcode)} | ${name} | \`${[...usage].map(hex).join(' ')}\` |`,
  );
  return `
## SCSI commands

The profile of a unit: all of these are required, thin provisioning (UNMAP, GET LBA STATUS) and COMPARE AND WRITE among them; START STOP UNIT
and SYNCHRONIZE CACHE have an effect at disks alone. The third column has the bits of the CDB that may be set (the usage data of REPORT SUPPORTED OPERATION
CODES, which lists just these); any other ends the command with 24h/00h. The models of the controllers give their disks READ, WRITE (with FUA
and without), SYNCHRONIZE CACHE, UNMAP and GET LBA STATUS in the form of 10 bytes where the address fits, else of 16, and READ CAPACITY (16) at
power on.

| code | command | bits of the CDB |
|---|---|---|
${rows.join('\n')}
`;
}

const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/** The text of the document. */
export function conformanceDocument(): string {
  const sections = Object.entries(rooms).map(([letter, room]) => {
    const own = requirements.filter(({ number }) => number.startsWith(`${letter}-`));
    if (own.length === 0) return '';
    const title = `\n## ${letter}: ${room}\n\n`;
    const rows = own.map(rowOf).join('\n');
    return `${title}| number | requirement | check |\n|---|---|---|\n${rows}\n`;
  });
  return `${head}${sections.join('')}${commandsTable()}`;
}

function rowOf({ number, says, clause, how }: Requirement): string {
  const source = clause === undefined ? '' : ` _(${clause})_`;
  return `| ${number} | ${says}${source} | ${how.kind === 'check' ? needs(how) : `none: ${how.reason}`} |`;
}

function needs({ roles, onRemote, losesData, cutsPower, line }: Check): string {
  const words = [
    ...(roles === undefined ? [] : [roles.join(', ')]),
    ...(line === undefined ? [] : [line === 'sealed' ? 'with `--key-file`' : 'without a key']),
    ...(onRemote === true ? ['`--remote`'] : []),
    ...(losesData === true ? ['`--allow-data-loss`'] : []),
    ...(cutsPower === true ? ['`--power-cycle`'] : []),
  ];
  return words.length === 0 ? 'always' : words.join('; ');
}
