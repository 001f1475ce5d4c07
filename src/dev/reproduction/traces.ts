/** The real traces that the paper replays. */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { busiestExperts, type LoadSchedule, loadSchedule } from "../../core/simulation/loadSchedule.ts";
import { cappedTrace, type MembershipTrace } from "../../core/simulation/membershipTrace.ts";
import { millisecondTrace } from "../../formats/traces/millisecondTrace.ts";

const ROUTING = "smartmoe/layer_loads.csv.gz";
const SPOT = "traces/p3-trace.csv";

/** Training steps for which a recorded iteration stands: every tenth was recorded. */
const STEPS_PER_RECORD = 10;
const MOST_NODES = 10;
/** The paper's testbed started with ten of the trace's nodes; the odd ones give the failures that its text describes. */
const FIRST_NODES = Array.from({ length: MOST_NODES }, (_, i) => `node${2 * i + 1}`);
const SPOT_SECONDS = 80 * 60;

/** SmartMoE's routing trace: tokens of each expert, by iteration, shape [layers][experts]. */
export type RoutingTrace = ReadonlyMap<number, readonly (readonly number[])[]>;

/** Ends the program with a line where the traces are not there. */
export function requireTraces(folder: string): void {
  const missing = [ROUTING, SPOT].filter((file) => !existsSync(`${folder}/${file}`));
  if (missing.length === 0) return;
  process.stderr.write(
    `reproduce: ${folder} has no ${missing.join(" and no ")}; pass the folder of the traces: npm run reproduce -- reproduction FOLDER\n`,
  );
  process.exit(2);
}

/** Reads `iteration,layer,e0..` rows. */
export function readRoutingTrace(folder: string): RoutingTrace {
  const trace = new Map<number, number[][]>();
  const [, ...lines] = gunzipSync(readFileSync(`${folder}/${ROUTING}`))
    .toString()
    .trimEnd()
    .split("\n");
  for (const line of lines) {
    const [iteration, , ...loads] = line.split(",").map(Number);
    const layers = trace.get(iteration as number);
    if (layers === undefined) trace.set(iteration as number, [loads]);
    else layers.push(loads);
  }
  return trace;
}

/** Loads of the busiest experts, replayed from the first iteration on. */
export function replayed(trace: RoutingTrace, experts: number): LoadSchedule {
  const windows = [...trace.values()].map((layers) => layers.map((loads) => busiestExperts(loads, experts)));
  return loadSchedule(windows, STEPS_PER_RECORD);
}

/** Minutes 0 to 80 of the spot instance trace, on at most ten nodes. */
export function readSpotTrace(folder: string): MembershipTrace {
  const trace = millisecondTrace(readFileSync(`${folder}/${SPOT}`, "utf8"), SPOT);
  return cappedTrace(trace, MOST_NODES, FIRST_NODES).filter(({ seconds }) => seconds < SPOT_SECONDS);
}
