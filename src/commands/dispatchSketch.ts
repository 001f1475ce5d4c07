/** `dispatch-plan --plot`: adds layers up while they are written. */
import type { DispatchedLayer, DispatchPlan } from "../formats/dispatchPlanText.ts";
import type { Traffic } from "../report/dispatchPicture.ts";
import { lastOf, type Sketch } from "./plotOption.ts";

/** Holds a token count for each pair of ranks. */
export async function dispatchSketch(): Promise<Sketch<DispatchPlan>> {
  const { dispatchPicture, Traffic } = await import("../report/dispatchPicture.ts");
  const drawn = lastOf(dispatchPicture);
  return {
    see: (plan) => {
      const traffic = new Traffic(plan.ranks, plan.policy);
      drawn.see(traffic);
      return { ...plan, layers: addedUp(plan.layers, traffic) };
    },
    picture: drawn.picture,
  };
}

function* addedUp(layers: Iterable<DispatchedLayer>, traffic: Traffic): Generator<DispatchedLayer> {
  for (const layer of layers) {
    traffic.add(layer.layer, layer.dispatch, layer.deadRanks);
    yield layer;
  }
}
