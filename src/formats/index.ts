/**
 * Documents, CSV, plans of serving systems and presets: what stands between the library's values and files. Only texts and parsed
 * JSON come in and go out, so that it runs wherever the language does; reading and writing files is the caller's.
 *
 * Bad input meets an `InputError`, what a format cannot hold a `UsageError`.
 */

// What is thrown.
export { InputError, type InputPosition, UsageError } from "../errors.ts";
export { benchCsv, benchFromCsv } from "./benchCsv.ts";
// Clusters, and what managers of clusters say of nodes.
export { type DescribedNode, describedNodes, type NodeDefaults, parseCluster } from "./cluster.ts";
// Comparisons.
export { comparisonCsv, comparisonFromCsv } from "./comparisonCsv.ts";
export { comparedPlan, type MovePrice, type NamedPlan } from "./comparisonDocument.ts";
export type { DispatchTable } from "./csv/dispatchRows.ts";
export { type CsvKind, csvKind, headerNames } from "./csv/documentKind.ts";
export { dispatchesFromCsv, loadProfilesFromCsv, placementsFromCsv } from "./csv/fromText.ts";
export type { TermedPlan } from "./csv/placementTerms.ts";
export type { Window } from "./csv/windows.ts";
// Dispatch.
export { checkedLayer, type DispatchedLayer, type DispatchPlan, dispatchPlanCsv, dispatchPlanJson } from "./dispatchPlanText.ts";
export { checkDispatchWeights, type DispatchWeightsDocument, dispatchWeightsCsv } from "./dispatchWeights.ts";
export { type BenchDocument, checkBench } from "./documents/bench.ts";
export { type ComparedPlan, type ComparisonDocument, checkComparison } from "./documents/comparison.ts";
export { checkDispatchPlan, type DispatchPlanDocument } from "./documents/dispatchPlan.ts";
export { type DocumentKind, documentKinds, jsonSchema } from "./documents/jsonSchema.ts";
export { checkLoadDrift, type LoadDriftDocument, loadDriftDocument } from "./documents/loadDrift.ts";
// Loads.
export { checkLoadProfile, type LoadProfileDocument, loadProfileDocument } from "./documents/loadProfile.ts";
export { checkMembershipTrace } from "./documents/membershipTrace.ts";
export { checkPipelinePlan, type PipelinePlanDocument } from "./documents/pipelinePlan.ts";
// Placements.
export { checkPlacement, type PlacementDocument, placementOf } from "./documents/placement.ts";
// Recoveries.
export {
  checkFollowedPlan,
  checkPlacementOrRecovery,
  checkRecoveryPlan,
  type FollowedPlan,
  NO_HISTORY,
  type PlanHistory,
  type RecoveryPlanDocument,
} from "./documents/recoveryPlan.ts";
export { checkSimulation, type SimulationDocument } from "./documents/simulation.ts";
export { checkHardware } from "./hardwareFile.ts";
export { loadDriftCsv } from "./loadDriftCsv.ts";
export { loadProfileCsv } from "./loadProfileCsv.ts";
export { encodeLogicalCount } from "./logicalCount.ts";
export { checkModel } from "./modelFile.ts";
export { type NodeReport, nodeReport } from "./nodeLists/nodeReport.ts";
export type { NodeState } from "./nodeLists/nodeStates.ts";
export { paretoCsv } from "./paretoCsv.ts";
export { parseJson } from "./parseJson.ts";
export { pipelinePlanCsv } from "./pipelinePlanCsv.ts";
export { lostPipelineDocument, type PlannedPipelineJob, pipelinePlanDocument } from "./pipelinePlanDocument.ts";
export { type PlacementRowWriter, placementCsv } from "./placementCsv.ts";
export { placementDocument, type RecoveryBackend, withExplanation, withFigures } from "./placementDocument.ts";
export { placementJson } from "./placementJson.ts";
// Plans of serving systems.
export { decodePlan, decodeYamlPlan } from "./plans/decodePlan.ts";
export { encodePlan, type PlanSettings } from "./plans/encodePlan.ts";
export { type ForeignPlan, type LayerNumbering, type PlanRow, type PlanSystem, planSystems } from "./plans/plan.ts";
export { type PlanSurroundings, planPlacement } from "./plans/planPlacement.ts";
export { policyNameOf, policyOf } from "./policyFields.ts";
// Presets.
export { hardwarePreset, hardwarePresetNames, modelPreset, modelPresetNames } from "./presets/index.ts";
export { recoveryPlanCsv } from "./recoveryPlanCsv.ts";
export { type PlanOrigin, type RestoredBytes, recoveryPlanDocument, unchangedPlan } from "./recoveryPlanDocument.ts";
export { withRedundancy } from "./redundancyDocument.ts";
export { readRoutingSteps } from "./routing/readRoutingSteps.ts";
export type { RoutingTable } from "./routing/routingColumns.ts";
export type { RoutingFormat, RoutingOptions } from "./routing/stepReader.ts";
export { simulationCsv, simulationsFromCsv, timelineCsv } from "./simulationCsv.ts";
export { readTrace, type TraceOptions } from "./traces/readTrace.ts";
export type { Polarity } from "./traces/skyPilotTrace.ts";
export { parseBandwidth, parseBytes, parseSeconds, UnitError } from "./units.ts";
