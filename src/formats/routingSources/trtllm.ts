/**
 * Expert statistics of TensorRT-LLM (EXPERT_STATISTIC_PATH): a folder with meta_info.json and a rank*.safetensors of every
 * rank, whose tensors `{iteration}_{layer}` count the rank's routed tokens. Layers are the model's hidden layers. With the
 * load balancer on they count slots, otherwise experts.
 */
import * as z from "zod/mini";
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError, quoteInput } from "../../errors.ts";
import { positiveCount } from "../documents/schema.ts";
import { parseJson } from "../parseJson.ts";
import { ID_LIMITS } from "../routing/routingColumns.ts";
import type { ByteSource } from "./byteSource.ts";
import { type Tensor, tensorCounts, tensorsOf } from "./safetensors.ts";
import { logicalExperts, type SourceOptions, saidAboutIds } from "./source.ts";
import { StepCounts } from "./stepCounts.ts";

const expertCount = z.int().check(z.positive(), z.maximum(ID_LIMITS.expert));
const metaSchema = z.object({ num_experts: expertCount, num_experts_per_token: z.optional(positiveCount) });

/** Name of the file beside the ranks' files. */
export const META_FILE = "meta_info.json";

/** Rank of a statistics file by its name; nothing for other files. */
export function rankOfStatistics(name: string): number | undefined {
  const rank = /^rank(\d{1,7})\.safetensors$/.exec(name)?.[1];
  return rank === undefined ? undefined : Number(rank);
}

interface RankFile {
  readonly rank: number;
  readonly source: ByteSource;
  readonly tensors: ReadonlyMap<string, Tensor>;
}

/**
 * Steps of a statistics folder.
 * @param meta text of meta_info.json
 * @param sources the ranks' files
 * @throws InputError
 */
export async function* trtllmSteps(
  meta: string,
  sources: readonly { readonly rank: number; readonly source: ByteSource }[],
  options: SourceOptions,
): AsyncGenerator<RoutingStep> {
  const { file } = options;
  const about = z.safeParse(metaSchema, parseJson(meta, `${file}/${META_FILE}`));
  if (!about.success)
    throw new InputError(`expected num_experts, a whole number from 1 to ${ID_LIMITS.expert}`, { file: `${file}/${META_FILE}` });
  const slots = about.data.num_experts;
  const ids = saidAboutIds(options, "TensorRT-LLM counts experts without its load balancer and slots with it");
  const ranks: RankFile[] = [];
  for (const { rank, source } of sources) ranks.push({ rank, source, tensors: await tensorsOf(source) });
  if (ranks.length === 0) throw new InputError("there is no rank*.safetensors; expected one for every rank", { file });
  const iterations = iterationsOf(ranks);
  for (const [done, [iteration, layers]] of iterations.entries()) {
    options.progress?.(done, iterations.length);
    const counts = new StepCounts(options, ids === "identity" ? slots : 0);
    for (const layer of layers) {
      counts.open(layer);
      const experts = logicalExperts(ids, layer, slots, file);
      const name = `${iteration}_${layer}`;
      for (const { rank, source, tensors } of ranks) {
        const tensor = tensors.get(name);
        if (tensor === undefined) continue; // A rank without tokens in this layer records nothing.
        const tokens = await tensorCounts(source, name, tensor);
        if (tokens.length !== slots) {
          throw new InputError(
            `tensor "${name}" has ${tokens.length} counts; expected ${slots}, the num_experts of ${META_FILE}`,
            {
              file: source.name,
            },
          );
        }
        tokens.forEach((count, slot) => {
          counts.add(layer, rank, experts?.[slot] ?? slot, count);
        });
      }
    }
    yield counts.take(iteration);
  }
}

/** Layers of each iteration, both ascending. */
function iterationsOf(ranks: readonly RankFile[]): [number, number[]][] {
  const layers = new Map<number, Set<number>>();
  for (const { source, tensors } of ranks) {
    for (const name of tensors.keys()) {
      const match = /^(\d{1,15})_(\d{1,9})$/.exec(name);
      if (match === null)
        throw new InputError(`tensor ${quoteInput(name)}; expected names such as 100_3, iteration and layer`, {
          file: source.name,
        });
      const iteration = Number(match[1]);
      layers.set(iteration, (layers.get(iteration) ?? new Set()).add(Number(match[2])));
    }
  }
  return Array.from(layers, ([iteration, found]): [number, number[]] => [iteration, [...found].sort((a, b) => a - b)]).sort(
    ([a], [b]) => a - b,
  );
}
