import { WriteStream } from 'node:tty';
import { expect } from 'chai';
import { takesColour, takesCursor } from '../../../hil/cli/terminal.js';

/** A stream as a terminal that goes by the environment has it. */
const terminal = {
  isTTY: true as const,
  hasColors: () => WriteStream.prototype.getColorDepth.call({}, process.env) > 1,
};

describe('a terminal', () => {
  const before = { ...process.env };
  // Nothing else: Node also goes by CI, TMUX, TERM_PROGRAM and others.
  const set = (values: Readonly<Record<string, string>>) => {
    process.env = { ...values };
  };
  afterEach(() => {
    process.env = { ...before };
  });

  it('gets colour and lines that are written over, and a pipe neither', () => {
    set({ TERM: 'xterm-256color' });
    expect([takesColour(terminal), takesCursor(terminal)]).to.deep.equal([true, true]);
    expect([takesColour({}), takesCursor({})]).to.deep.equal([false, false]);
  });

  it('gets no colour where NO_COLOR is set, and nothing but text where it is dumb', () => {
    set({ TERM: 'xterm-256color', NO_COLOR: '1' });
    expect([takesColour(terminal), takesCursor(terminal)]).to.deep.equal([false, true]);
    set({ TERM: 'dumb' });
    expect([takesColour(terminal), takesCursor(terminal)]).to.deep.equal([false, false]);
  });
});
