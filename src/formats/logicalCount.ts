/**
 * Loads for SGLang's own load balancer, which --init-expert-location starts when it finds `{"logical_count":[[...]]}`: tokens of
 * every expert, a row for every layer of the model. Dense layers have no tokens, as in the dumps of its recorder.
 */
import type { LoadProfileDocument } from "./documents/loadProfile.ts";
import { namedLayers, refusal, shortList, unknownStart } from "./plans/moePlacements.ts";
import { hiddenLayer, type LayerNumbering, moeLayersOf } from "./plans/plan.ts";
import { LOGICAL } from "./routingSources/sglang.ts";

/**
 * One line of JSON.
 * @param notice is told which rows have no tokens, and how many rows there are
 * @throws UsageError when it cannot be told which layers of the model these are
 */
export function encodeLogicalCount(
  { experts, layers }: LoadProfileDocument,
  numbering: LayerNumbering,
  notice?: (message: string) => void,
): string {
  const numbers = layers.map(({ layer }) => layer).sort((a, b) => a - b);
  const first = numbers[0] ?? 0;
  const { denseLayers, moeLayers } = numbering;
  const { indexOf } = moeLayersOf(numbers, numbering);
  if (moeLayers === undefined && denseLayers > 0 && first > 0 && indexOf(first) !== 0)
    throw unknownStart(first, numbering, "sglang", "profile");
  const held = moeLayers === undefined ? layers : namedLayers(layers, moeLayers, "sglang", numbering, "profile");
  if (moeLayers === undefined && indexOf(first) < 0) {
    throw refusal(
      "sglang",
      `its first layer is ${first}, which is less than --layer-base ${numbering.layerBase}`,
      `say --layer-base ${first} if that is the first MoE layer`,
      "profile",
    );
  }
  const rowOf = new Map(held.map(({ layer, loads }) => [hiddenLayer(indexOf(layer), numbering), loads]));
  const rows = Math.max(...rowOf.keys()) + 1;
  const dense = Array.from({ length: rows }, (_, row) => row).filter((row) => !rowOf.get(row)?.some((load) => load > 0));
  notice?.(
    `${rows} rows, which have to be the layers of the model${dense.length === 0 ? "" : `; ${shortList(dense)} without tokens, as dense ones`}`,
  );
  const none = new Array<number>(experts).fill(0);
  return `${JSON.stringify({ [LOGICAL]: Array.from({ length: rows }, (_, row) => rowOf.get(row) ?? none) })}\n`;
}
