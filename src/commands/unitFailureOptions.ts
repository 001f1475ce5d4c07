/** The options that say how the parts of a cluster fail, and how they are repaired, replaced and maintained. */
import { randomSource, shuffle } from "../core/algorithms/random.ts";
import type { Membership, Slowdown } from "../core/simulation/membership.ts";
import { secondsBetweenUnitFailures, type UnitFailureSpec, unitFailures } from "../core/simulation/unitFailures.ts";
import { UsageError } from "../errors.ts";
import { parseCount, parseNumber, parsePercent, parseSeconds } from "../formats/units.ts";
import type { MembershipSource } from "./membershipSource.ts";
import { type OptionValues, option } from "./option.ts";

const UNITS = ["gpu", "node", "domain"] as const;
const NEVER = Number.POSITIVE_INFINITY;

export const unitFailureOptions = {
  mtbf: option({
    argument: "TIME|UNIT=TIME,...",
    parse: parseMtbf,
    says: "Nodes fail independently; this is the mean time between failures of the whole cluster, or of a single unit of each kind, such as gpu=50000h,node=2000d,domain=5000d.",
  }),
  weibull: option({
    argument: "SHAPE",
    parse: parseNumber(0.2, 20),
    says: "With --mtbf: Weibull shape of the times between a unit's failures; 1, which is exponential, without it. Below 1 they come in bursts.",
  }),
  "domain-nodes": option({
    argument: "N",
    parse: parseCount(1, 100_000),
    says: "With --mtbf domain=TIME: nodes of a rack or switch, which fail together.",
  }),
  repair: option({ argument: "TIME", parse: parseSeconds, says: "With --mtbf: time after which a failed node comes back." }),
  spares: option({
    argument: "N",
    parse: parseCount(0, 100_000),
    says: "With --mtbf: nodes beside those of the job, each of which takes the place of one that failed; a repaired node joins them.",
  }),
  "spare-start": option({
    argument: "TIME",
    fallback: "1m",
    parse: parseSeconds,
    says: "Time until a spare has taken over.",
  }),
  drain: option({
    argument: "EVERY:TIME",
    parse: parseDrain,
    says: "With --mtbf: every so often the next node is taken away with notice for a time, such as 12h:2h.",
  }),
  slow: option({
    argument: "SHARE:FACTOR",
    parse: parseShare,
    says: "Part of the nodes that compute slower than the others, such as 5%:1.3x; the slowest in use holds up every step.",
  }),
  degraded: option({
    argument: "SHARE:FACTOR",
    parse: parseShare,
    says: "Part of the nodes whose links are slower, such as 2%:2x.",
  }),
};

type Options = OptionValues<typeof unitFailureOptions>;
type NeedsMtbf = "weibull" | "domain-nodes" | "repair" | "spares" | "drain";

/** @throws UsageError for options that mean nothing without others */
export function checkUnitOptions(options: Options): void {
  const needing: readonly NeedsMtbf[] = ["weibull", "domain-nodes", "repair", "spares", "drain"];
  const alone = needing.find((name) => options[name] !== undefined);
  if (options.mtbf === undefined && alone !== undefined) throw new UsageError(`--${alone} needs --mtbf`);
  const isByDomain = typeof options.mtbf === "object" && options.mtbf.domain !== undefined;
  if (isByDomain && options["domain-nodes"] === undefined) {
    throw new UsageError("--mtbf domain=TIME: how many nodes are in a domain? pass --domain-nodes N");
  }
}

