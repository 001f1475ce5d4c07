/** What the core refuses is the user's to change, whatever the command: one line, exit code 2. A bug still says that it is one. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import * as loading from "../../src/commands/table.ts";
import { Infeasible } from "../../src/core/layout/infeasible.ts";
import { inProcess } from "../support/inProcess.ts";

let folder = "";
const at = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "lazarus-refusals-"));
  const run = async (line: string, input = "") => (await inProcess(line.split(" "), input)).stdout;
  const profile = await run("profile-load --input-format matrix", "[[5,9,2,4],[1,1,8,8]]");
  writeFileSync(at("profile.json"), profile);
  writeFileSync(at("log.csv"), "iteration,layer,expert,tokens\n1,0,0,5\n1,0,1,7\n");
  writeFileSync(at("mixed.csv"), "name,slots\na,4\nb,3\n");
  writeFileSync(at("eplb.json"), await run("place -q -n 4 --gpus 3 --slots 6 --placement eplb", profile));
  const mro = await run("place -q -n 2 -c 4 --placement mro", profile);
  const document = JSON.parse(mro);
  writeFileSync(at("mro.json"), mro);
  writeFileSync(at("mixed.json"), await run(`place -q --cluster ${at("mixed.csv")} --placement mro -f 1`, profile));
  const goodput = { ...document.policy, placement: "resilient", objective: "goodput", shares: "free" };
  writeFileSync(at("goodput.json"), JSON.stringify({ ...document, policy: goodput }));
  const hole = { layer: 0, loads: [4, 5, 6], replicas: [4, 4, 0], nodes: [0, 1].map(() => [0, 0, 1, 1]) };
  writeFileSync(at("hole.json"), JSON.stringify({ ...document, layers: [hole] }));
  const foreign = { ...document.policy, placement: "vllm" };
  writeFileSync(at("foreign.json"), JSON.stringify({ ...document, policy: foreign }));
  writeFileSync(at("other.json"), await run("profile-load --input-format matrix", "[[5,9,2]]"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("refused", () => {
  test.each([
    ["profile-load @log.csv --top-experts 9", /log\.csv: cannot take the top 9 of 2 experts/],
    ["profile-load @log.csv --layers 7", /log\.csv: no layer 7/],
    ["place @profile.json --cluster @mixed.csv --placement eplb", /EPLB needs nodes that are alike/],
    ["place @profile.json -n 4 --gpus 3 -c 5 --placement eplb", /slots must divide evenly among the GPUs/],
    ["place @profile.json -n 2 -c 4 --model deepseek-v3 --hardware rtx3090", /--hardware: hardware rtx3090 lacks/],
    ["place @profile.json -n 4 -c 2 --placement eplb --effort fast", /--effort is for --placement resilient and balanced/],
    ["place @profile.json -n 4 -c 2 --placement mro --balance-slack 0.1", /--balance-slack is for --placement resilient/],
    ["place @profile.json -n 4 -c 2 --placement mro --groups 2", /--groups is for --placement eplb; add that, or leave/],
    ["place @profile.json -n 4 -c 2 --allocation even", /--allocation is for --placement mro, spread and compact/],
    ["place @profile.json -n 4 -c 2 --layer-updates-per-iter 2", /--layer-updates-per-iter is for --format trtllm/],
    ["recover @mro.json --joined 1 --layer-updates-per-iter 2", /--layer-updates-per-iter is for --format trtllm/],
    ["place @profile.json -n 4 -c 2 --failure-unit domain", /--failure-unit domain needs domains of the nodes/],
    ["place @profile.json -n 4 -c 2 --placement mro --failure-unit node", /--failure-unit is for --placement resilient/],
    ["place @profile.json -n 4 -c 2 --format table --layers 0,9", /--layers 9: the placement has no such layer, but 0 to 1/],
    ["place @profile.json -n 4 -c 2 --format table --node gpu7", /--node gpu7: the placement has no such node, but node0/],
    ["place --audit @mro.json -c 4", /--slots says how to make a placement, --audit assesses one/],
    ["place --audit @mro.json --effort fast", /--effort says how to make a placement/],
    ["place --audit @mro.json -n 2", /which has nodes and GPUs; leave out --nodes/],
    ["place @profile.json --from @mro.json --effort fast", /--effort is for placements that are made anew/],
    ["recover @eplb.json --joined 1 --slots 5 --gpus 3", /EPLB needs nodes that are alike: node0 has 6 slots on 3 GPUs/],
    ["recover @goodput.json --joined 1", /objective goodput needs the costs/],
    ["recover @mixed.json --joined 1", /nodes differ in slots; say with --slots how many/],
    ["recover @mro.json --joined node1", /--joined: there is a live node "node1" already/],
    ["recover @mro.json --profile @other.json", /--profile: .*make it from the same model/],
    ["recover @foreign.json --joined 1", /made by "vllm", .*name a policy for the new one with --placement/],
    ["recover @mro.json --joined 1 --hysteresis 2", /--hysteresis is for --if-worth and --trigger; add that/],
    ["recover @mro.json --joined 1 --cooldown 2", /--cooldown is for --trigger; add that/],
    ["recover @mro.json --profile @profile.json --trigger every:2 --review-steps 9", /--review-steps is for --if-worth and/],
    ["recover @mro.json --joined 1 --overlap 0.5", /--overlap is for --if-worth and --trigger gain; add that/],
    ["recover @mro.json --joined 1 --rehearse-bytes 1MB", /--rehearse-bytes is for --rehearse; add that/],
    ["recover @mro.json --joined 1 --prefer anew --max-moves 3", /--max-moves is for repairs, and --prefer anew asks for none/],
    ["recover @mro.json --failed node1 --missing alive", /--missing is for lists of all nodes .*, not for names/],
    ["recover @mro.json --failed node1 --instances @mixed.csv", /--instances names the nodes of --failed @FILE/],
    ["recover @mro.json --failed node1 --rejoin", /--rejoin is for lists with nodes that are up/],
    ["recover @mro.json --failed node1 --slots 3", /--slots is for nodes that join; add --joined/],
    ["recover @mro.json --failed node1 --gpus 3", /--gpus is for nodes that join, and for plans of other/],
    ["recover @mro.json --failed node1 -n 3", /--nodes is for plans of other systems, and this one names/],
    ["recover @mro.json --failed node1 --cluster @mixed.csv", /--cluster is for plans of other systems/],
    ["dispatch-plan @hole.json", /expert 2 has tokens but no replica/],
    ["dispatch-plan @hole.json --policy lazarus", /expert 2 has tokens but no replica/],
    ["dispatch-plan @hole.json --weights", /expert 2 has tokens but no replica/],
    ["dispatch-plan @mro.json --layers 0,9", /--layers: the placement has no layer 9/],
    ["dispatch-plan @mro.json --weights --policy lazarus", /with lazarus all copies of an expert have the same/],
    ["dispatch-plan @mro.json --weights --max-slack 0.1", /leave one of them out/],
    ["dispatch-plan @mro.json --weights --shuffle", /leave one of them out/],
    ["dispatch-plan @mro.json --max-slack 0.1", /--max-slack is for --policy balanced/],
    ["simulate --load-spread 1 --model deepseek-v3 --hardware rtx3090 -n 8 --duration 1m --fail-every 1m", /lacks fp8Flops/],
    ["simulate @log.csv --load-spread 1 -n 8 --duration 1m", /--load-spread makes loads up, and .*log\.csv has some/],
    ["simulate --load-spread 1 -n 8 --duration 1m --mtbf 1h --spare-start 3m", /--spare-start is for --spares N/],
    ["bench --sizes experts=2,topk=3", /--sizes: topK 3 exceeds the 2 experts/],
    ["bench --sizes nodes=1", /--sizes: 3 copies need at least 3 nodes/],
    ["bench --plan @hole.json", /hole\.json: expert 2 has tokens but no replica/],
  ])("%s", async (line, message) => {
    const run = await inProcess(line.replaceAll("@", `${folder}/`).split(" "));
    expect(run.stderr).toMatch(/^lazarus: [^\n]+\n$/);
    expect(run.stderr).toMatch(message);
    expect(run.stderr).not.toMatch(/bug in lazarus/);
    expect(run.code).toBe(2);
  });
});

// completion is made anew whenever it is asked for, and asks nothing of the core.
describe.each(loading.commandNames.filter((name) => name !== "completion"))("%s", (name) => {
  async function failingWith(error: Error) {
    const command = await loading.loadCommand(name);
    const spy = vi.spyOn(command, "run").mockRejectedValue(error);
    try {
      return await inProcess([name], "{}");
    } finally {
      spy.mockRestore();
    }
  }

  test("tells a refusal from a bug", async () => {
    expect(await failingWith(new Infeasible("no room"))).toEqual({ code: 2, stdout: "", stderr: "lazarus: no room\n" });
    const bug = await failingWith(new RangeError("Invalid array length"));
    expect(bug.code).toBe(1);
    expect(bug.stderr).toMatch(/this is a bug in lazarus.*\nRangeError: Invalid array length/);
  });
});
