/** Wrong choices from JavaScript meet a RangeError with those that there are: every choice of every exported function. */
import { describe, expect, test } from "vitest";
import * as formats from "../../src/formats/index.ts";
import * as library from "../../src/index.ts";

const cluster = library.uniformCluster(3, 2);
const layers = [{ layer: 0, loads: [3, 2, 1] }];
const policy = { ...library.POLICY_DEFAULTS, placement: "mro", failureProbability: 0.1 } as const;
const made = library.makePlacement(cluster, layers, policy);
const assessment = library.assess(made, policy);
const document = formats.placementDocument(made, policy, library.planFigures(made, policy));
const speed = { expertBytes: 1, bandwidth: 1, detectSeconds: 0, regroupSeconds: 0 };
const survivors = library.survivors(made, [1]);
const anew = library.makePlacement(survivors.cluster, layers, policy);
const model = formats.modelPreset("gpt-s")!;
const gated = formats.modelPreset("deepseek-v3") as library.DeepSeekModel;
const hardware = formats.hardwarePreset("h200")!;
const loads = library.loadSchedule([[[3, 2, 1]]], 1);
const job = { model, hardware, loads, gradientAccumulation: 1, nodes: 3, seconds: 10, samples: Number.POSITIVE_INFINITY };
const membership = library.noFailures(10);
const stages = [{ forward: 1, inputGradient: 1, weightGradient: 1 }];
const plan = { system: "sglang", rows: [], ranks: 1, experts: 1, notices: [] };
const numbering = { layerUpdatesPerIteration: 0 };

/** The field of a policy, wrong. */
const policies = (call: (policy: never) => unknown, name = "policy"): [string, (wrong: never) => unknown][] =>
  ["placement", "allocation", "shares", "failureUnit", "effort", "objective"].map((field) => [
    `${name}.${field}`,
    (wrong) => call({ ...policy, [field]: wrong } as never),
  ]);

