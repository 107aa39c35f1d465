#!/usr/bin/env node
/** The command `coldframe`. */
import { runProgram } from './program.js';

process.exit(await runProgram(process.argv));
