/** Options that mean nothing without others: typed, they are refused in one line; their fallbacks are not. */
import { expect, test } from "vitest";
import { inProcess } from "../support/inProcess.ts";

const job = "simulate --load-spread 1 --model gpt-s -n 4 --duration 1m";

test.each([
  [`${job} --polarity held`, /--polarity is for --trace FILE of SkyPilot/],
  [
    "simulate --load-spread 1 --model gpt-s --trace - --polarity held --duration 1m",
    /--polarity is for traces of SkyPilot, which standard input/,
  ],
  [`${job} --systems ds,tutel --rebalance-every 200`, /--rebalance-every is for --systems with lazarus, resilient, flexmoe/],
  [`${job} --systems lazarus,ds,lazarus`, /--systems: expected each system once, lazarus is there twice/],
  [`${job} --mtbf 1h --spare-start 1m`, /--spare-start is for --spares N/],
  ["simulate --summarize - --trials 1", /--trials is for simulating, --summarize adds up/],
  [
    `${job} --systems ds --timeline /nonexistent/x.csv`,
    /cannot write \/nonexistent\/x\.csv: there is no folder \/nonexistent; make it/,
    1,
  ],
  ["profile-load fixtures/routing.csv --alpha 0.1", /--alpha is for --method ema/],
  ["profile-load fixtures/routing.csv --format sglang --by-rank", /--by-rank: SGLang's counts have no source ranks/],
  ["bench --kernels histogram --backend js --max-regression 10%", /--max-regression is for --baseline FILE/],
  ["bench --kernels histogram --backend js --hardware rtx3090", /--hardware is for --calibrate FILE/],
  ["bench --backend js --model gpt-s --calibrate /nonexistent/h.json", /there is no folder \/nonexistent; make it/, 1],
  ["compare a.json b.json --max-regression 2%", /--max-regression is for --baseline FILE/],
])("%s", async (line, expected, code = 2) => {
  const { stderr, ...run } = await inProcess(line.split(" "), "0,add,node0\n");
  expect([run, stderr]).toEqual([{ code, stdout: "" }, expect.stringMatching(expected)]);
  expect(stderr.trimEnd().split("\n")).toHaveLength(1);
});

test("what goes together, and fallbacks, are taken", async () => {
  for (const words of [
    "--systems ds,tutel",
    "--systems ds,hybrid --rebalance-every none --pp 2",
    "--mtbf 1h --spares 1 --spare-start 1m",
  ])
    expect(await inProcess(`${job} ${words}`.split(" "))).toMatchObject({ code: 0, stderr: "" });
  const { stdout } = await inProcess(`${job} --systems ds`.split(" "));
  expect(await inProcess(["simulate", "--summarize", "-v"], stdout)).toMatchObject({ code: 0, stdout });
  const skyPilot = '{"metadata":{"gap_seconds":60},"data":[4,3,4]}';
  const traced = "simulate --load-spread 1 --model gpt-s --systems ds --trace - --polarity held --duration 1m".split(" ");
  expect(await inProcess(traced, skyPilot)).toMatchObject({ code: 0, stderr: "" });
});
