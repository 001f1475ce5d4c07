/** The options that say how and how often the simulated systems save their state. */
import type { HardwareSpec } from "../core/cost/hardwareSpec.ts";
import type { CheckpointInterval } from "../core/cost/modelSpec.ts";
import type { CheckpointMethod } from "../core/simulation/checkpointing.ts";
import type { Job, RunPolicy } from "../core/simulation/job.ts";
import { checkpointSeconds, type SystemName, systemNames, usualPolicy } from "../core/simulation/systems.ts";
import { UsageError } from "../errors.ts";
import { parseBandwidth, parseCount, parseNumber, parseSeconds } from "../formats/units.ts";
import { type OptionValues, option } from "./option.ts";

const METHODS = "blocking, async, partial:SHARE, peers:STEPS, sparse:STEPS";

export const checkpointOptions = {
  "checkpoint-every": option({
    argument: "INTERVAL|LIST",
    parse: (text) => perSystem(text, "INTERVAL such as ds=50,lazarus=10m", parseInterval),
    says: "A number of steps, a time such as 10m, none, or auto (Young and Daly's for the system's checkpoints and failures); for all systems, or as SYSTEM=INTERVAL between commas. Otherwise as the model says.",
  }),
  "checkpoint-method": option({
    argument: "METHOD|LIST",
    parse: (text) => perSystem(text, "METHOD such as ds=async,lazarus=peers:10", parseMethod),
    says: `How checkpoints are taken, for all systems or as SYSTEM=METHOD: ${METHODS}. blocking stops the job until the state is in the store; async until it is in the hosts' memory; partial writes a share of the experts in turn; peers and sparse keep copies in a peer's memory as well, all of it every so many steps (1 unless said), or operators in turn over so many steps (as few as the network hides). Otherwise as the system's name says.`,
  }),
  "store-bandwidth": option({
    argument: "RATE",
    parse: positiveRate,
    says: "Rate of the checkpoint store for all nodes together; otherwise as the hardware says.",
  }),
  "node-store-bandwidth": option({
    argument: "RATE",
    parse: positiveRate,
    says: "Rate at which each node reaches the checkpoint store; the store's own rate is the limit, where it is known.",
  }),
};

type Options = OptionValues<typeof checkpointOptions>;
type System = SystemName | "plan";

/** The hardware with the store of the options. A rate for each node alone leaves no other limit. */
export function withStore(hardware: HardwareSpec, options: Options): HardwareSpec {
  const { "store-bandwidth": all, "node-store-bandwidth": each } = options;
  if (all === undefined && each === undefined) return hardware;
  const { storeBytesPerSecond: _, ...recovery } = hardware.recovery;
  return {
    ...hardware,
    recovery: {
      ...recovery,
      ...(all === undefined ? {} : { storeBytesPerSecond: all }),
      ...(each === undefined ? {} : { storeBytesPerSecondPerNode: each }),
    },
  };
}

/** What of the store goes into the document. */
export function storeParameters(options: Options): Record<string, string | number> {
  const { "store-bandwidth": all, "node-store-bandwidth": each, "checkpoint-method": methods } = options;
  return {
    ...(all === undefined ? {} : { "store-bandwidth": all }),
    ...(each === undefined ? {} : { "node-store-bandwidth": each }),
    ...(methods === undefined
      ? {}
      : { "checkpoint-method": [...methods].map(([name, method]) => `${name}=${methodText(method)}`).join() }),
  };
}

/**
 * What a system does beside training.
 * @param secondsBetween time between two failures, where it is known
 */
export function runPolicyOf(
  name: System,
  job: Job,
  options: Options & { readonly "rebalance-every": number },
  nodes: number,
  secondsBetween: number | undefined,
): RunPolicy {
  const { "checkpoint-every": intervals, "checkpoint-method": methods, "rebalance-every": rebalanceSteps } = options;
  const usual = usualPolicy(name, job.model, rebalanceSteps);
  const method = methods?.get(name) ?? methods?.get("all") ?? usual.method ?? { kind: "blocking" };
  const interval = intervals?.get(name) ?? intervals?.get("all") ?? usual.checkpoint;
  if (interval === "none" || interval === undefined) return { rebalanceSteps, method };
  if (interval !== "auto") return { rebalanceSteps, method, checkpoint: interval };
  if (secondsBetween === undefined) {
    throw new UsageError("--checkpoint-every auto: how often do failures come? pass --mtbf, --fail-every or --expected-mtbf");
  }
  // Whole seconds are close enough, and can be read.
  const seconds = Math.max(1, Math.round(checkpointSeconds(name, job, method, nodes, secondsBetween)));
  return { rebalanceSteps, method, checkpoint: { seconds } };
}

/** An interval as users type it. */
export function intervalText(interval: CheckpointInterval | undefined): string {
  if (interval === undefined) return "none";
  return "steps" in interval ? String(interval.steps) : `${interval.seconds}s`;
}

function methodText(method: CheckpointMethod): string {
  const { kind } = method;
  if (kind === "partial") return `${kind}:${method.share}`;
  if (kind === "peers") return `${kind}:${method.everySteps}`;
  return kind === "sparse" && method.windowSteps !== undefined ? `${kind}:${method.windowSteps}` : kind;
}

function perSystem<T>(text: string, expected: string, parse: (text: string) => T): ReadonlyMap<System | "all", T> {
  if (!text.includes("=")) return new Map([["all", parse(text)]]);
  return new Map(
    text.split(",").map((entry) => {
      const [system = "", value = "", ...more] = entry.trim().split("=");
      const name = ["plan" as const, ...systemNames].find((known) => known === system);
      if (name === undefined || more.length > 0) {
        throw new Error(`expected SYSTEM=${expected}, the systems being ${systemNames.join(", ")}`);
      }
      return [name, parse(value)];
    }),
  );
}

function parseInterval(text: string): CheckpointInterval | "none" | "auto" {
  if (text === "none" || text === "auto") return text;
  return /^\d+$/.test(text) ? { steps: parseCount(1)(text) } : { seconds: parseSeconds(text) };
}

function parseMethod(text: string): CheckpointMethod {
  const [kind, value, ...more] = text.split(":");
  const wrong = new Error(`expected one of ${METHODS}`);
  if (more.length > 0) throw wrong;
  if ((kind === "blocking" || kind === "async") && value === undefined) return { kind };
  if (kind === "partial" && value !== undefined) return { kind, share: parseNumber(0, 1)(value) };
  const steps = value === undefined ? undefined : parseCount(1)(value);
  if (kind === "peers") return { kind, everySteps: steps ?? 1 };
  if (kind === "sparse") return steps === undefined ? { kind } : { kind, windowSteps: steps };
  throw wrong;
}

function positiveRate(text: string): number {
  const rate = parseBandwidth(text);
  if (!(rate > 0)) throw new Error("expected more than 0");
  return rate;
}
