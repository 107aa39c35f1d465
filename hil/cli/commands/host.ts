/** `coldframe host`: what a host does with a controller. */
import type { Command } from 'commander';
import * as digest from './host/digest.js';
import * as freeze from './host/freeze.js';
import * as pair from './host/pair.js';
import * as read from './host/read.js';
import * as status from './host/status.js';
import * as verify from './host/verify.js';
import * as wait from './host/wait.js';
import * as write from './host/write.js';

export function register(program: Command): void {
  const host = program.command('host').description('write, freeze, wait, check: what a host does with a controller');
  for (const each of [write, read, freeze, wait, status, digest, verify, pair]) each.register(host);
}
