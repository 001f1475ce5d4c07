/** Figure 10: one MoE layer under ever more skewed loads: forward throughput and recovery (section 6.5). */

import type { HardwareSpec } from "../../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../../core/cost/modelSpec.ts";
import { stepCostCoefficients } from "../../core/cost/stepCost.ts";
import { uniformCluster } from "../../core/layout/cluster.ts";
import { hostSets } from "../../core/layout/placement.ts";
import { placeLayers } from "../../core/placement/placeLayers.ts";
import { recoveryProbabilities } from "../../core/recovery/recoveryProbabilities.ts";
import { loadSchedule, windowAt } from "../../core/simulation/loadSchedule.ts";
import { trainingSystem } from "../../core/simulation/systems.ts";
import { imbalancePicture, recoveryPicture } from "../../report/figurePictures.ts";
import type { Comparison, Figure } from "./figure.ts";

const NODES = 10;
/** How many times its even share the hottest expert gets. */
const RATIOS = [1, 2, 3, 4, 5, 6];
/** Those that the paper's text names. */
const NAMED_RATIOS = [1, 2, 4];
const TOKENS = 7_000_000;
/** Of a training step's expert computation and all-to-alls, the forward pass is this part. */
const FORWARD_COMPUTE = 1 / 3;
const FORWARD_ALL_TO_ALLS = 1 / 2;

/** Reproduces the figure. */
export function loadImbalance(model: ModelSpec, hardware: HardwareSpec): Figure {
  // The paper's layer: eight experts at a feature dimension of 1024.
  const layer: ModelSpec = { ...model, name: "one layer", layers: 1, experts: 8 };
  const points = RATIOS.flatMap((ratio) =>
    (["lazarus", "ds"] as const).map((system) => ({ ratio, system, samplesPerSecond: forwardRate(system, ratio) })),
  );
  function forwardRate(name: "lazarus" | "ds", ratio: number): number {
    const loads = loadSchedule([[skewed(layer.experts, ratio)]], 1);
    const window = windowAt(loads, 0);
    const nodes = Array.from({ length: NODES }, (_, node) => node);
    const configuration = trainingSystem(name, { model: layer, hardware, loads, gradientAccumulation: 1 }).start(nodes, window);
    if (configuration === undefined) throw new RangeError(`${name} does not fit on ${NODES} nodes`);
    const { perCompute, perTraffic } = stepCostCoefficients(layer, hardware, NODES);
    const { compute, traffic } = configuration.cost(window);
    const seconds = FORWARD_COMPUTE * compute * perCompute + FORWARD_ALL_TO_ALLS * traffic * perTraffic;
    return (configuration.nodes.length * layer.sequencesPerNode) / seconds;
  }
  const rates = (system: string) => points.filter((point) => point.system === system).map((point) => point.samplesPerSecond);
  const lazarus = rates("lazarus");
  const ds = rates("ds");
  const named = points.filter((point) => point.system === "lazarus" && NAMED_RATIOS.includes(point.ratio));
  const comparisons: Comparison[] = [
    {
      figure: "10a",
      what: "lazarus, slowest over fastest of 1:1, 2:1, 4:1",
      paper: 1,
      ours: slowestOverFastest(named.map((point) => point.samplesPerSecond)),
      basis: "predicted",
      tolerance: 0.1,
      remark: "the paper's curve is flat",
    },
    {
      figure: "10a",
      what: "lazarus, slowest over fastest of 1:1 to 6:1",
      ours: slowestOverFastest(lazarus),
      basis: "predicted",
      remark: "the nodes of the cold experts must send ever more tokens away",
    },
    {
      figure: "10a",
      what: "ds, 6:1 over 1:1",
      ours: ds.at(-1)! / ds[0]!,
      basis: "predicted",
      remark: "the paper's curve falls steeply",
    },
    {
      figure: "10a",
      what: "lazarus over ds at 1:1",
      ours: lazarus[0]! / ds[0]!,
      basis: "predicted",
      remark: "a known miss: the paper has lazarus a little below ds, whose groups here stay within a server",
    },
  ];
  return {
    comparisons,
    contests: [],
    charts: new Map([
      ["figure-10a", imbalancePicture("Figure 10a: forward throughput of one layer", points)],
      ["figure-10b", recoveryPicture("Figure 10b: all experts survive", recoveryPoints(layer))],
    ]),
  };
}

function slowestOverFastest(rates: readonly number[]): number {
  return Math.min(...rates) / Math.max(...rates);
}

function skewed(experts: number, ratio: number): number[] {
  const hot = (ratio * TOKENS) / experts;
  return Array.from({ length: experts }, (_, expert) =>
    Math.round(expert === experts - 1 ? hot : (TOKENS - hot) / (experts - 1)),
  );
}

function recoveryPoints(model: ModelSpec) {
  const cluster = uniformCluster(NODES, model.slotsPerNode);
  return [2, 4].flatMap((ratio) =>
    (["mro", "spread"] as const).flatMap((placement) => {
      const { layers } = placeLayers({
        cluster,
        layers: [{ layer: 0, loads: skewed(model.experts, ratio) }],
        minReplicas: model.minReplicas,
        allocation: "lazarus",
        placement,
      });
      const { failures } = recoveryProbabilities(layers.flatMap(hostSets), NODES);
      return failures.map(({ failed, probability }) => ({ panel: `${ratio}:1`, placement, failed, probability }));
    }),
  );
}
