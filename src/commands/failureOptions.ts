/** The options that say which nodes a simulated job has, and when they fail. */
import type { RandomSource } from "../core/algorithms/random.ts";
import { exponentialFailures, hourlyPreemptions, noFailures, regularFailures } from "../core/simulation/failureModels.ts";
import type { Membership } from "../core/simulation/membership.ts";
import { cappedTrace, placedTrace } from "../core/simulation/membershipTrace.ts";
import { UsageError } from "../errors.ts";
import { namesOnlyNodesWithEvents, readTrace } from "../formats/traces/readTrace.ts";
import { parseCount, parseNumber, parseSeconds } from "../formats/units.ts";
import { openInput, readText } from "../io/input.ts";
import { choice, type OptionValues, option } from "./option.ts";
import { warn } from "./warn.ts";

const SECONDS_PER_HOUR = 3600;

export const failureOptions = {
  nodes: option({
    letter: "n",
    argument: "N",
    parse: parseCount(1, 100_000),
    says: "Nodes of the job; with --trace, the most it uses at a time (default: all of the trace).",
  }),
  trace: option({
    argument: "FILE",
    parse: (text) => text,
    says: "Nodes that join and fail as recorded: rows ms,add|remove,node; rows hours,count; SkyPilot JSON; the output of `sacctmgr -P show event`; or a membership-trace.",
  }),
  polarity: choice({
    choices: ["held", "preempted"],
    fallback: "held",
    says: "What the data of a SkyPilot trace count: instances held, or instances preempted.",
  }),
  "fail-every": option({
    argument: "TIME",
    parse: positiveSeconds,
    says: "A random node fails every so often, until only --keep are left.",
  }),
  keep: option({ argument: "N", parse: parseCount(0, 100_000), says: "Nodes that --fail-every leaves; default: half." }),
  mtbf: option({
    argument: "TIME",
    parse: positiveSeconds,
    says: "Nodes fail independently; this is the mean time between failures of the whole cluster.",
  }),
  repair: option({ argument: "TIME", parse: parseSeconds, says: "With --mtbf: time after which a failed node comes back." }),
  "preemption-probability": option({
    argument: "P",
    parse: parseNumber(0, 1),
    says: "Each node is preempted with this probability in every hour; missing ones come back with a probability drawn for the hour.",
  }),
  "expected-mtbf": option({
    argument: "TIME",
    parse: positiveSeconds,
    says: "Time between two failures of the job that resilient plans for; otherwise as often as the options above make them, and an hour with --trace and --failures.",
  }),
  failures: option({
    argument: "LIST",
    parse: parseFailures,
    says: "Failures at given times, as TIME:NODE between commas; nodes count from 0.",
  }),
};

type Options = OptionValues<typeof failureOptions>;

/** Where the nodes of a job come from. */
export interface MembershipSource {
  /** How it is echoed. */
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly membership: (random: RandomSource) => Membership;
  /** Mean time between two failures, where the parameters say it beforehand. */
  readonly secondsBetweenFailures?: number;
}

/**
 * What the options say about nodes and failures.
 * @throws UsageError when they contradict each other or do not say how many nodes there are
 */
export async function readFailures(options: Options): Promise<MembershipSource> {
  const kinds = ["trace", "fail-every", "mtbf", "preemption-probability", "failures"] as const;
  const given = kinds.filter((kind) => options[kind] !== undefined);
  if (given.length > 1) throw new UsageError(`--${given[0]} and --${given[1]} both say when nodes fail; give one of them`);
  if (options.repair !== undefined && options.mtbf === undefined) throw new UsageError("--repair needs --mtbf");
  if (options.keep !== undefined && options["fail-every"] === undefined) throw new UsageError("--keep needs --fail-every");
  if (options.trace !== undefined) return traceSource(options, options.trace);
  const { nodes, mtbf, failures, repair = Number.POSITIVE_INFINITY, "preemption-probability": probability } = options;
  if (nodes === undefined) throw new UsageError("how many nodes has the job? pass --nodes N or --trace FILE");
  const every = options["fail-every"];
  if (every !== undefined) {
    const keep = options.keep ?? Math.floor(nodes / 2);
    const parameters = { nodes, "fail-every": every, keep };
    return { parameters, membership: (random) => regularFailures(nodes, every, keep, random), secondsBetweenFailures: every };
  }
  if (mtbf !== undefined) {
    const parameters = { nodes, mtbf, ...(options.repair === undefined ? {} : { repair }) };
    return { parameters, membership: (random) => exponentialFailures(nodes, mtbf, repair, random), secondsBetweenFailures: mtbf };
  }
  if (probability !== undefined) {
    const parameters = { nodes, "preemption-probability": probability };
    const membership = (random: RandomSource) => hourlyPreemptions(nodes, probability, random);
    if (probability === 0) return { parameters, membership };
    return { parameters, membership, secondsBetweenFailures: SECONDS_PER_HOUR / nodes / probability };
  }
  if (failures === undefined) return { parameters: { nodes }, membership: () => noFailures(nodes) };
  const outside = failures.find(({ node }) => node >= nodes);
  if (outside !== undefined) throw new UsageError(`--failures: there is no node ${outside.node}; nodes are 0 to ${nodes - 1}`);
  const parameters = { nodes, failures: failures.map(({ seconds, node }) => `${seconds}:${node}`).join() };
  return { parameters, membership: () => ({ ...noFailures(nodes), changes: failures }) };
}

async function traceSource({ nodes, polarity }: Options, file: string): Promise<MembershipSource> {
  const input = openInput(file);
  const text = await readText(input);
  if (nodes === undefined && namesOnlyNodesWithEvents(text)) {
    warn(`${input.name} names only nodes that had events; pass -n for how many the cluster has, and the others are there too`);
  }
  return {
    parameters: { ...(nodes === undefined ? {} : { nodes }), trace: file, polarity },
    membership: (random) => {
      const trace = readTrace(text, input.name, { polarity, random, nodes });
      return placedTrace(nodes === undefined ? trace : cappedTrace(trace, nodes), random);
    },
  };
}

function parseFailures(text: string) {
  const failures = text.split(",").map((entry) => {
    const [time, node, ...more] = entry.split(":");
    if (time === undefined || node === undefined || more.length > 0) throw new Error("expected TIME:NODE such as 5m:3,10m:0");
    return { seconds: parseSeconds(time), event: "remove" as const, node: parseCount(0)(node.trim()) };
  });
  return failures.sort((a, b) => a.seconds - b.seconds);
}

function positiveSeconds(text: string): number {
  const seconds = parseSeconds(text);
  if (seconds <= 0) throw new Error("expected more than 0");
  return seconds;
}
