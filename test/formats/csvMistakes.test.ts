/** Broken CSV of documents is refused with file and line, and one document in place of another by its name. */
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";

const output = async (words: string, input: string) => (await inProcess(words.split(" "), input)).stdout;

/** Two layers on two nodes of two GPUs, three slots a node, one of them free. */
let rows: string[];
let documents: Record<string, string>;

beforeAll(async () => {
  const profile = await output("profile-load", "[[5,4],[3,3]]");
  const loads = await output("profile-load --format csv", profile);
  const placement = JSON.parse(await output("place -n 2 -c 3 --gpus 2 --placement mro -f 1", profile));
  for (const layer of placement.layers) {
    layer.nodes = [
      [0, 1, -1],
      [0, 1, 0],
    ];
    layer.replicas = [3, 2];
  }
  const json = JSON.stringify(placement);
  const csv = await output("recover --format csv --rows placement --joined 0", json);
  const dispatch = await output("dispatch-plan --format csv", json);
  const transfers = await output("recover --failed node0 --format csv", json);
  const simulation = await output(
    "simulate --load-spread 0 --model gpt-s -n 4 --mtbf 1h --duration 1m --systems ds --format csv",
    "",
  );
  documents = { loads, placement: json, placements: csv, dispatch, transfers, simulation };
  rows = [
    "layer,node,domain,rank,slot,expert,tokens,placement,shares,minReplicas",
    ...[0, 1].flatMap((layer) => {
      const [first, second] = layer === 0 ? [5, 4] : [3, 3];
      return [
        `${layer},a,x,0,0,0,${first},mro,,1`,
        `${layer},a,x,0,1,1,${second},mro,,1`,
        `${layer},a,x,1,2,,,mro,,1`,
        `${layer},b,,2,0,0,${first},mro,,1`,
        `${layer},b,,2,1,1,${second},mro,,1`,
        `${layer},b,,3,2,0,${first},mro,,1`,
      ];
    }),
  ];
});

async function refusal(lines: readonly string[], command = ["dispatch-plan"]): Promise<string> {
  const { code, stdout, stderr } = await inProcess(command, `${lines.join("\n")}\n`);
  expect(stdout, stderr).toBe("");
  expect(code, stderr).toBe(2);
  expect(stderr).toMatch(/^lazarus: standard input:\d+: [^\n]+\n$/);
  return stderr.slice("lazarus: standard input:".length);
}

