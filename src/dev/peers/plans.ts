/** Plans that `lazarus place` writes, in the hands of SGLang and vllm-ascend; and a plan that vllm-ascend writes. */
import { randomSource } from "../../core/algorithms/random.ts";
import { drawLoads } from "./drawn.ts";
import { versions } from "./environment.ts";
import { difference, judged, type Outcome, type Run, type Workplace } from "./workplace.ts";

const LAYERS = 3;
const DENSE = 2;

/** Clusters, models and policies of the plans. */
const cases = [
  { policy: "eplb", experts: 16, nodes: 2, gpus: 4, slots: 12 },
  { policy: "resilient", experts: 16, nodes: 4, gpus: 2, slots: 10 },
  { policy: "balanced", experts: 32, nodes: 4, gpus: 4, slots: 12 },
  { policy: "mro", experts: 8, nodes: 5, gpus: 1, slots: 4 },
  // Some experts need more copies than there are ranks.
  { policy: "eplb", experts: 6, nodes: 2, gpus: 1, slots: 10 },
];

/** Options of profile-load that write counts for SGLang. */
const counts = ["--format", "sglang", "--num-dense-layers", `${DENSE}`];

/** What is needed of a placement document. */
interface Placed {
  layers: { nodes: number[][] }[];
}

interface Location {
  physicalToLogical: number[][];
  logicalToPhysical: number[][][];
  copies: number[][];
  perRank: number;
}

interface AscendMaps {
  maps: number[][];
  localMaps: number[][];
  logicalToPhysical: number[][];
  redundant: number;
}

/** One line of the table for each plan and system. */
export function checkPlans(work: Workplace): Outcome[] {
  const random = randomSource(1);
  return cases.flatMap((shape, index) => {
    const { policy, experts, nodes, gpus, slots } = shape;
    const loads = Array.from({ length: LAYERS }, () => drawLoads(experts, false, random));
    const profile = work.path(`profile${index}.json`);
    ran(work, "profile-load", work.file(`loads${index}.json`, JSON.stringify(loads)), "-o", profile);
    const cluster = ["-n", `${nodes}`, "-c", `${slots}`, "--gpus", `${gpus}`];
    // Plans for these systems count on even shares, which a document does only if told so.
    const shares = policy === "resilient" || policy === "balanced" ? ["--shares", "even"] : [];
    const place = ["place", profile, ...cluster, "--placement", policy, ...shares, "-f", "1", "--format"];
    const document = JSON.parse(ran(work, ...place, "json")) as Placed;
    const rows = document.layers.map((layer) => layer.nodes.flat());
    const name = `${policy}, ${experts} experts in ${nodes * slots} slots on ${nodes * gpus} ranks`;
    const plan = { ...shape, rows, ranks: nodes * gpus, name, index };
    return [
      ...(policy === "eplb" ? [sglangBalances(work, plan, ran(work, "profile-load", profile, ...counts))] : []),
      sglang(work, plan, ran(work, ...place, "sglang", "--num-dense-layers", `${DENSE}`)),
      ...ascend(work, plan, work.lazarus(...place, "ascend"), [profile, "-n", `${nodes}`, "--gpus", `${gpus}`]),
    ];
  });
}

/** SGLang's own balancer, started on counts that `profile-load` writes, places as `--placement eplb` does. */
function sglangBalances(work: Workplace, { name, index, rows, experts, nodes, ranks }: Plan, text: string): Outcome {
  const redundant = (rows[0]?.length ?? 0) - experts;
  const file = work.file(`counts${index}.json`, text);
  const [answer] = work.ask<Location>("sglang_location.py", [{ file, layers: DENSE + LAYERS, experts, redundant, ranks, nodes }]);
  const about = { peer: "sglang", version: versions.sglang, case: `--init-expert-location with logical_count: ${name}` };
  return judged(about, answer, ({ physicalToLogical }) =>
    difference(rows, physicalToLogical.slice(DENSE), "physical_to_logical_map"),
  );
}

interface Plan {
  readonly name: string;
  readonly index: number;
  readonly experts: number;
  readonly nodes: number;
  readonly gpus: number;
  readonly ranks: number;
  /** Shape [MoE layers][slots]. */
  readonly rows: readonly (readonly number[])[];
}

