#!/usr/bin/env node
import { main } from '../dist/lmfuse.js';

process.exitCode = await main(process.argv.slice(2));