describe("a placement", () => {
  test("is read as it stands", async () => {
    expect(JSON.parse(await output("recover --failed b --format json", rows.join("\n"))).placement.nodes).toEqual([
      { name: "a", slots: 3, gpus: 2, domain: "x" },
    ]);
    expect((await inProcess(["dispatch-plan"], rows.join("\r\n"))).code).toBe(0);
  });

  test("any row that is missing, there twice or in another place is refused", async () => {
    const at = fc.integer({ min: 1, max: rows.length - 1 });
    await fc.assert(
      fc.asyncProperty(at, at, fc.constantFrom("missing", "twice", "moved"), async (from, to, how) => {
        const changed = [...rows];
        const [row] = changed.splice(from, how === "twice" ? 0 : 1);
        if (how === "twice") changed.splice(to, 0, rows[from]!);
        if (how === "moved") changed.splice(to, 0, row!);
        if (changed.join() === rows.join()) return;
        await refusal(changed);
      }),
    );
  });

  test("a row with one cell of another row is refused, or it is another placement", async () => {
    const cells = fc.record({
      row: fc.integer({ min: 1, max: 12 }),
      other: fc.integer({ min: 1, max: 12 }),
      column: fc.integer({ min: 0, max: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(cells, async ({ row, other, column }) => {
        const table = rows.map((line) => line.split(","));
        if (table[row]![column] === table[other]![column]) return;
        table[row]![column] = table[other]![column]!;
        await refusal(table.map((line) => line.join()));
      }),
    );
  });

  test.each<[string, (lines: string[]) => void, RegExp]>([
    [
      "a slot twice",
      (lines) => lines.splice(2, 0, lines[1]!),
      /^3: slot 0 of a comes where slot 1 is expected; it is there twice/,
    ],
    ["a slot left out", (lines) => lines.splice(2, 1), /^3: slot 2 of a comes where slot 1 is expected; rows are missing/],
    ["the last row left out", (lines) => lines.pop(), /^12: layer 1 ends without slot 2 of b \(rank 3\); rows are missing/],
    [
      "ranks out of order",
      (lines) => (lines[4] = lines[4]!.replace(",2,0,", ",3,0,")),
      /^5: rank 3 comes after rank 1; expected 2/,
    ],
    [
      "slots dealt unevenly",
      (lines) => lines.splice(1, 12, ...lines.slice(1).map((line) => line.replace(/,0,1,1,/, ",1,1,1,"))),
      /^3: slot 1 of a is on rank 1; expected rank 0/,
    ],
    [
      "an unknown expert",
      (lines) => (lines[2] = lines[2]!.replace(",0,1,1,", ",0,1,7,")),
      /^3: expert 2 of layer 0 has no row, and there is expert 7/,
    ],
    [
      "an expert without number",
      (lines) => (lines[2] = lines[2]!.replace(",0,1,1,", ",0,1,one,")),
      /^3: expert is "one"; expected a whole number/,
    ],
    ["-1 for a free slot", (lines) => (lines[3] = lines[3]!.replace(",2,,", ",2,-1,")), /^4: expert is negative/],
    [
      "two loads of an expert",
      (lines) => (lines[4] = lines[4]!.replace(",5,mro", ",6,mro")),
      /^5: expert 0 has 6 tokens, in an earlier row of layer 0 5/,
    ],
    [
      "tokens of no expert",
      (lines) => (lines[3] = lines[3]!.replace(",2,,,", ",2,,9,")),
      /^4: a row with tokens and without expert/,
    ],
    [
      "other nodes in another layer",
      (lines) => (lines[7] = lines[7]!.replace(",a,", ",c,")),
      /^8: slot 0 of c \(rank 0\) stands where slot 0 of a/,
    ],
    ["a layer again", (lines) => lines.push(lines[1]!), /^14: layer 0 comes again/],
    ["a node in two domains", (lines) => (lines[2] = lines[2]!.replace(",x,", ",y,")), /^3: node a is in domain "y" after "x"/],
    ["two policies", (lines) => (lines[5] = lines[5]!.replace("mro", "eplb")), /^6: placement is "eplb" after "mro"/],
    [
      "a share of its own",
      (lines) => lines.splice(1, 12, ...lines.slice(1).map((line) => line.replace("mro,,", "mro,odd,"))),
      /^2: shares is "odd"; expected even or free/,
    ],
    [
      "no replicas at least",
      (lines) => lines.splice(1, 12, ...lines.slice(1).map((line) => line.replace(/1$/, "0"))),
      /^2: minReplicas is 0; expected at least 1/,
    ],
    [
      "an expert on a GPU without slot",
      (lines) => (lines[1] = lines[1]!.replace(",0,0,0,", ",0,,0,")),
      /^2: expert 0 is on rank 0 without a slot/,
    ],
    ["a slot without rank", (lines) => (lines[1] = lines[1]!.replace(",0,0,0,", ",,0,0,")), /^2: slot 0 has no rank/],
    [
      "a keeper that is no node",
      (lines) => lines.splice(7, 0, "0,,,,,2,1,mro,,1", "0,z,,,,2,1,mro,,1"),
      /^15: node z keeps experts in host memory and has no slots/,
    ],
    [
      "a node again",
      (lines) => lines.splice(1, 12, "0,a,,0,0,0,1,mro,,1", "0,b,,1,0,0,1,mro,,1", "0,a,,2,0,0,1,mro,,1"),
      /^4: node a comes again; expected all its rows together/,
    ],
    [
      "a keeper twice",
      (lines) => lines.splice(7, 0, "0,,,,,2,1,mro,,1", "0,a,x,,,2,1,mro,,1", "0,a,x,,,2,1,mro,,1"),
      /^10: expert 2 of layer 0 is kept by a twice/,
    ],
    ["the header again", (lines) => lines.push(lines[0]!), /^14: the header comes again; join documents as JSON/],
    [
      "another header",
      (lines) => lines.push("layer,expert,source,target,tokens"),
      /^14: a row of 5 cells; expected 10 as in the header/,
    ],
    ["a column twice", (lines) => (lines[0] = lines[0]!.replace("domain", "node")), /^1: the column "node" is there twice/],
    [
      "a column left out",
      (lines) => lines.splice(0, 13, ...lines.map((line) => line.replace(/,[^,]*$/, ""))),
      /^1: there is no column minReplicas; expected the header of a placement, \[window,\]layer,node,/,
    ],
    ["an unknown column", (lines) => (lines[0] = lines[0]!.replace("shares", "share")), /^1: the column "share" is not known/],
    ["a row cut short", (lines) => (lines[12] = lines[12]!.slice(0, 9)), /^13: a row of 6 cells; expected 10/],
    [
      "no window",
      (lines) => lines.splice(0, 13, ...lines.map((line, i) => `${i === 0 ? "window" : "1"},${line}`)),
      /^2: window is "1"; expected FROM-TO/,
    ],
  ])("%s", async (_, change, message) => {
    const changed = [...rows];
    change(changed);
    expect(await refusal(changed)).toMatch(message);
  });
});

test("rows of two windows mixed are refused where the first comes again; what came before is whole", async () => {
  const windows = rows.map((line, i) => `${i === 0 ? "window" : i < 7 ? "1-2" : "3-4"},${line}`);
  const { code, stdout, stderr } = await inProcess(["dispatch-plan"], [...windows, `1-2,${rows[1]}`].join("\n"));
  expect([code, stderr]).toEqual([2, expect.stringMatching(/:14: window 1-2 comes again; expected all its rows together/)]);
  expect(JSON.parse(stdout).window).toEqual({ from: 1, to: 2 });
});

test("what is expected to fail", async () => {
  const failing = (columns: string, values: string) =>
    inProcess(["dispatch-plan"], rows.map((line, i) => `${line},${i === 0 ? columns : values}`).join("\n"));
  expect((await failing("failureUnit,failureProbability", "domain,0.25")).code).toBe(0);
  expect((await failing("failureUnit", "rack")).stderr).toMatch(/:2: failureUnit is "rack"; expected gpu or node or domain/);
  for (const value of ["", "2", "x"]) {
    expect((await failing("failureProbability", value)).stderr).toMatch(
      /:2: failureProbability is ".?"; expected a number from 0 to 1/,
    );
  }
});

test("nodes, GPUs without slots, free slots and experts in host memory survive", async () => {
  const loads = await output("profile-load", "[[9,8,7,6,5]]");
  const json = await output("place -n 2 -c 2 --gpus 3 --spill cpu --placement mro", loads);
  const csv = await output("place -n 2 -c 2 --gpus 3 --spill cpu --placement mro --format csv", loads);
  expect(csv).toMatch(/^0,node1,,5,,,,mro,even,2$/m);
  expect(csv).toMatch(/^0,,,,,4,5,mro,even,2$/m);
  expect(csv).toMatch(/^0,node1,,,,4,5,mro,even,2$/m);
  const { nodes, layers, spilled } = JSON.parse(json);
  expect(spilled.length).toBeGreaterThan(0);
  expect(JSON.parse(await output("place --audit -", csv))).toMatchObject({ nodes, layers, spilled });
});

describe("optional columns", () => {
  const terms = "layer,node,domain,rank,slot,expert,tokens,placement,shares,minReplicas";
  const made = "iteration,layer,expert,tokens,method,forecast,horizon,origins,coverage,forecaster,low,high";
  const row = (words = "") => `2,0,0,9,forecast,auto,2,3,${words}`;

  test.each<[string, string, string[], RegExp]>([
    [
      "hexadecimal digits",
      "dispatch-plan",
      [`${terms},seed`, "0,a,,0,0,0,9,mro,,1,0x10"],
      /^2: seed is "0x10"; expected a whole/,
    ],
    [
      "a blank",
      "dispatch-plan",
      [`${terms},balanceSlack`, "0,a,,0,0,0,9,mro,,1, 1"],
      /^2: balanceSlack is " 1"; expected a number/,
    ],
    ["alpha", "place -n 1 -c 1", ["iteration,layer,expert,tokens,method,alpha", "2,0,0,9,ema,0x1"], /^2: alpha is "0x1"/],
    [
      "an error",
      "place -n 1 -c 1",
      [`${made},layerError`, row("0.9,last,8,10,0x1")],
      /^2: layerError and layerLastError: expected/,
    ],
    [
      "no forecast",
      "place -n 1 -c 1",
      ["iteration,layer,expert,tokens,method,horizon", "2,0,0,9,mean,2"],
      /^1: the column "horizon" says how a/,
    ],
    [
      "only a scenario",
      "place -n 1 -c 1",
      ["iteration,layer,expert,tokens,method,scenario:a", "2,0,0,9,mean,2"],
      /^1: the column "scenario:a"/,
    ],
    ["no coverage", "place -n 1 -c 1", [made, row(",last,8,10")], /^2: low and high without coverage/],
    [
      "two forecasters of a layer",
      "place -n 1 -c 2",
      [made, row("0.9,last,8,10"), row("0.9,ema,8,10").replace("2,0,0", "2,0,1")],
      /^3: forecaster is another one than before in layer 0/,
    ],
  ])("%s", async (_, command, lines, expected) => {
    expect(await refusal(lines, command.split(" "))).toMatch(expected);
  });
});

describe("other tables", () => {
  test.each([
    [
      "dispatch-plan: a way twice",
      "layer,expert,source,target,tokens\n0,0,0,1,5\n0,0,0,1,6\n",
      /:3: expert 0 goes from rank 0 to 1 twice in layer 0/,
    ],
    [
      "dispatch-plan: a layer again",
      "layer,expert,source,target,tokens\n0,0,0,1,5\n1,0,0,1,6\n0,1,0,1,6\n",
      /:4: layer 0 comes again/,
    ],
    ["dispatch-plan: no number", "layer,expert,source,target,tokens\n0,0,x,1,5\n", /:2: source is "x"/],
    [
      "dispatch-plan: several windows",
      "window,layer,expert,source,target,tokens\n1-1,0,0,0,1,5\n2-2,0,0,0,1,6\n",
      /there are several windows; expected one plan/,
    ],
    ["nothing of ours", "a,b\n1,2\n", /this is no plan; expected a placement, recovery-plan or dispatch-plan/],
  ])("bench --plan, %s", async (_, text, message) => {
    const { code, stderr } = await inProcess(["bench", "--kernels", "layer", "--plan", "-"], text);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  test.each([
    [
      "a window again",
      "window,iteration,layer,expert,tokens\n1-2,2,0,0,5\n3-4,4,0,0,5\n1-2,2,0,1,5\n",
      /:4: window 1-2 comes again/,
    ],
    [
      "two iterations in a window",
      "window,iteration,layer,expert,tokens\n1-2,2,0,0,5\n1-2,3,0,1,5\n",
      /:3: iteration 3 after 2 in window 1-2/,
    ],
    [
      "an expert twice",
      "window,iteration,layer,expert,tokens\n1-2,2,0,0,5\n1-2,2,0,0,5\n",
      /:3: layer 0, expert 0 has a second row/,
    ],
    ["a window backwards", "window,iteration,layer,expert,tokens\n2-1,2,0,0,5\n", /:2: window is "2-1"; expected FROM-TO/],
    ["no tokens at all", "window,iteration,layer,expert,tokens\n1-2,2,0,0,0\n", /no token goes to any expert/],
  ])("loads: %s", async (_, text, message) => {
    const { code, stderr } = await inProcess(["place", "-n", "2", "-c", "2"], text);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });

  test("simulations with a cell that is no number", async () => {
    const text = documents["simulation"]!.replace(/\n0,ds,[^,]*/, "\n0,ds,many");
    const { code, stderr } = await inProcess(["simulate", "--summarize"], text);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/:2: samples is "many"; expected a number/)]);
  });

  test("documents that nothing tells apart are not run together", async () => {
    const two = `${documents["placement"]}\n${documents["placement"]}`;
    const { code, stderr } = await inProcess(["dispatch-plan", "--format", "csv"], two);
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/several documents, and no window of its own tells their rows apart/),
    ]);
    expect((await inProcess(["dispatch-plan"], two)).stdout.trim().split("\n")).toHaveLength(2);
    const alike = two.replaceAll('"version":1', '"version":1,"window":{"from":1,"to":2}');
    expect(await inProcess(["dispatch-plan", "--format", "csv"], alike)).toMatchObject({ code: 2, stderr });
    const apart = alike.replace('"to":2', '"to":3');
    expect((await inProcess(["dispatch-plan", "--format", "csv"], apart)).stdout).toMatch(/^window,layer.*^1-3,0.*^1-2,0/ms);
  });
});