/** Calls by function and option. */
const calls: Record<string, readonly [string, (wrong: never) => unknown][]> = {
  comparePlans: [["shares", (shares) => library.comparePlans([], { shares, failureProbability: 0.1, seed: 0 })]],
  layerImbalance: [["dispatcher", (wrong) => library.layerImbalance(cluster, made.layers[0]!, wrong)]],
  Replay: [
    ["shares", (wrong) => new library.Replay([made], wrong)],
    ["dispatchers[]", (wrong) => new library.Replay([made], "even", [wrong])],
  ],
  worsened: [["shares", (wrong) => library.worsened([], [], wrong, 0)]],
  planCost: [["shares", (wrong) => library.planCost(made, wrong)]],
  stepCostCoefficients: [
    ["model.architecture", (architecture) => library.stepCostCoefficients({ ...model, architecture }, hardware, 1)],
    ["model.precision", (precision) => library.stepCostCoefficients({ ...gated, precision }, hardware, 1)],
  ],
  trainingCosts: [
    ["job.model.architecture", (architecture) => library.trainingCosts({ ...job, model: { ...model, architecture } }, 1)],
    ["job.model.precision", (precision) => library.trainingCosts({ ...job, model: { ...gated, precision } }, 1)],
  ],
  LoadForecaster: [
    ["options.method", (method) => new library.LoadForecaster({ method, horizon: 1 })],
    ["options.others[]", (other) => new library.LoadForecaster({ method: "last", horizon: 1, others: [other] })],
  ],
  robustPlacement: policies((wrong) =>
    library.robustPlacement({ layers, scenarios: [], policy: wrong, place: () => made, survival: () => 1 }),
  ),
  planPipeline: [
    [
      "backward",
      (backward) =>
        library.planPipeline({ pipelines: 2, microBatches: 2, stages }, [], () => 2, { backward, optimizer: "together" }),
    ],
    [
      "optimizer",
      (optimizer) =>
        library.planPipeline({ pipelines: 2, microBatches: 2, stages }, [], () => 2, { backward: "split", optimizer }),
    ],
  ],
  assess: [["yardstick.placement", (placement) => library.assess(made, { ...policy, placement })]],
  planFigures: policies((wrong) => library.planFigures(made, wrong)),
  stepFigures: policies((wrong) => library.stepFigures(made, wrong, assessment)),
  explain: policies((wrong) => library.explain(made, wrong)),
  fewestSlots: policies((wrong) => library.fewestSlots(cluster, layers, wrong, { survive: 1 }), "asked"),
  makePlacement: policies((wrong) => library.makePlacement(cluster, layers, wrong)),
  paretoFront: policies((wrong) => library.paretoFront(cluster, layers, wrong)),
  sharesOf: [
    ["placement", (placement) => library.sharesOf({ placement })],
    ["shares", (shares) => library.sharesOf({ placement: "resilient", shares })],
  ],
  LoadProfiler: [
    ["options.window.kind", (kind) => new library.LoadProfiler({ window: { kind }, method: { kind: "sum" } })],
    ["options.method.kind", (kind) => new library.LoadProfiler({ window: { kind: "all" }, method: { kind } })],
  ],
  placeAfresh: policies((wrong) => library.placeAfresh(cluster, layers, wrong)),
  placeResidents: policies((wrong) => library.placeResidents(cluster, layers, wrong)),
  planRebalance: [
    ...policies(
      (wrong) => library.planRebalance({ old: made, loads: layers, by: "flexmoe", threshold: 1, policy: wrong, speed }),
      "problem.policy",
    ),
    ["problem.by", (by) => library.planRebalance({ old: made, loads: layers, by, threshold: 1, policy, speed })],
  ],
  planRecovery: [
    ...policies((wrong) => library.planRecovery({ old: made, failed: [1], policy: wrong, speed }), "problem.policy"),
    ["problem.madeBy", (madeBy) => library.planRecovery({ old: made, madeBy, failed: [1], policy, speed })],
    ["problem.mapping", (mapping) => library.planRecovery({ old: made, failed: [1], policy, speed, mapping })],
    ["problem.prefer", (prefer) => library.planRecovery({ old: made, failed: [1], policy, speed, prefer })],
  ],
  reconfigure: [
    ["problem.mapping", (mapping) => library.reconfigure({ survivors, plan: anew.layers, keepDomains: false, mapping })],
    [
      "problem.exchange",
      (exchange) => library.reconfigure({ survivors, plan: anew.layers, keepDomains: false, mapping: "greedy", exchange }),
    ],
  ],
  clusterUnits: [["unit", (unit) => library.clusterUnits(cluster, unit)]],
  failureUnits: [["unit", (unit) => library.failureUnits(cluster, { unit })]],
  hostsByUnit: [["unit", (unit) => library.hostsByUnit(made, unit)]],
  simulateRun: [
    [
      "policy.method.kind",
      (kind) =>
        library.simulateRun({
          system: library.trainingSystem("lazarus", job),
          policy: { method: { kind } },
          job,
          membership,
        } as never),
    ],
  ],
  trainingSystem: [["name", (name) => library.trainingSystem(name, job)]],
  usualPolicy: [["name", (name) => library.usualPolicy(name, model, 1)]],
  checkpointSeconds: [
    ["name", (name) => library.checkpointSeconds(name, job, { kind: "blocking" }, 1, 1)],
    ["method.kind", (kind) => library.checkpointSeconds("ds", job, { kind }, 1, 1)],
  ],
  jsonSchema: [["kind", (kind) => formats.jsonSchema(kind)]],
  encodePlan: [["system", (system) => formats.encodePlan(document, system, numbering as never)]],
  planPlacement: [
    [
      "plan.system",
      (system) => formats.planPlacement({ ...plan, system } as never, { nodes: [], gpus: 1, loads: [] } as never, "f"),
    ],
  ],
  policyOf: [
    ["wanted", (wanted) => formats.policyOf(document, wanted)],
    ["shares", (shares) => formats.policyOf(document, undefined, shares)],
  ],
  readTrace: [
    ["polarity", (polarity) => formats.readTrace("0,2\n1,1\n", "trace.csv", { polarity, random: library.randomSource(0) })],
  ],
  readRoutingSteps: [
    ["options.format", (format) => formats.readRoutingSteps((async function* () {})(), { file: "log.csv", format }).next()],
  ],
};

describe.each(Object.keys(calls))("%s", (name) => {
  test.each(calls[name]!)("refuses a wrong %s", async (_, call) => {
    for (const wrong of ["quikc", 7, null]) {
      const thrown = await Promise.resolve()
        .then(() => call(wrong as never))
        .catch((error: unknown) => error);
      expect(thrown).toBeInstanceOf(RangeError);
      expect((thrown as Error).message).toMatch(
        /^[a-zA-Z]+ is (quikc|"quikc"|7|null); expected one of [a-z0-9-]+(, [a-zA-Z0-9-]+)+$/,
      );
    }
  });
});
