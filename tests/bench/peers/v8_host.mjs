// Runs one benchmark program under V8 (node) and reports the time of its measured region on descriptor BENCH_REPORT.
//
// node --no-liftoff --no-wasm-lazy-compilation v8_host.mjs FILE: all of it is compiled by the optimising compiler, first.
import { readFileSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { WASI } from 'node:wasi';

const path = process.argv[2];
const wasi = new WASI({ version: 'preview1', args: [basename(path)], env: {}, preopens: { '.': process.cwd() }, returnOnExit: true });
const bytes = readFileSync(path);
const begin = performance.now();
const module = await WebAssembly.compile(bytes);
const report = { compile_usec: (performance.now() - begin) * 1000 };
const marks = [];
const instance = await WebAssembly.instantiate(module, {
  ...wasi.getImportObject(),
  bench: { start: () => { marks.push(performance.now()); }, end: () => { marks.push(performance.now()); } },
  env: { clock_ms: () => Math.trunc(performance.now()) | 0 },
});
let code = 0;
if (instance.exports._start) {
  code = wasi.start(instance);
} else {
  console.log(instance.exports.run());
}
if (marks.length === 2) report.bench_usec = (marks[1] - marks[0]) * 1000;
writeSync(Number(process.env.BENCH_REPORT), JSON.stringify(report) + '\n');
process.exitCode = code;