describe("one document in place of another", () => {
  test.each([
    ["place -n 2 -c 2", "placements", /:1: this is a placement; a load-profile is wanted here: `lazarus profile-load` makes it/],
    ["place -n 2 -c 2", "placement", /this is a placement; a load-profile is wanted here/],
    ["profile-load", "dispatch", /:1: this is a dispatch-plan; a load-profile is wanted here/],
    [
      "simulate -n 4 --duration 1m --mtbf 1h",
      "transfers",
      /:1: these are the transfers of a recovery-plan; a load-profile is wanted here/,
    ],
    ["dispatch-plan", "loads", /:1: these are loads; a placement is wanted here: `lazarus place` makes it/],
    [
      "recover --failed node0",
      "transfers",
      /:1: these are the transfers of a recovery-plan; .*`lazarus recover --format csv --rows placement`/,
    ],
    ["recover --failed node0", "dispatch", /:1: this is a dispatch-plan; a placement is wanted here/],
    ["bench --plan -", "simulation", /:1: this is a simulation; a placement is wanted here/],
    ["bench --baseline -", "dispatch", /:1: this is a dispatch-plan; a bench is wanted here/],
    ["simulate --summarize", "loads", /:1: these are loads; a simulation is wanted here/],
  ])("%s of %s", async (words, document, message) => {
    const { code, stdout, stderr } = await inProcess(words.split(" "), documents[document]);
    expect([code, stdout, stderr]).toEqual([2, "", expect.stringMatching(message)]);
  });

  test.each([
    [
      "dispatch-plan",
      "a;b\n1;2\n",
      /:1: this is neither a placement, JSON or CSV \(layer,node,.*\), nor a plan of another system/,
    ],
    ["simulate --summarize", "a,b\n1,2\n", /:1: these are no simulations, JSON or CSV/],
    ["recover --failed n0 --rows placement", "{}", /--rows says which rows --format csv has/],
  ])("%s of what is none", async (words, text, message) => {
    const { code, stderr } = await inProcess(words.split(" "), text);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
  });
});
