/** `npm run laws [-- INSTANCES [SEED]]`: how often placements of `resilient` break the laws that any result must keep, on random and real instances. */
import { randomSource } from "../core/algorithms/random.ts";
import { brokenLaws, randomInstance, TOLERANCE } from "./brokenLaws.ts";
import { realInstances } from "./realInstances.ts";

const INSTANCES = Number(process.argv[2] ?? 200);

const SEED = Number(process.argv[3] ?? 7);

const broken = new Map<string, number>();
const random = randomSource(SEED);
const real = await realInstances();
for (const instance of real) for (const shares of ["free", "even"] as const) count(brokenLaws({ ...instance, shares }));
for (let i = 0; i < INSTANCES; i++) count(brokenLaws(randomInstance(i, random)));
process.stdout.write(
  `${INSTANCES} random and ${2 * real.length} real instances; violations of more than ${100 * TOLERANCE} % of the loss:\n`,
);
for (const [law, times] of broken) process.stdout.write(`  ${law}: ${times}\n`);
if (broken.size === 0) process.stdout.write("  none\n");

function count(laws: readonly string[]): void {
  for (const law of laws) broken.set(law, (broken.get(law) ?? 0) + 1);
}
