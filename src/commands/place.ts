/** lazarus place: from a load-profile to a placement of expert replicas on nodes. */
import { totalSlots } from "../core/cluster.ts";
import { defaultFailureProbability } from "../core/placement/assess.ts";
import { makePlacement } from "../core/placement/makePlacement.ts";
import { UsageError } from "../errors.ts";
import { checkLoadProfile } from "../formats/documents/loadProfile.ts";
import { placementCsv } from "../formats/placementCsv.ts";
import { allocationPolicyNames, placementDocument, placementPolicyNames } from "../formats/placementDocument.ts";
import { parseCount, parseNumber } from "../formats/units.ts";
import { placementTable } from "../report/placementTable.ts";
import { clusterOptions, readCluster } from "./clusterOptions.ts";
import { defineCommand } from "./command.ts";
import { choice, option } from "./option.ts";
import { readDocuments } from "./readDocuments.ts";
import { warn } from "./warn.ts";
import { outputOptions, writeDocuments } from "./writeDocuments.ts";

export const place = defineCommand({
  name: "place",
  summary: "choose how many replicas every expert gets and which nodes hold them",
  examples: [
    {
      says: "Ten nodes with six slots each",
      line: "lazarus profile-load routing.csv | lazarus place -n 10 -c 6 -o placement.json",
    },
    { says: "Nodes that differ, in racks", line: "lazarus place profile.json --cluster nodes.csv" },
    { says: "The paper's placement, as a table", line: "lazarus place profile.json -n 10 -c 6 --placement mro --format table" },
  ],
  description: [
    "Reads a load-profile and writes a placement: the expert in every slot of every node, layer by layer, with the exact probability that every expert of every layer survives when 1, 2, ... nodes fail, the most that any placement with these replica counts could reach, and how evenly the nodes share the load.",
  ],
  input: "a load-profile",
  options: {
    ...clusterOptions,
    "min-replicas": option({
      letter: "f",
      argument: "N",
      fallback: "2",
      parse: parseCount(1),
      says: "Copies that every expert has at least: fewer failures than this never lose one.",
    }),
    allocation: choice({
      choices: allocationPolicyNames,
      fallback: "lazarus",
      says: "How many replicas: lazarus in proportion to load (the paper's Eq. 1), even the same for all.",
    }),
    placement: choice({
      choices: placementPolicyNames,
      fallback: "mro",
      says: "Where they go: mro overlaps cold experts' hosts (the paper's), spread goes round the nodes, compact fills node after node.",
    }),
    "failure-probability": option({
      argument: "P",
      parse: parseNumber(0, 1),
      says: "Probability that a node fails, independently of the others; default: 1/N, at least 0.05. With domains in the cluster file, a domain's as well.",
    }),
    seed: option({
      argument: "N",
      fallback: "0",
      parse: parseCount(0, 0x7fffffff),
      says: "Seed of everything that is drawn: the same seed gives the same bytes.",
    }),
    ...outputOptions,
  },
  run: async (options, file) => {
    const cluster = await readCluster(options);
    const minReplicas = options["min-replicas"];
    if (minReplicas > cluster.length) {
      throw new UsageError(
        `--min-replicas ${minReplicas}: ${cluster.length} nodes cannot hold that many copies apart; give at most ${cluster.length}`,
      );
    }
    const { placement, allocation, seed } = options;
    const failureProbability = options["failure-probability"] ?? defaultFailureProbability(cluster.length);
    const policy = { placement, allocation, minReplicas, seed, failureProbability };
    return writeDocuments(options, { csv: placementCsv, table: placementTable }, async (write) => {
      for await (const { experts, layers } of readDocuments(file, checkLoadProfile)) {
        const slots = totalSlots(cluster);
        if (slots < experts) {
          throw new UsageError(
            `${experts} experts do not fit into ${slots} slots: ${experts - slots} more are needed; add nodes or slots`,
          );
        }
        const made = makePlacement(cluster, layers, policy);
        if (made.keptMinReplicas < minReplicas) {
          warn(
            `${slots} slots hold only ${made.keptMinReplicas} of ${minReplicas} replicas of each of ${experts} experts; --min-replicas is lowered`,
          );
        }
        await write(placementDocument(made, policy));
      }
      return 0;
    });
  },
});
