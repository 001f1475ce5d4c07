/** The toolkit as a library: the pure core and its types. */
export * from "./core/balance/evenBalance.ts";
export * from "./core/balance/optimalBalance.ts";
export * from "./core/cluster.ts";
export type { LayerDispatch } from "./core/dispatch/layerDispatch.ts";
export * from "./core/dispatch/lazarusDispatch.ts";
export * from "./core/dispatch/routing.ts";
export * from "./core/dispatch/summary.ts";
export * from "./core/placement/allocation.ts";
export * from "./core/placement/assess.ts";
export * from "./core/placement/makePlacement.ts";
export * from "./core/placement/placeLayers.ts";
export * from "./core/placement.ts";
export * from "./core/reconfigure/reconfigure.ts";
export * from "./core/reconfigure/survivors.ts";
export * from "./core/recovery/recoveryProbabilities.ts";
export * from "./core/recovery/recoveryUpperBound.ts";
export * from "./core/recovery/survivalProbability.ts";
