import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inProcess, inProcessPipe } from "../support/inProcess.ts";

const profile = (await inProcess(["profile-load", "--input-format", "matrix"], "[[50,9,2,4],[1,1,8,8]]")).stdout;
const place = (line: string, input = profile) => inProcess(["place", ...line.split(" ")], input);

/** Slots of each node, and what else a document says of them. */
async function placed(line: string) {
  const { stdout, stderr, code } = await place(line);
  expect([line, code, stderr]).toEqual([line, 0, expect.anything()]);
  const document = JSON.parse(stdout);
  return { ...document, stderr, slots: document.nodes.map((node: { slots: number }) => node.slots) };
}

describe("slots of all GPUs together", () => {
  test.each([
    ["-n 2 --gpus 2 --total-slots 8", [4, 4]],
    ["-n 2 --gpus 2 --redundant-experts 4", [4, 4]],
    ["-n 2 --redundant-experts 0", [2, 2]],
  ])("%s", async (line, slots) => {
    expect((await placed(line)).slots).toEqual(slots);
  });

  test("nodes get as many a GPU; a file that says how many already is refused", async () => {
    const folder = mkdtempSync(join(tmpdir(), "lazarus-slots-"));
    try {
      const file = join(folder, "nodes.csv");
      writeFileSync(file, "name,gpus,domain\na,1,r0\nb,3,r1\n");
      const document = await placed(`--cluster ${file} --total-slots 8`);
      expect(document.slots).toEqual([2, 6]);
      expect(document.nodes[1]).toEqual({ name: "b", slots: 6, gpus: 3, domain: "r1" });
      const auto = await placed(`--cluster ${file} -c auto --survive 1`);
      expect([auto.slots, auto.redundancy.failureUnit, auto.recovery.tolerates]).toEqual([[4, 12], "node", 1]);
      expect(auto.stderr).toMatch(/^lazarus: 4 slots on every GPU are the fewest/);
      writeFileSync(file, "name,slots\na,4\nb,4\n");
      for (const wish of ["--total-slots 8", "--redundant-experts 4", "-c auto --survive 1"]) {
        const { code, stderr } = await place(`--cluster ${file} ${wish}`);
        expect([wish, code]).toEqual([wish, 2]);
        expect(stderr).toMatch(/and .*nodes\.csv both say how many slots a has: leave slots out of the file/);
      }
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test.each([
    ["-n 5 --total-slots 12", /--total-slots 12: 5 GPUs cannot share 12 slots evenly; pass 10 or 15/],
    ["-n 5 --total-slots 4", /--total-slots 4: 5 GPUs cannot share 4 slots evenly; pass 5\n/],
    ["-n 5 --redundant-experts 2", /4 experts and 2 more are 6 slots; 5 GPUs cannot share 6 slots evenly; pass 1 or 6/],
    ["-n 3 --gpus 2 --redundant-experts 1", /pass 2\n/],
    ["-n 2 --total-slots 8 -c 4", /--slots and --total-slots both say how many slots there are; give one of them/],
    ["-n 2 --total-slots 8 --redundant-experts 4", /--total-slots and --redundant-experts both/],
    ["-n 2 -c auto --redundant-experts 4", /--slots and --redundant-experts both/],
    ["-n 2 --total-slots 2", /4 experts do not fit into 2 slots: 2 more/],
  ])("refused: %s", async (line, message) => {
    const { code, stdout, stderr } = await place(line);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^lazarus: [^\n]+\n$/);
    expect(stderr).toMatch(message);
  });

  test("the remedy works", async () => {
    expect((await placed("-n 5 --redundant-experts 6")).slots).toEqual([2, 2, 2, 2, 2]);
  });
});

test("more slots on each node than experts get a line that says what was understood, and fewer none", async () => {
  const { stderr, slots } = await placed("-n 4 -c 6");
  expect(slots).toEqual([6, 6, 6, 6]);
  expect(stderr).toBe(
    "lazarus: --slots 6 is for each node, which is more than 4 experts: 24 slots on 4 nodes; for 6 on all of them together pass --total-slots 6\n",
  );
  expect((await placed("-n 4 -c 4")).stderr).toBe("");
  expect((await placed("-n 1 -c 6 -f 1")).stderr).toBe("");
});

describe("--slots auto", () => {
  test("the document has the fewest slots, and a line says so", async () => {
    const { slots, policy, redundancy, recovery, stderr } = await placed("-n 4 --gpus 2 -c auto --survive 2 --expert-bytes 1MB");
    expect(slots).toEqual([4, 4, 4, 4]);
    expect(policy.minReplicas).toBe(3);
    expect(recovery.tolerates).toBe(2);
    expect(redundancy).toMatchObject({ survive: 2, failureUnit: "node", atLeast: 2, fewest: "proven" });
    const rows = redundancy.tried.map((row: Record<string, unknown>) => [
      row["slotsPerGpu"],
      row["totalSlots"],
      row["redundantExperts"],
      row["reaches"],
      row["bytesPerGpu"],
    ]);
    expect(rows).toEqual([
      [1, 8, 4, false, 2e6],
      [2, 16, 12, true, 4e6],
      [3, 24, 20, true, 6e6],
    ]);
    expect(redundancy.tried[1].failures).toHaveLength(4);
    expect(stderr).toBe(
      "lazarus: 4 slots a node (2 a GPU) are the fewest that survive any 2 failed nodes, balance at most 1.02; 16 slots in all, 12 redundant; no placement does with fewer on a GPU\n",
    );
  });

  test("the table shows what fewer and more slots reach, and no line repeats it", async () => {
    const { stdout, stderr } = await place("-n 5 -c auto --survive 1 --survival 0.95 --failure-probability 0.1 --format table");
    expect(stderr).toBe("");
    const [head, , ...lines] = stdout
      .slice(stdout.indexOf("How much redundancy"))
      .replace(/\n {2}(?=\w)/g, " ")
      .split("\n");
    expect(head).toBe(
      "How much redundancy: the fewest slots that survive any failed node and survive with probability 0.95, balance at most 1.02",
    );
    const rows = lines
      .slice(
        0,
        lines.findIndex((line) => line.includes("slots in all")),
      )
      .map((line) => /^ *(>?) *(\d+) +\d\.\d{3}( +[\d.]+ %){4} +0\.\d+$/.exec(line)?.slice(1, 3));
    const chosen = rows.findIndex((row) => row?.[0] === ">");
    expect(rows[chosen - 1]).toEqual(["", String(Number(rows[chosen]![1]) - 1)]);
    expect(rows[chosen + 1]).toEqual(["", String(Number(rows[chosen]![1]) + 1)]);
  });

  test("memory is that of all layers of the model, weights and optimizer state", async () => {
    const { redundancy } = await placed("-n 4 -c auto --survive 1 --model gpt-l");
    // 8 * 1024^2 parameters of 14 bytes in 12 layers.
    expect(redundancy.tried[0].bytesPerGpu).toBe(redundancy.tried[0].slotsPerGpu * 12 * 8 * 1024 ** 2 * 14);
  });

  test("its placement goes where placements go", async () => {
    const run = await inProcessPipe(
      "profile-load fixtures/routing.csv --window last:5",
      "place -n 6 -c auto --survive 1 --effort fast",
      "recover --failed node2",
      "dispatch-plan --format csv",
    );
    expect(run.code).toBe(0);
    expect(run.stdout.split("\n")[0]).toBe("layer,expert,source,target,tokens");
  });

  test.each([
    ["-n 4 -c auto", /--slots auto: enough for what\? add --survive N for N failures, or --survival P/],
    ["-n 4 -c 3 --survive 1", /--survive is for --slots auto/],
    ["-n 4 --total-slots 12 --survival 0.9", /--survival is for --slots auto/],
    ["-n 4 -c 4 --expert-bytes 1MB", /--expert-bytes is for --slots auto/],
    ["-n 4 -c auto --survive 4", /--survive: the failure of 4 of 4 nodes leaves nothing; ask for at most 3, or add nodes/],
    ["-n 2 -c auto --survival 0.9", /--survival: with every expert on each of 2 nodes, a job survives with probability 0\.75/],
    ["-n 4 -c auto --survival 1", /--survival: expected a number between 0 and 1, such as 0\.999/],
    ["-n 4 -c automatic --survive 1", /--slots: expected a whole number of at least 1, or auto/],
    ["-n 4 -c auto --survive 1 --audit plan.json", /--slots says how to make a placement, --audit assesses one/],
    ["-n 4 --total-slots 8 --audit plan.json", /--total-slots says how to make a placement/],
  ])("refused: %s", async (line, message) => {
    const { code, stdout, stderr } = await place(line);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });
});
