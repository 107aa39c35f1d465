/** What must fit together in a bench file, once each field is right by itself. */
import { namedTwice } from '../run/same-file.js';
import type { YamlPath, YamlProblem } from '../yaml-file.js';
import type { Powered } from './bench.js';
import type { BenchFile } from './bench-schema.js';

const roleNames: readonly Powered[] = ['main', 'sub'];

/** Everything that does not fit; `at` is where in the file the bench stands. */
export function problemsOfBench(bench: BenchFile, at: YamlPath = []): YamlProblem[] {
  const found = [
    ...problemsOfVolumes(bench),
    ...problemsOfRoles(bench),
    ...problemsOfLines(bench),
    ...problemsOfAreas(bench),
    ...problemsOfHooks(bench),
    ...problemsOfFeatures(bench),
  ];
  return found.map(({ path, what }) => ({ path: [...at, ...path], what: `${[...at, ...path].join('.')}: ${what}` }));
}

/** Which role is a model and which is at a line. */
export function rolesOf({ kind, roles }: Pick<BenchFile, 'kind' | 'roles'>) {
  const usual = kind === 'lines' ? ('line' as const) : ('model' as const);
  return { main: roles.main ?? usual, sub: roles.sub ?? usual };
}

function problem(path: YamlPath, what: string): YamlProblem {
  return { path, what };
}

function problemsOfVolumes({ volumes, block }: BenchFile): YamlProblem[] {
  return volumes.flatMap(({ size }, index) =>
    size % block === 0 ? [] : [problem(['volumes', index, 'size'], `no whole blocks: no multiple of ${block}`)],
  );
}

function problemsOfRoles({ kind, roles }: BenchFile): YamlProblem[] {
  return roleNames.flatMap((role) => {
    if (roles[role] === 'line' && kind !== 'lines' && kind !== 'processes') {
      return [problem(['roles', role], `a bench of kind ${kind} has no lines to boards; use kind: processes or lines`)];
    }
    if (roles[role] === 'model' && kind === 'lines') {
      return [problem(['roles', role], 'a bench of kind lines starts no models; use kind: processes')];
    }
    return [];
  });
}

function problemsOfLines(bench: BenchFile): YamlProblem[] {
  const { kind, lines } = bench;
  if (kind !== 'lines' && kind !== 'processes') return addressesElsewhere(bench);
  const { main, sub } = rolesOf(bench);
  const problems: YamlProblem[] = [];
  const need = (name: keyof typeof lines, why: string) => {
    if (typeof lines[name] !== 'string') problems.push(problem(['lines', name], `must be an address: ${why}`));
  };
  const spare = (name: keyof typeof lines, why: string) => {
    if (typeof lines[name] === 'string') problems.push(problem(['lines', name], `is an address, but ${why}`));
  };
  if (main === 'line') need('host', 'main is a board, and this is the line to its host port');
  else spare('host', 'main is a model, which gets its line here; for a board write roles: {main: line}');
  if (sub === 'line') need('sub', 'the sub is a board, and this is the line to its host port');
  else spare('sub', 'the sub is a model, which gets its line here; for a board write roles: {sub: line}');
  for (const [role, other] of [['main', sub] as const, ['sub', main] as const]) {
    const name = `${role}Remote` as const;
    const isMixed = (role === 'main' ? main : sub) === 'line' && other === 'model';
    if (isMixed) need(name, `it is the line from here to the board’s remote port, as the other controller is a model`);
    else spare(name, `only a board beside a model has its remote port here`);
  }
  return [...problems, ...sameLineTwice(bench)];
}

function addressesElsewhere({ kind, lines }: BenchFile): YamlProblem[] {
  return Object.entries(lines).flatMap(([name, line]) =>
    typeof line === 'string'
      ? [problem(['lines', name], `is an address, but a bench of kind ${kind} has no boards`)]
      : [],
  );
}

function sameLineTwice({ lines }: BenchFile): YamlProblem[] {
  const seen = new Map<string, string>();
  return Object.entries(lines).flatMap(([name, line]) => {
    if (typeof line !== 'string') return [];
    const port = line.replace(/\?.*$/, '');
    const before = seen.get(port);
    seen.set(port, before ?? name);
    return before === undefined ? [] : [problem(['lines', name], `is at the same port as lines.${before}`)];
  });
}

const ownerOf = { primary: 'main', shadow: 'main', staging: 'sub', secondary: 'sub' } as const;

function problemsOfAreas(bench: BenchFile): YamlProblem[] {
  const { kind, volumes, meta } = bench;
  const roles = rolesOf(bench);
  const given = [
    ...volumes.flatMap(({ areas }, index) =>
      Object.entries(areas).map(([name, area]) => ({
        ...{ path: ['volumes', index, 'areas', name], area },
        role: ownerOf[name as keyof typeof ownerOf],
      })),
    ),
    ...Object.entries(meta).map(([role, area]) => ({ path: ['meta', role], area, role: role as Powered })),
  ];
  const seen: string[] = [];
  return given.flatMap(({ path, area, role }) => {
    if (kind !== 'processes')
      return [problem(path, `only models as processes have areas of their own; use kind: processes`)];
    if (roles[role] === 'line') return [problem(path, `${role} is a board, which has its own disks`)];
    if (area === undefined || area.startsWith('memory:')) return [];
    seen.push(area);
    return namedTwice(seen) === area ? [problem(path, `${area} is given for two areas`)] : [];
  });
}

function problemsOfHooks(bench: BenchFile): YamlProblem[] {
  const { hooks } = bench;
  const roles = rolesOf(bench);
  return roleNames.flatMap((role) => {
    const [off, on, reset] = [hooks.powerOff[role], hooks.powerOn[role], hooks.reset[role]];
    const problems: YamlProblem[] = [];
    if (off !== undefined && on === undefined) {
      problems.push(problem(['hooks', 'powerOff', role], `needs hooks.powerOn.${role}, or the board stays off`));
    }
    if (on !== undefined && off === undefined) {
      problems.push(problem(['hooks', 'powerOn', role], `needs hooks.powerOff.${role}`));
    }
    if (roles[role] === 'line') return problems;
    for (const [name, command] of Object.entries({ powerOff: off, powerOn: on, reset })) {
      if (command !== undefined)
        problems.push(problem(['hooks', name, role], `${role} is a model: its power is cut here`));
    }
    if (hooks.diskError[role] !== undefined)
      problems.push(problem(['hooks', 'diskError', role], `${role} is a model: its disks fail without`));
    return problems;
  });
}

function problemsOfFeatures({ features, volumes, keyFile, keyFiles }: BenchFile): YamlProblem[] {
  const problems: YamlProblem[] = [];
  if (volumes.length > 1 && !features.includes('groups')) {
    problems.push(problem(['volumes'], `${volumes.length} volumes need the feature groups`));
  }
  const name = keyFile !== undefined ? 'keyFile' : Object.keys(keyFiles).length > 0 ? 'keyFiles' : undefined;
  if (name !== undefined && !features.includes('sealed')) {
    problems.push(problem([name], 'a key needs the feature sealed'));
  }
  return problems;
}
