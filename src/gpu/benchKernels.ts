/** The kernels by name. */
import type { LayerForm } from "../core/cost/layerForm.ts";
import { Infeasible } from "../core/layout/infeasible.ts";
import { minimalHostSets } from "../core/recovery/minimalHostSets.ts";
import type { BenchKernel } from "./benchKernel.ts";
import { failureOrders } from "./failureOrders.ts";
import { combineKernel } from "./kernels/combine.ts";
import { dispatchKernel } from "./kernels/dispatch.ts";
import { expertFfnKernel } from "./kernels/expertFfn.ts";
import { histogramKernel } from "./kernels/histogram.ts";
import { layerKernel } from "./kernels/layer.ts";
import { recoveryKernel } from "./kernels/recoveryMonteCarlo.ts";
import { routerKernel } from "./kernels/router.ts";
import type { LayerShape } from "./layerShape.ts";
import { layerWorkload, type ReceivedChunk } from "./layerWorkload.ts";
import { rowOrder } from "./rowOrder.ts";

/** Names of the kernels, in the order in which a layer runs them. */
export const kernelNames = ["router", "histogram", "dispatch", "expert-ffn", "combine", "layer", "recovery-mc"] as const;
export type KernelName = (typeof kernelNames)[number];

/** What the kernels compute on. */
export interface BenchSetting {
  readonly shape: LayerShape;
  /** How the layer computes; Mixtral's way without it. */
  readonly form?: LayerForm;
  /** What a plan sends to the rank; without it tokens are routed as they are drawn. */
  readonly received?: readonly ReceivedChunk[];
  readonly recovery: {
    readonly nodes: number;
    /** Host sets of all layers together, nodes ascending. */
    readonly hostSets: readonly (readonly number[])[];
    /** Failure orders to draw. */
    readonly samples: number;
  };
  readonly seed: number;
}

/**
 * Makes kernels, one at a time: each holds the arrays it computes on.
 * @throws RangeError on sizes that cannot be
 */
export function* benchKernels(
  names: readonly KernelName[],
  { shape, form, received, recovery, seed }: BenchSetting,
): Generator<BenchKernel> {
  const workload = layerWorkload(shape, seed, received, form);
  const order = rowOrder(workload);
  const make: Record<KernelName, () => BenchKernel> = {
    router: () => routerKernel(workload),
    histogram: () => histogramKernel(workload),
    dispatch: () => dispatchKernel(workload, order),
    "expert-ffn": () => expertFfnKernel(workload, order),
    combine: () => combineKernel(workload, order),
    layer: () => layerKernel(workload),
    "recovery-mc": () => {
      const { nodes, hostSets, samples } = recovery;
      return recoveryKernel({ sets: minimalHostSets(hostSets, nodes), nodes, samples }, seed);
    },
  };
  for (const name of names) yield make[name]();
}

/**
 * Host sets where no placement gives them: each of so many nodes drawn uniformly, ascending, shape [sets][copies].
 * @throws RangeError when there are fewer nodes than copies
 */
export function drawnHostSets(sets: number, copies: number, nodes: number, seed: number): number[][] {
  if (copies > nodes) throw new Infeasible(`${copies} copies need at least ${copies} nodes, got ${nodes}`);
  const next = failureOrders(nodes, seed);
  return Array.from({ length: sets }, () => [...next().slice(0, copies)].sort((a, b) => a - b));
}
