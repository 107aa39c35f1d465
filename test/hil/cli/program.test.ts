import { expect } from 'chai';
import type { Command } from 'commander';
import { makeProgram } from '../../../hil/cli/program.js';

/** Every command that does something, by its whole name. */
function leaves(command: Command, name = ''): [string, Command][] {
  if (command.commands.length === 0) return [[name, command]];
  return command.commands.flatMap((each) => leaves(each, `${name} ${each.name()}`.trim()));
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({ writeOut: (part) => (text += part) });
  command.outputHelp();
  return text;
}

describe('the command line', () => {
  it('has the commands that are documented', () => {
    const host = ['write', 'read', 'freeze', 'wait', 'status', 'digest', 'verify', 'suspend', 'resync', 'takeover'];
    expect(leaves(makeProgram()).map(([name]) => name)).to.include.members([
      ...['firmware main', 'firmware sub', 'disk', 'line', 'ports'],
      ...[...host, 'failback'].map((name) => `host ${name}`),
      ...['record', 'verify', 'diff', 'accept'].map((name) => `golden ${name}`),
    ]);
  });

  for (const [name, command] of leaves(makeProgram())) {
    it(`teaches ${name} with an example that it takes`, () => {
      const help = helpOf(command);
      const examples = help.split('\n').filter((line) => line.trimStart().startsWith('$ coldframe'));
      expect(examples.join('\n')).to.contain(`coldframe ${name}`);
      for (const [option] of help.slice(help.indexOf('Example')).matchAll(/(?<=\s)--[a-z-]+/g)) {
        expect(allOptions(), `${name}: ${option}`).to.include(option);
      }
    });
  }
});

function allOptions(): string[] {
  return leaves(makeProgram()).flatMap(([, command]) => command.options.map(({ long }) => long ?? ''));
}
