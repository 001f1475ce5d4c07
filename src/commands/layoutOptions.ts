/** The options that say how a simulated job divides its work over GPUs and micro-batches. */
import type { HardwareSpec } from "../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import { layoutShape, mostPipelines, type ParallelLayout } from "../core/cost/parallelLayout.ts";
import type { Job } from "../core/simulation/job.ts";
import { UsageError } from "../errors.ts";
import { parseCount, parseNumber } from "../formats/units.ts";
import { type OptionValues, option } from "./option.ts";

const degree = parseCount(1, 1_000_000);

export const layoutOptions = {
  tp: option({
    argument: "GPUS",
    parse: degree,
    says: "GPUs that compute a layer of a micro-batch together, inside a node; those of a node unless said. With --tp, --pp, --ep or --dp a step is an iteration of a pipeline's micro-batches, as many as --gradient-accumulation or --global-batch says.",
  }),
  pp: option({ argument: "STAGES", parse: degree, says: "Stages of a pipeline, synchronous 1F1B; 1 unless said." }),
  ep: option({
    argument: "GPUS",
    parse: degree,
    says: "GPUs of a stage that hold one copy of its experts, for systems that do not place them; otherwise as the model says.",
  }),
  dp: option({
    argument: "PIPELINES",
    parse: degree,
    says: "Pipelines that take different micro-batches; as many as the nodes hold unless said. A lost node stops the pipelines that share copies of the experts with its own, unless the system knows better.",
  }),
  "global-batch": option({
    argument: "SEQUENCES",
    parse: parseCount(1),
    says: "Sequences of a step, however many nodes are left: fewer nodes take more micro-batches. Without it each node or pipeline keeps its batch, as in the paper.",
  }),
  overlap: option({
    argument: "SHARE",
    parse: parseNumber(0, 1),
    says: "Part of the communication that may run while GPUs compute, as far as they do: all-to-alls behind their micro-batch, gradients behind the last backward pass; and of what a rebalance transfers, which --trigger gain counts so. None unless said.",
  }),
};

type Options = OptionValues<typeof layoutOptions>;

/**
 * What of the options goes into the job.
 * @param nodes of the job, where their number is known
 * @throws UsageError when the layout does not fit the nodes, Infeasible when its parts do not divide each other
 */
export function readLayout(
  options: Options & { readonly "gradient-accumulation": number | undefined },
  model: ModelSpec,
  hardware: HardwareSpec,
  nodes: number | undefined,
): Pick<Job, "layout" | "globalBatch" | "overlap"> {
  const { "global-batch": globalBatch, overlap } = options;
  if (globalBatch !== undefined && options["gradient-accumulation"] !== undefined) {
    throw new UsageError(
      "--global-batch and --gradient-accumulation both say how many micro-batches a step has; give one of them",
    );
  }
  const layout = layoutOf(options, model, hardware, nodes);
  return {
    ...(layout === undefined ? {} : { layout }),
    ...(globalBatch === undefined ? {} : { globalBatch }),
    ...(overlap === undefined ? {} : { overlap }),
  };
}

function layoutOf(
  { tp, pp, ep, dp }: Options,
  model: ModelSpec,
  { gpusPerNode }: HardwareSpec,
  nodes: number | undefined,
): ParallelLayout | undefined {
  if ([tp, pp, ep, dp].every((value) => value === undefined)) return undefined;
  const degrees = { tensor: tp ?? gpusPerNode, pipeline: pp ?? 1, expert: ep ?? model.expertParallelNodes * gpusPerNode };
  const most = nodes === undefined ? undefined : mostPipelines(degrees, nodes, gpusPerNode);
  const data = dp ?? most;
  if (data === undefined) throw new UsageError("how many pipelines has the job? pass --dp PIPELINES or --nodes N");
  const { tensor, pipeline, expert } = degrees;
  if (data === 0) {
    const least = (pipeline * Math.max(tensor, expert)) / gpusPerNode;
    throw new UsageError(
      `${pipeline} stages of ${Math.max(tensor, expert)} GPUs need ${Math.ceil(least)} nodes, there are ${nodes}; pass smaller --pp or --ep`,
    );
  }
  const layout = { ...degrees, data };
  const shape = layoutShape(layout, model.experts, gpusPerNode);
  if (nodes !== undefined && shape.nodes > nodes) {
    throw new UsageError(`--dp ${data}: so many pipelines need ${shape.nodes} nodes, there are ${nodes}; at most ${most} fit`);
  }
  return layout;
}

/** What of it goes into the document. */
export function layoutParameters({ layout, globalBatch, overlap }: Pick<Job, "layout" | "globalBatch" | "overlap">) {
  return {
    ...(layout === undefined ? {} : { tp: layout.tensor, pp: layout.pipeline, ep: layout.expert, dp: layout.data }),
    ...(globalBatch === undefined ? {} : { "global-batch": globalBatch }),
    ...(overlap === undefined ? {} : { overlap }),
  };
}