function sglang(work: Workplace, { name, index, rows, experts, nodes, ranks }: Plan, text: string): Outcome {
  const slots = rows[0]?.length ?? 0;
  const [answer] = work.ask<Location>("sglang_location.py", [
    {
      file: work.file(`location${index}.json`, text),
      layers: DENSE + LAYERS,
      experts,
      redundant: slots - experts,
      ranks,
      nodes,
    },
  ]);
  const about = { peer: "sglang", version: versions.sglang, case: `--init-expert-location: ${name}` };
  return judged(about, answer, ({ physicalToLogical, logicalToPhysical, copies, perRank }) => {
    const slotsOf = rows.map((row) => Array.from({ length: experts }, (_, expert) => slotsHolding(row, expert)));
    return (
      difference(rows, physicalToLogical.slice(DENSE), "physical_to_logical_map") ??
      difference(
        slotsOf,
        logicalToPhysical.slice(DENSE).map((layer) => layer.map((found) => found.filter((slot) => slot >= 0))),
        "logical_to_all_physical_map",
      ) ??
      difference(
        slotsOf.map((layer) => layer.map((found) => found.length)),
        copies.slice(DENSE),
        "num_valid",
      ) ??
      difference(slots / ranks, perRank, "num_local_physical_experts")
    );
  });
}

function ascend(work: Workplace, plan: Plan, written: Run, audit: readonly string[]): Outcome[] {
  const { name, index, rows, experts, ranks } = plan;
  const peer = { peer: "vllm-ascend", version: versions["vllm-ascend"] };
  const [read, recorded] = [`expert_map_path, log2phy: ${name}`, `expert_map_record_path: ${name}`];
  if (written.code === 2) return [{ ...peer, case: read, result: "refused", reason: written.stderr }];
  const perRank = (rows[0]?.length ?? 0) / ranks;
  const file = work.file(`map${index}.json`, written.stdout);
  const answers = work.ask<AscendMaps>(
    "ascend_map.py",
    rows.map((_, layer) => ({ file, layer, experts, ranks })),
  );
  const loaded = answers.map((answer, layer) =>
    judged({ ...peer, case: read }, answer, (found) => wrongMaps(found, rows[layer] ?? [], layer, perRank)),
  );
  const worst = loaded.find(({ result }) => result === "differs");
  if (worst !== undefined) return [worst];
  const maps = answers.map((answer) => ("value" in answer ? answer.value.maps : []));
  const [record] = work.ask<string>("ascend_map.py", [{ file: work.path(`record${index}.json`), maps }]);
  const readBack = judged({ ...peer, case: recorded }, record, (path) => {
    const document = JSON.parse(ran(work, "place", ...audit, "--audit", path, "--format", "json")) as Placed;
    return difference(
      rows,
      document.layers.map((layer) => layer.nodes.flat()),
      "the plan",
    );
  });
  return [...loaded.slice(0, 1), readBack];
}

/** What is wrong with the maps that vllm-ascend makes of a layer; nothing when every id leads to a slot that holds it. */
function wrongMaps(found: AscendMaps, row: readonly number[], layer: number, perRank: number): string | undefined {
  const held = Array.from({ length: row.length / perRank }, (_, rank) => row.slice(rank * perRank, (rank + 1) * perRank));
  const wrong = found.localMaps.findIndex((map, rank) =>
    map.some((slot, expert) => (slot < 0 ? held[rank]?.includes(expert) : held[rank]?.[slot] !== expert)),
  );
  if (wrong >= 0) return `layer ${layer}: the map of rank ${wrong} names slots that hold other experts`;
  const astray = found.logicalToPhysical.findIndex((log2phy) => log2phy.some((slot, expert) => row[slot] !== expert));
  if (astray >= 0) return `layer ${layer}: log2phy of rank ${astray} leads to slots that hold other experts`;
  return (
    difference(found.maps, found.localMaps, `layer ${layer}: the map of all ranks`) ??
    difference(row.length - (found.maps[0]?.length ?? 0), found.redundant, `layer ${layer}: redundant experts`)
  );
}

function slotsHolding(row: readonly number[], expert: number): number[] {
  return [...row.keys()].filter((slot) => row[slot] === expert);
}

function ran(work: Workplace, ...words: string[]): string {
  const { code, stdout, stderr } = work.lazarus(...words);
  if (code !== 0) throw new Error(`lazarus ${words.join(" ")}: ${stderr}`);
  return stdout;
}
