/**
 * The toolkit as a library: the pure core and its types.
 *
 * ```ts
 * import { makePlacement, planFigures, planRecovery, uniformCluster } from "lazarus-moe";
 *
 * const cluster = uniformCluster(10, 6);
 * const layers = [{ layer: 0, loads: [412, 9, 77, 260] }];
 * const policy = { placement: "resilient", allocation: "lazarus", minReplicas: 2, seed: 0, failureProbability: 0.1 } as const;
 * const old = makePlacement(cluster, layers, policy);
 * planFigures(old, policy).recovery.failures; // what it survives
 *
 * const speed = { expertBytes: 117_440_512, bandwidth: 12.5e9, detectSeconds: 15, regroupSeconds: 10 };
 * const recovery = planRecovery({ old, madeBy: "resilient", failed: [3, 7], policy: { ...policy, effort: "fast" }, speed });
 * if (recovery.recoverable) recovery.change.transfers; // what moves, from where to where, in which round
 * ```
 *
 * What cannot be done as asked is refused with `Infeasible`; any other RangeError is a broken precondition.
 */

// Simulate: training systems on a cluster whose nodes fail.
export { type RandomSource, randomSource } from "./core/algorithms/random.ts";
// Assess: what a placement survives, how even it is, what a step costs.
export { evenBalance } from "./core/balance/evenBalance.ts";
export { type OptimalBalance, optimalBalance } from "./core/balance/optimalBalance.ts";
export { type FoundBalance, type PlanBalance, planBalance } from "./core/balance/planBalance.ts";
export { evenRankBalance, freeRankBalance, type RankBalance } from "./core/balance/rankBalance.ts";
// Compare: plans side by side, and as they age.
export { type Compared, type Contestant, comparePlans, judgedBy, type Terms } from "./core/comparison/comparePlans.ts";
export { DISPATCHERS, type Dispatcher, type Imbalance, layerImbalance } from "./core/comparison/layerImbalance.ts";
export { type Ages, type Quantiles, Replay } from "./core/comparison/replay.ts";
export type { Traffic } from "./core/comparison/trafficByTier.ts";
export { type PlanRecord, type Worsened, worsened } from "./core/comparison/worsened.ts";
export type { Activation, ExpertGroups, Gate } from "./core/cost/gate.ts";
export type { FailureCosts } from "./core/cost/goodput.ts";
export type { HardwareSpec, RecoveryTimes } from "./core/cost/hardwareSpec.ts";
export type { Iteration } from "./core/cost/iteration.ts";
export { type ModelSize, modelSize } from "./core/cost/modelSize.ts";
export type {
  CheckpointInterval,
  DeepSeekModel,
  GatedModel,
  GptModel,
  GroupedQueryModel,
  ModelSpec,
  TrainingSetting,
} from "./core/cost/modelSpec.ts";
export type { ParallelLayout } from "./core/cost/parallelLayout.ts";
export { planCost } from "./core/cost/planCost.ts";
export {
  type PlanCost,
  type StepCost,
  type StepCostCoefficients,
  type StepParts,
  stepCostCoefficients,
  stepParts,
  stepSeconds,
} from "./core/cost/stepCost.ts";
export {
  type CostsOfFailingJob,
  goodput,
  survivalOfFailure,
  type TrainingCosts,
  trainingCosts,
} from "./core/cost/trainingCosts.ts";
export type { TrainingSpec } from "./core/cost/trainingSpec.ts";
// Dispatch: who sends how many tokens where.
export { balancedDispatch } from "./core/dispatch/balancedDispatch.ts";
export { fixedWeights } from "./core/dispatch/fixedWeights.ts";
export type { LayerDispatch } from "./core/dispatch/layerDispatch.ts";
export { lazarusDispatch } from "./core/dispatch/lazarusDispatch.ts";
export { rankGroups } from "./core/dispatch/rankGroups.ts";
export type { ReplicasByRank } from "./core/dispatch/replicas.ts";
export { evenRouting, expertLoads, type Routing } from "./core/dispatch/routing.ts";
export { type DispatchSummary, type Shuffle, shuffleOf, summarizeDispatch } from "./core/dispatch/summary.ts";
// Forecast: loads some iterations ahead.
export type { JudgedError } from "./core/forecast/layerForecaster.ts";
export { type Drift, type LayerDrift, LoadDrift } from "./core/forecast/loadDrift.ts";
export { LoadForecaster, type LoadForecasterOptions } from "./core/forecast/loadForecaster.ts";
export { type RobustPlacement, type RobustProblem, robustPlacement } from "./core/forecast/robustPlacement.ts";
export {
  type ClusterNode,
  deadRanks,
  firstRanks,
  gpuOfSlot,
  totalGpus,
  totalSlots,
  uniformCluster,
  withLiveGpus,
} from "./core/layout/cluster.ts";
// Words that everything is said in.
export { Infeasible } from "./core/layout/infeasible.ts";
export {
  allHostSets,
  countReplicas,
  FREE_SLOT,
  hostSets,
  type LayerLoads,
  type LayerPlacement,
  type Placement,
  replicasByRank,
  type SpilledExpert,
} from "./core/layout/placement.ts";
// Reroute: pipeline-parallel jobs whose workers failed.
export { oneForwardOneBackward } from "./core/pipeline/oneForwardOneBackward.ts";
export type { PeriodBound } from "./core/pipeline/periodBound.ts";
export type { PipelineJob, PipelineWorker, StageTimes } from "./core/pipeline/pipelineJob.ts";
export { type ExpertPipelineJob, hybridPeriod, oobleckPeriod, recyclePeriod } from "./core/pipeline/pipelineSystems.ts";
export {
  type PipelineFigures,
  type PipelinePlan,
  type PipelineTechniques,
  planPipeline,
  type ScheduledTask,
  type WorkerSchedule,
} from "./core/pipeline/planPipeline.ts";
export { StagesLost } from "./core/pipeline/route.ts";
// Place: replica counts and host sets.
export { type Allocation, type AllocationPolicy, evenAllocation, lazarusAllocation } from "./core/placement/allocation.ts";
export {
  type Assessment,
  assess,
  type FoundRecovery,
  type HostMemory,
  type JudgedPlacement,
  type PlanFigures,
  planFigures,
  type Resilience,
  type StepFigures,
  stepFigures,
  type Yardstick,
} from "./core/placement/assess.ts";
export { type Alternative, type Explanation, explain } from "./core/placement/explain.ts";
export { type FewestSlots, fewestSlots, type TriedSlots } from "./core/placement/fewestSlots.ts";
export { type MadePlacement, makePlacement } from "./core/placement/makePlacement.ts";
export { type ParetoPoint, paretoFront } from "./core/placement/paretoFront.ts";
export {
  ALLOCATION_POLICIES,
  type AllocationPolicyName,
  EFFORTS,
  type Effort,
  FAILURE_UNITS,
  type FailureUnit,
  OBJECTIVES,
  type Objective,
  PLACEMENT_POLICIES,
  type PlacementPolicyName,
  POLICY_DEFAULTS,
  type Policy,
  SHARES,
  type Shares,
  sharesOf,
} from "./core/placement/policy.ts";
export type { RedundancyGoal } from "./core/placement/redundancyGoal.ts";
// Profile: loads from routing.
export {
  FORECAST_METHODS,
  type ForecastLoads,
  type ForecastMethod,
  type LayerForecast,
  type LoadForecast,
} from "./core/profile/loadForecast.ts";
export type { LayerProfile, LoadMethod, LoadProfile, ProfileWindow } from "./core/profile/loadProfile.ts";
export { LoadProfiler, type LoadProfilerOptions, type WindowSelection } from "./core/profile/loadProfiler.ts";
export { type LoadStatistics, loadStatistics } from "./core/profile/loadStatistics.ts";
export type { LayerTokens, RoutingStep } from "./core/profile/routingStep.ts";
export { selectLayers } from "./core/profile/selectLayers.ts";
export { topExperts } from "./core/profile/topExperts.ts";
export { WindowError } from "./core/profile/windowError.ts";
export type { LayerTotals, WindowLoads, WindowMethod } from "./core/profile/windowLoads.ts";
// Rebalance: a plan brought up to newer loads by few moves, and when.
export { type DecisionTerms, decide, type MoveDecision } from "./core/rebalance/decide.ts";
export type { LayerCosts } from "./core/rebalance/layerTime.ts";
export {
  type Expand,
  type Migrate,
  type Operation,
  type OperationFigures,
  replay as replayOperations,
  type Shrink,
} from "./core/rebalance/operations.ts";
export { planRatio, planSpread } from "./core/rebalance/planLevel.ts";
export {
  REBALANCING_POLICIES,
  type Rebalanced,
  type RebalanceOptions,
  type RebalancingPolicyName,
  rebalance,
} from "./core/rebalance/rebalance.ts";
export { type Trigger, type TriggerState, type TriggerTerms, triggered } from "./core/rebalance/trigger.ts";
// Recover: from a change of nodes to the new placement and the way there.
export { changeGpus, type Failures, failuresOf, type NodeGpu } from "./core/reconfigure/changeGpus.ts";
export { PREFERENCES, type Preference, type WayFigures, type Ways } from "./core/reconfigure/chooseWay.ts";
export { type Joining, joinedNodes } from "./core/reconfigure/joinedNodes.ts";
export { MAPPING_POLICIES, type MappingPolicyName } from "./core/reconfigure/mapNodes.ts";
export { placeAfresh, placeResidents } from "./core/reconfigure/placeResidents.ts";
export { planRebalance, type RebalancedPlan, type RebalanceProblem } from "./core/reconfigure/planRebalance.ts";
export {
  type Ends,
  type GoesOn,
  planRecovery,
  type Recovery,
  type RecoveryProblem,
  type RecoverySeconds,
  type RecoverySpeed,
} from "./core/reconfigure/planRecovery.ts";
export {
  type Reconfiguration,
  type ReconfigurationProblem,
  reconfigure,
  type Transfer,
} from "./core/reconfigure/reconfigure.ts";
export type { MissingExpert, Restorable, RestoredCopy, Tier } from "./core/reconfigure/restorable.ts";
export { type Leaving, type LostExpert, type Survivors, survivors } from "./core/reconfigure/survivors.ts";
export type { RestoredExpert, TierRates, TierSeconds } from "./core/reconfigure/tierSeconds.ts";
export { certifies } from "./core/recovery/certifies.ts";
export { type CriticalSet, criticalSets, nodeCriticality } from "./core/recovery/criticalSets.ts";
export {
  type ClusterUnits,
  clusterUnits,
  defaultFailureProbability,
  type FailureModel,
  type FailureUnits,
  failureUnits,
  hostsByUnit,
  type UnitHosts,
  unitsOf,
} from "./core/recovery/failureUnits.ts";
export { freeRecoveryUpperBound } from "./core/recovery/freeRecoveryUpperBound.ts";
export { hostCopies, neighbourCopies } from "./core/recovery/hostCopies.ts";
export type { FailureOutcome, Likelihood, RecoveryMethod, RecoveryProbabilities } from "./core/recovery/outcomes.ts";
export { type RecoveryOptions, recoveryProbabilities } from "./core/recovery/recoveryProbabilities.ts";
export { recoveryUpperBound } from "./core/recovery/recoveryUpperBound.ts";
export { survivalProbability } from "./core/recovery/survivalProbability.ts";
export type { CheckpointMethod } from "./core/simulation/checkpointing.ts";
export { exponentialFailures, hourlyPreemptions, noFailures, regularFailures } from "./core/simulation/failureModels.ts";
export { expectedLoads, type FollowingLoads } from "./core/simulation/followingLoads.ts";
export type { Job, PlannedJob, RunPolicy } from "./core/simulation/job.ts";
export { busiestExperts, type LoadSchedule, type LoadWindow, loadSchedule } from "./core/simulation/loadSchedule.ts";
export { logNormalLoads } from "./core/simulation/logNormalLoads.ts";
export type { MeanInterval } from "./core/simulation/meanInterval.ts";
export type { Membership, MembershipEvent, Slowdown } from "./core/simulation/membership.ts";
export type { MembershipTrace } from "./core/simulation/membershipTrace.ts";
export { cappedTrace, placedTrace, type TraceEvent } from "./core/simulation/membershipTrace.ts";
export type { ExpectedFailures } from "./core/simulation/planners.ts";
export { type GivenPlan, planSystem } from "./core/simulation/planSystem.ts";
export type { Activity, RunResult } from "./core/simulation/runRecord.ts";
export { type RunSetup, simulateRun } from "./core/simulation/simulateRun.ts";
export { type Study, simulateTrial } from "./core/simulation/study.ts";
export { type SystemSummary, summarize, totalSeconds } from "./core/simulation/summary.ts";
export {
  checkpointSeconds,
  type SystemName,
  systemNames,
  trainingSystem,
  usualPolicy,
} from "./core/simulation/systems.ts";
export type { TimelineEvent, TimelineRow } from "./core/simulation/timeline.ts";
export type { Configuration, ScaleUp, TrainingSystem } from "./core/simulation/trainingSystem.ts";
export { secondsBetweenUnitFailures, type UnitFailureSpec, unitFailures } from "./core/simulation/unitFailures.ts";
