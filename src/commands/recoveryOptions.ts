/** What `recover` can be told. */
import { EFFORTS, FAILURE_UNITS, PLACEMENT_POLICIES, RECOVERY_EFFORT, SHARES } from "../core/placement/policy.ts";
import { REBALANCING_POLICIES } from "../core/rebalance/rebalance.ts";
import { PREFERENCES, WAY_RULE } from "../core/reconfigure/chooseWay.ts";
import { MAPPING_POLICIES } from "../core/reconfigure/mapNodes.ts";
import { parseBandwidth, parseCount, parseSeconds } from "../formats/units.ts";
import { clusterOption, nodesOption, spillOption } from "./clusterOptions.ts";
import { drainOption } from "./drainOption.ts";
import { atLeastOneByte, expertSizeOptions } from "./expertSize.ts";
import { failedOption, missingOption, rejoinOption } from "./failedOption.ts";
import { joinedOption } from "./joinedOption.ts";
import { instancesOption } from "./nodeSource.ts";
import { choice, type OptionValues, option, toggle } from "./option.ts";
import { planOutputOptions } from "./planOptions.ts";
import { plotOption } from "./plotOption.ts";
import { rebalanceOptions } from "./rebalanceOptions.ts";
import { restoreOptions } from "./restoreOption.ts";
import { shownOptions } from "./shownOptions.ts";
import { worthOptions } from "./worthOptions.ts";

export const recoveryOptions = {
  failed: failedOption,
  missing: missingOption,
  rejoin: rejoinOption,
  drain: drainOption,
  instances: instancesOption,
  joined: joinedOption,
  expect: option({
    argument: "HASH",
    parse: parseSha256,
    says: "SHA-256 of the plan in FILE, as sha256sum prints it; any other plan is refused as stale, and nothing is written.",
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
    says: "Most replicas to move (by flexmoe and fewest-moves: copies to fetch, also within a node): of a repair, as many of them, 0 among others, as survive most, then are most even.",
  }),
  prefer: choice({
    choices: PREFERENCES,
    fallback: "auto",
    says: `Repair what survived where it is, or place anew. auto: ${WAY_RULE}.`,
  }),
  "keep-ranks": toggle({
    says: "Leave the ranks of nodes that fail or are drained in the plan, dead, so that all others keep their numbers; a node that joins takes the ranks of its name, or those of a dead one with as many GPUs. A plan that has dead ranks goes on so. Of plans for other systems, vllm has such ranks (slots of -1); the others are refused with the reason.",
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
    says: "A newer load-profile to place by, which is reason enough for a plan; otherwise the placement's own loads.",
  }),
  placement: choice({
    choices: [...PLACEMENT_POLICIES, ...REBALANCING_POLICIES],
    says: "Policy of the new placement; otherwise that of the old one. With --profile, flexmoe rebalances the plan in few operations as FlexMoE does, fewest-moves by what levels most for each copy fetched; both keep its policy and min-replicas and let no survival fall; flexmoe counts on even shares, fewest-moves on the plan's or --shares.",
  }),
  ...rebalanceOptions,
  ...worthOptions,
  shares: choice({
    choices: SHARES.toReversed(),
    says: "What resilient and balanced count on: free shares that a dispatcher solves for, or even ones. Default: what the placement was made for.",
  }),
  "failure-unit": choice({
    choices: FAILURE_UNITS,
    says: "What fails as one, for resilient: single GPUs, nodes, or domains; otherwise what the old placement was made for.",
  }),
  mapping: choice({
    choices: MAPPING_POLICIES,
    fallback: "optimal",
    says: "Which live node plays which part of a new placement: optimal moves the fewest replicas, greedy takes the nearest node part by part, as the paper does. What is repaired stays where it is, so that greedy changes nothing there.",
  }),
  effort: choice({
    choices: EFFORTS,
    fallback: RECOVERY_EFFORT,
    says: "How long to search for a new placement while the GPUs wait, where the policy searches.",
  }),
  ...expertSizeOptions,
  bandwidth: option({
    argument: "RATE",
    fallback: "100Gbps",
    parse: positive(parseBandwidth),
    says: "Network bandwidth of a node, each way.",
  }),
  detect: option({
    argument: "TIME",
    fallback: "15s",
    parse: parseSeconds,
    says: "Time until a failure is noticed; planned changes need none.",
  }),
  regroup: option({ argument: "TIME", fallback: "10s", parse: parseSeconds, says: "Time to form new communication groups." }),
  ...restoreOptions,
  rehearse: toggle({
    says: "Act the plan out on this machine: a process for each node, failed ones killed, transfers over loopback TCP, every node's experts checked by hash.",
  }),
  "rehearse-bytes": option({
    argument: "SIZE",
    parse: atLeastOneByte,
    says: "Size of an expert in the rehearsal, or as much of it as this machine has memory for. Default: 64 KiB, or as much less as takes no more than 20 seconds.",
  }),
  plot: plotOption("which node sends how much to which, and who sends and receives in which round, by what it comes from"),
  ...planOutputOptions,
  ...shownOptions,
  rows: choice({
    choices: ["transfers", "placement"],
    fallback: "transfers",
    says: "Which rows --format csv has: the transfers, or the new placement, which the next command reads.",
  }),
};

export type RecoveryOptions = OptionValues<typeof recoveryOptions>;

function parseSha256(text: string): string {
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new Error("expected a SHA-256, 64 hexadecimal digits as sha256sum prints them");
  return text.toLowerCase();
}

function positive(parse: (text: string) => number): (text: string) => number {
  return (text) => {
    const value = parse(text);
    if (!(value > 0)) throw new Error("expected more than 0");
    return value;
  };
}
