/** lazarus recover: from a placement and the nodes that failed or joined to a new placement and the transfers that lead to it. */

import { fileURLToPath } from "node:url";
import type { Infeasible } from "../core/layout/infeasible.ts";
import type { LayerLoads, Placement } from "../core/layout/placement.ts";
import { choosesReplicas, EFFORTS, PLACEMENT_POLICIES, RECOVERY_EFFORT } from "../core/placement/policy.ts";
import { MAPPING_POLICIES } from "../core/reconfigure/mapNodes.ts";
import { planRecovery, type RecoveryProblem } from "../core/reconfigure/planRecovery.ts";
import { type Rehearsal, rehearsalOf } from "../core/reconfigure/rehearsal.ts";
import { UsageError } from "../errors.ts";
import { checkLoadProfile } from "../formats/documents/loadProfile.ts";
import { type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import { checkRecoveryPlan, type RecoveryPlanDocument } from "../formats/documents/recoveryPlan.ts";
import { expandHostList } from "../formats/nodeLists/hostList.ts";
import { policyOf } from "../formats/placementDocument.ts";
import { planSystems } from "../formats/plans/plan.ts";
import { recoveryPlanDocument } from "../formats/recoveryPlanDocument.ts";
import { parseBandwidth, parseBytes, parseCount, parseSeconds } from "../formats/units.ts";
import type { RehearsalReport } from "../io/rehearsal/rehearse.ts";
import { clusterOption, nodesOption, readNodes, spillOption } from "./clusterOptions.ts";
import { defineCommand } from "./command.ts";
import { type FailedSource, failedOption, instancesOption, readFailedNodes } from "./failedOption.ts";
import { choice, type OptionValues, option, toggle } from "./option.ts";
import { planOutputOptions, planRenderers } from "./planOptions.ts";
import { withStopwatch } from "./progress.ts";
import { readDocument } from "./readDocuments.ts";
import { readPlacements } from "./readPlacements.ts";
import { namingRefusals } from "./refusals.ts";
import { complain, warn } from "./warn.ts";
import { type Renderers, writeDocuments } from "./writeDocuments.ts";

const NOT_RECOVERABLE = 3;
const FAILED_REHEARSAL = 1;
const REHEARSAL_SECONDS = 120;
/** Characters of a node's name in a message. */
const LONGEST_NAME = 64;

const options = {
  failed: failedOption,
  instances: instancesOption,
  joined: option({
    argument: "LIST|COUNT",
    parse: (text) => (/^\d+$/.test(text) ? parseCount(0, 100_000)(text) : expandHostList(text)),
    says: "Names of the nodes that joined, or how many; they hold nothing yet.",
  }),
  slots: option({
    letter: "c",
    argument: "N",
    parse: parseCount(1),
    says: "Slots of the joined nodes, where the old nodes differ.",
  }),
  "max-moves": option({
    argument: "N",
    parse: parseCount(0),
    says: "Most replicas to move; when the new placement takes more, the best part of it that they reach.",
  }),
  spill: spillOption,
  gpus: option({
    argument: "N",
    parse: parseCount(1),
    says: "GPUs of the joined nodes, where the old nodes differ; GPUs of a node, for plans of other systems (1 unless said).",
  }),
  nodes: {
    ...nodesOption,
    says: "Nodes of a plan of another system in rank order: how many, or their names such as gpu[001-010].",
  },
  cluster: { ...clusterOption, says: "File with the nodes of a plan of another system, instead of --nodes." },
  profile: option({
    argument: "FILE",
    parse: (text) => text,
    says: "A newer load-profile to place by; otherwise the placement's own loads.",
  }),
  placement: choice({ choices: PLACEMENT_POLICIES, says: "Policy of the new placement; otherwise that of the old one." }),
  mapping: choice({
    choices: MAPPING_POLICIES,
    fallback: "optimal",
    says: "Which live node plays which part of the new placement: optimal moves the fewest replicas, greedy takes the nearest node part by part.",
  }),
  effort: choice({
    choices: EFFORTS,
    fallback: RECOVERY_EFFORT,
    says: "How long to search for a new placement while the GPUs wait, where the policy searches.",
  }),
  "expert-bytes": option({
    argument: "SIZE",
    fallback: "112MiB",
    parse: atLeastOneByte,
    says: "Size of an expert's weights and optimiser state.",
  }),
  bandwidth: option({
    argument: "RATE",
    fallback: "100Gbps",
    parse: positive(parseBandwidth),
    says: "Network bandwidth of a node, each way.",
  }),
  detect: option({ argument: "TIME", fallback: "15s", parse: parseSeconds, says: "Time until a failure is noticed." }),
  regroup: option({ argument: "TIME", fallback: "10s", parse: parseSeconds, says: "Time to form new communication groups." }),
  rehearse: toggle({
    says: "Act the plan out on this machine: a process for each node, failed ones killed, transfers over loopback TCP, every node's experts checked by hash.",
  }),
  "rehearse-bytes": option({
    argument: "SIZE",
    fallback: "64KiB",
    parse: atLeastOneByte,
    says: "Size of an expert in the rehearsal.",
  }),
  ...planOutputOptions,
};

export const recover = defineCommand({
  name: "recover",
  summary: "plan how training goes on after nodes failed or joined",
  examples: [
    { says: "Two nodes died", line: "lazarus recover placement.json --failed node3,node7" },
    {
      says: "One died, two new ones came, and there are newer loads",
      line: "lazarus recover placement.json --failed node3 --joined 2 --profile now.json",
    },
    { says: "The dispatch after the failure", line: "lazarus recover placement.json --failed node3 | lazarus dispatch-plan" },
  ],
  description: [
    "Reads a placement (or an earlier recovery-plan) and writes a recovery-plan: whether every expert of every layer keeps a live host, the new placement on the live nodes by the same policy, which replicas move from where to where in which round, and how long that takes.",
    "A placement of policy resilient is repaired where that is as good as a new one: its balance within the limit, its survival within 0.00001 of the most that is possible, or of a new placement's; with --effort fast, it is enough to survive as much as the designs from which a search would start. Live nodes may take the parts of failed ones, so that the part is left out which is missed least. Otherwise a new placement is made, and experts exchange places where that saves transfers.",
    "In a round a node sends at most one replica and receives at most one. The lower bound is what the busiest node needs at full bandwidth.",
    "When experts are lost, or the live nodes have fewer slots than there are experts, the document says so with recoverable false and the exit code is 3.",
  ],
  input: "a placement or recovery-plan",
  options,
  exitCodes: { [NOT_RECOVERABLE]: "Not recoverable: the document lists the experts that are lost." },
  run: (options, file) =>
    writeDocuments(options, renderers(options), async (write) => {
      const newer = options.profile === undefined ? undefined : await readDocument(options.profile, checkLoadProfile);
      const named = await readFailedNodes(options, file);
      const context = {
        nodes: () => readNodes(options),
        loads: async () => newer?.layers,
        gpus: options.gpus ?? 1,
        layerBase: options["layer-base"],
        denseLayers: options["num-dense-layers"],
      };
      let exitCode = 0;
      for await (const document of readPlacements(file, context)) {
        const old = placementOf(document);
        const failed = failedOf(old, options.failed, named);
        const recovery = await withStopwatch("planning", (watch) =>
          namingRefusals(
            () => planRecovery(problemOf(options, document, old, failed, newer?.layers, watch)),
            (refusal) => inOptions(refusal, document.policy.placement),
          ),
        );
        const planned = recoveryPlanDocument(
          recovery,
          failed.map((node) => old.cluster[node]!.name),
          options["expert-bytes"],
        );
        const plan =
          options.rehearse && recovery.recoverable
            ? {
                ...planned,
                rehearsal: await actOut(rehearsalOf(old, recovery.survivors, recovery.change), options["rehearse-bytes"]),
              }
            : planned;
        if (plan.rehearsal?.passed === false) exitCode = FAILED_REHEARSAL;
        if (!plan.recoverable) {
          exitCode = NOT_RECOVERABLE;
          if (planSystems.some((system) => system === options.format)) complain(`no plan: ${plan.reason}`);
        }
        await write(plan);
      }
      return exitCode;
    }),
});

/** What the options make of a placement document. */
function problemOf(
  options: Options,
  document: PlacementDocument,
  old: Placement,
  failed: readonly number[],
  loads: readonly LayerLoads[] | undefined,
  watch: () => void,
): RecoveryProblem {
  const { mapping, spill, bandwidth, effort, joined, slots, gpus } = options;
  const policy = policyOf(document, options.placement);
  return {
    old,
    madeBy: policyOf(document)?.placement,
    failed,
    joined,
    slots,
    gpus,
    loads,
    policy: policy && { ...policy, ...(choosesReplicas(policy) && { effort }), watch },
    mapping,
    maxMoves: options["max-moves"],
    spill: spill === "cpu",
    speed: {
      expertBytes: options["expert-bytes"],
      bandwidth,
      detectSeconds: options.detect,
      regroupSeconds: options.regroup,
    },
  };
}

/** What the core refuses, in the words of the command line. */
function inOptions({ about, message }: Infeasible, madeBy: string): UsageError {
  switch (about) {
    case "slots":
    case "gpus":
      return new UsageError(`the nodes differ in ${about}; say with --${about} how many the joined nodes have`);
    case "joined":
      return new UsageError(`--joined: ${message}`);
    case "loads":
      return new UsageError(`--profile: ${message}`);
    case "policy":
      return new UsageError(
        `the placement was made by "${madeBy}", which is none of ours; name a policy for the new one with --placement`,
      );
    default:
      return new UsageError(message);
  }
}

/** Rehearses in processes that run the file which the build puts beside the commands. */
async function actOut(rehearsal: Rehearsal, bytes: number): Promise<RehearsalReport> {
  const nodeProgram = [fileURLToPath(new URL("./io/rehearsal/node.js", import.meta.url))];
  const { rehearse } = await import("../io/rehearsal/rehearse.ts");
  return rehearse(rehearsal, { bytes, timeoutSeconds: REHEARSAL_SECONDS, nodeProgram });
}

type Options = OptionValues<typeof options>;

function renderers(options: Options): Renderers<RecoveryPlanDocument> {
  return {
    check: checkRecoveryPlan,
    csv: async () => (await import("../formats/recoveryPlanCsv.ts")).recoveryPlanCsv,
    table: async () => (await import("../report/recoveryTable.ts")).recoveryTable,
    others: planRenderers(options, ({ placement }) => placement),
  };
}

/** The failed nodes that a placement has; a cluster manager may well name others, a person should not. */
function failedOf({ cluster }: Placement, source: FailedSource | undefined, named: readonly string[]): number[] {
  const numberOf = new Map(cluster.map(({ name }, node) => [name, node]));
  const strangers = named.filter((name) => !numberOf.has(name));
  const known = named.flatMap((name) => numberOf.get(name) ?? []);
  if (strangers.length === 0) return known;
  const whereFrom = source !== undefined && "file" in source ? source.file : undefined;
  if (whereFrom === undefined || strangers.length === named.length) {
    const which =
      strangers.length === 1 ? `there is no node "${shown(strangers[0]!)}"` : `there are no nodes ${listed(strangers)}`;
    const instances = strangers.some((name) => /^i-[0-9a-f]+$/.test(name))
      ? "; --instances names the nodes of AWS instances"
      : "";
    throw new UsageError(`--failed: ${which}; the placement has ${listed(cluster.map((node) => node.name))}${instances}`);
  }
  warn(`failed nodes that the placement does not have are left out: ${listed(strangers)}`);
  return known;
}

function listed(names: readonly string[]): string {
  const few = (names.length <= 8 ? names : names.slice(0, 6)).map(shown).join(", ");
  return names.length <= 8 ? few : `${few}, ... ${shown(names.at(-1)!)} (${names.length} nodes)`;
}

function shown(name: string): string {
  return name.length <= LONGEST_NAME ? name : `${name.slice(0, LONGEST_NAME - 1)}…`;
}

function atLeastOneByte(text: string): number {
  const bytes = Math.round(parseBytes(text));
  if (bytes < 1) throw new Error("expected a size of at least one byte");
  return bytes;
}

function positive(parse: (text: string) => number): (text: string) => number {
  return (text) => {
    const value = parse(text);
    if (!(value > 0)) throw new Error("expected more than 0");
    return value;
  };
}
