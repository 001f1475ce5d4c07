/** The options that say which nodes a simulated job has, and when they fail. */
import type { RandomSource } from "../core/algorithms/random.ts";
import { hourlyPreemptions, noFailures, regularFailures } from "../core/simulation/failureModels.ts";
import { cappedTrace, placedTrace } from "../core/simulation/membershipTrace.ts";
import { UsageError } from "../errors.ts";
import { isOfSkyPilot, namesOnlyNodesWithEvents, readTrace } from "../formats/traces/readTrace.ts";
import { POLARITIES } from "../formats/traces/skyPilotTrace.ts";
import { parseCount, parseNumber, parseSeconds } from "../formats/units.ts";
import { openInput, readText } from "../io/input.ts";
import type { MembershipSource } from "./membershipSource.ts";
import { choice, type OptionValues, option } from "./option.ts";
import { checkUnitOptions, positiveSeconds, unitFailureOptions, unitFailureSource, withSlowNodes } from "./unitFailureOptions.ts";
import { warn } from "./warn.ts";

const SECONDS_PER_HOUR = 3600;
const USUAL_POLARITY = "held";

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
    choices: POLARITIES,
    says: `What the data of a SkyPilot trace count: instances held, or instances preempted. Default: ${USUAL_POLARITY}.`,
  }),
  "fail-every": option({
    argument: "TIME",
    parse: positiveSeconds,
    says: "A random node fails every so often, until only --keep are left.",
  }),
  keep: option({ argument: "N", parse: parseCount(0, 100_000), says: "Nodes that --fail-every leaves; default: half." }),
  ...unitFailureOptions,
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

/**
 * What the options say about nodes and failures.
 * @param gpusPerNode of the hardware
 * @throws UsageError when they contradict each other or do not say how many nodes there are
 */
export async function readFailures(options: Options, gpusPerNode: number): Promise<MembershipSource> {
  return withSlowNodes(await failuresOf(options, gpusPerNode), options);
}

async function failuresOf(options: Options, gpusPerNode: number): Promise<MembershipSource> {
  const kinds = ["trace", "fail-every", "mtbf", "preemption-probability", "failures"] as const;
  const given = kinds.filter((kind) => options[kind] !== undefined);
  if (given.length > 1) throw new UsageError(`--${given[0]} and --${given[1]} both say when nodes fail; give one of them`);
  checkUnitOptions(options);
  if (options.keep !== undefined && options["fail-every"] === undefined) throw new UsageError("--keep needs --fail-every");
  if (options.trace !== undefined) return traceSource(options, options.trace);
  if (options.polarity !== undefined)
    throw new UsageError("--polarity is for --trace FILE of SkyPilot; add that, or leave this out");
  const { nodes, mtbf, failures, "preemption-probability": probability } = options;
  if (nodes === undefined) throw new UsageError("how many nodes has the job? pass --nodes N or --trace FILE");
  const every = options["fail-every"];
  if (every !== undefined) {
    const keep = options.keep ?? Math.floor(nodes / 2);
    const parameters = { nodes, "fail-every": every, keep };
    return {
      parameters,
      membership: (random) => regularFailures(nodes, every, keep, random),
      secondsBetweenFailures: every,
      areIndependent: true,
    };
  }
  if (mtbf !== undefined) return unitFailureSource(options, nodes, gpusPerNode);
  if (probability !== undefined) {
    const parameters = { nodes, "preemption-probability": probability };
    const membership = (random: RandomSource) => hourlyPreemptions(nodes, probability, random);
    if (probability === 0) return { parameters, membership };
    return { parameters, membership, secondsBetweenFailures: SECONDS_PER_HOUR / nodes / probability, areIndependent: true };
  }
  if (failures === undefined) return { parameters: { nodes }, membership: () => noFailures(nodes) };
  const outside = failures.find(({ node }) => node >= nodes);
  if (outside !== undefined) throw new UsageError(`--failures: there is no node ${outside.node}; nodes are 0 to ${nodes - 1}`);
  const parameters = { nodes, failures: failures.map(({ seconds, node }) => `${seconds}:${node}`).join() };
  return { parameters, membership: () => ({ ...noFailures(nodes), changes: failures }) };
}

async function traceSource(options: Options, file: string): Promise<MembershipSource> {
  const { nodes, polarity = USUAL_POLARITY } = options;
  const input = openInput(file);
  const text = await readText(input);
  if (options.polarity !== undefined && !isOfSkyPilot(text))
    throw new UsageError(`--polarity is for traces of SkyPilot, which ${input.name} is not; leave it out`);
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
