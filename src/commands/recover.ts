/** lazarus recover: from a placement and the nodes that failed or joined to a new placement and the transfers that lead to it. */
import { checkLoadProfile } from "../formats/documents/loadProfile.ts";
import { checkPlacementOrRecovery } from "../formats/documents/recoveryPlan.ts";
import { placementPolicyNames } from "../formats/placementDocument.ts";
import { recoveryPlanCsv } from "../formats/recoveryPlanCsv.ts";
import { parseBandwidth, parseBytes, parseCount, parseNameList, parseSeconds } from "../formats/units.ts";
import { recoveryTable } from "../report/recoveryTable.ts";
import { spillOption } from "./clusterOptions.ts";
import { defineCommand } from "./command.ts";
import { choice, option } from "./option.ts";
import { planRecovery } from "./planRecovery.ts";
import { readDocument, readDocuments } from "./readDocuments.ts";
import { outputOptions, writeDocuments } from "./writeDocuments.ts";

const NOT_RECOVERABLE = 3;

const options = {
  failed: option({ argument: "LIST", parse: parseNameList, says: "Names of the nodes that failed, between commas." }),
  joined: option({
    argument: "LIST|COUNT",
    parse: (text) => (/^\d+$/.test(text) ? parseCount(0, 100_000)(text) : parseNameList(text)),
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
  gpus: option({ argument: "N", parse: parseCount(1), says: "GPUs of the joined nodes, where the old nodes differ." }),
  profile: option({
    argument: "FILE",
    parse: (text) => text,
    says: "A newer load-profile to place by; otherwise the placement's own loads.",
  }),
  placement: choice({ choices: placementPolicyNames, says: "Policy of the new placement; otherwise that of the old one." }),
  mapping: choice({
    choices: ["greedy", "optimal"],
    fallback: "optimal",
    says: "Which live node plays which part of the new placement: optimal moves the fewest replicas, greedy takes the nearest node part by part.",
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
  ...outputOptions,
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
    "In a round a node sends at most one replica and receives at most one. The lower bound is what the busiest node needs at full bandwidth.",
    "When experts are lost, or the live nodes have fewer slots than there are experts, the document says so with recoverable false and the exit code is 3.",
  ],
  input: "a placement or recovery-plan",
  options,
  exitCodes: { [NOT_RECOVERABLE]: "Not recoverable: the document lists the experts that are lost." },
  run: (options, file) =>
    writeDocuments(options, { csv: recoveryPlanCsv, table: recoveryTable }, async (write) => {
      const newer = options.profile === undefined ? undefined : await readDocument(options.profile, checkLoadProfile);
      const wishes = {
        ...options,
        maxMoves: options["max-moves"],
        spill: options.spill === "cpu",
        expertBytes: options["expert-bytes"],
        detectSeconds: options.detect,
        regroupSeconds: options.regroup,
      };
      let exitCode = 0;
      for await (const document of readDocuments(file, checkPlacementOrRecovery)) {
        const plan = planRecovery(document, wishes, newer?.layers);
        if (!plan.recoverable) exitCode = NOT_RECOVERABLE;
        await write(plan);
      }
      return exitCode;
    }),
});

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
