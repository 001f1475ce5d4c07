/** Properties draw the same cases on every run; `npm run fuzz` draws new ones, and more of them. */
import fc from "fast-check";

const { FUZZ_SEED, FUZZ_RUNS } = process.env;
fc.configureGlobal({ seed: Number(FUZZ_SEED ?? 1), ...(FUZZ_RUNS === undefined ? {} : { numRuns: Number(FUZZ_RUNS) }) });
if (FUZZ_SEED !== undefined) process.stderr.write(`properties draw from seed ${FUZZ_SEED}\n`);