/** Failures by --mtbf. */
export function unitFailureSource(options: Options, nodes: number, gpusPerNode: number): MembershipSource {
  const { mtbf, weibull = 1, "domain-nodes": nodesPerDomain = nodes, repair, spares, "spare-start": spareStart, drain } = options;
  const each = typeof mtbf === "object" ? mtbf : { node: mtbf! * nodes };
  const spec: UnitFailureSpec = {
    nodes,
    gpusPerNode,
    nodesPerDomain,
    mtbf: { gpu: NEVER, node: NEVER, domain: NEVER, ...each },
    shape: weibull,
    repairSeconds: repair ?? NEVER,
    spares: spares ?? 0,
    spareStartSeconds: spareStart,
    drainEverySeconds: drain?.every ?? NEVER,
    drainSeconds: drain?.seconds ?? NEVER,
  };
  return {
    parameters: {
      nodes,
      mtbf:
        typeof mtbf === "object"
          ? UNITS.flatMap((unit) => (mtbf[unit] === undefined ? [] : [`${unit}=${mtbf[unit]}`])).join()
          : mtbf!,
      ...(options.weibull === undefined ? {} : { weibull }),
      ...(options["domain-nodes"] === undefined ? {} : { "domain-nodes": nodesPerDomain }),
      ...(repair === undefined ? {} : { repair }),
      ...(spares === undefined ? {} : { spares, "spare-start": spareStart }),
      ...(drain === undefined ? {} : { drain: `${drain.every}:${drain.seconds}` }),
    },
    membership: (random) => unitFailures(spec, random),
    secondsBetweenFailures: secondsBetweenUnitFailures(spec),
    areIndependent: spec.mtbf.domain === NEVER,
  };
}

/** The same nodes, some of which are slower than they should be. */
export function withSlowNodes(source: MembershipSource, { slow, degraded }: Options): MembershipSource {
  if (slow === undefined && degraded === undefined) return source;
  const text = ({ share, factor }: SlowShare) => `${Number((100 * share).toPrecision(12))}%:${factor}x`;
  return {
    ...source,
    parameters: {
      ...source.parameters,
      ...(slow === undefined ? {} : { slow: text(slow) }),
      ...(degraded === undefined ? {} : { degraded: text(degraded) }),
    },
    membership: (random) => {
      // Drawn before the failures, from streams of their own.
      const seed = random.below(0x7fffffff);
      const membership = source.membership(random);
      return { ...membership, slowdown: slowdowns(membership, seed, slow, degraded) };
    },
  };
}

function slowdowns({ initial }: Membership, seed: number, slow: SlowShare | undefined, degraded: SlowShare | undefined) {
  const chosen = (part: SlowShare | undefined, stream: number) =>
    new Set(
      part === undefined
        ? []
        : shuffle([...initial], randomSource(seed, stream)).slice(0, Math.round(part.share * initial.length)),
    );
  const [slowNodes, degradedNodes] = [chosen(slow, 1), chosen(degraded, 2)];
  return (node: number): Slowdown => ({
    compute: slowNodes.has(node) ? slow!.factor : 1,
    network: degradedNodes.has(node) ? degraded!.factor : 1,
  });
}

interface SlowShare {
  readonly share: number;
  readonly factor: number;
}

function parseShare(text: string): SlowShare {
  const [share = "", factor = "", ...more] = text.split(":");
  if (more.length > 0 || !/x$/i.test(factor)) throw new Error("expected SHARE:FACTOR such as 5%:1.3x");
  return { share: parsePercent(share), factor: parseNumber(1, 1000)(factor.slice(0, -1)) };
}

function parseDrain(text: string): { readonly every: number; readonly seconds: number } {
  const [every = "", seconds = "", ...more] = text.split(":");
  if (more.length > 0 || seconds === "") throw new Error("expected EVERY:TIME such as 12h:2h");
  return { every: positiveSeconds(every), seconds: parseSeconds(seconds) };
}

function parseMtbf(text: string): number | { readonly [K in (typeof UNITS)[number]]?: number } {
  if (!text.includes("=")) return positiveSeconds(text);
  return Object.fromEntries(
    text.split(",").map((entry) => {
      const [name, time = "", ...more] = entry.trim().split("=");
      const unit = UNITS.find((known) => known === name);
      if (unit === undefined || more.length > 0) throw new Error(`expected UNIT=TIME with units ${UNITS.join(", ")}`);
      return [unit, positiveSeconds(time)];
    }),
  );
}

/** A time above 0. */
export function positiveSeconds(text: string): number {
  const seconds = parseSeconds(text);
  if (seconds <= 0) throw new Error("expected more than 0");
  return seconds;
}
