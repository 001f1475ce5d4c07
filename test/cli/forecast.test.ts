import { describe, expect, test } from "vitest";
import { inProcess, inProcessPipe } from "../support/inProcess.ts";
import { haveSharedData, withoutSharedData } from "../support/lazarus.ts";

const log = "fixtures/routing.csv";
const trace = "../shared/data/smartmoe/layer_loads.csv.gz";

test("a forecast is a load-profile that every command takes", async () => {
  const placed = await inProcessPipe(
    `profile-load ${log} --forecast ensemble --horizon 3`,
    "place -n 10 -c 6 --placement eplb",
    "dispatch-plan",
  );
  expect(placed.code).toBe(0);
  const again = await inProcessPipe(`profile-load ${log} --forecast ensemble --horizon 3`, "profile-load");
  expect(again.stdout).toBe((await inProcess(["profile-load", log, "--forecast", "ensemble", "--horizon", "3"])).stdout);
});

test("its loads go through CSV, and a line says what does not", async () => {
  const asked = `profile-load ${log} --forecast holt --horizon 2`;
  const csv = await inProcessPipe(`${asked} --format csv`);
  expect(csv.stderr).toMatch(/errors, quantiles and scenarios are in JSON only/);
  const { layers } = JSON.parse((await inProcessPipe(asked)).stdout);
  expect(JSON.parse((await inProcess(["profile-load"], csv.stdout)).stdout).layers).toEqual(layers);
});

test("a series of load-profiles is forecast like the log they are of", async () => {
  const series = await inProcessPipe(`profile-load ${log} --every 1`, "profile-load --forecast auto --horizon 2");
  const direct = await inProcessPipe(`profile-load ${log} --forecast auto --horizon 2`);
  expect(JSON.parse(series.stdout).layers).toEqual(JSON.parse(direct.stdout).layers);
});

test("--every forecasts after every so many recorded iterations, from those before", async () => {
  const { stdout } = await inProcessPipe(`profile-load ${log} --forecast ema --horizon 2 --every 6`);
  const windows = stdout.trim().split("\n");
  expect(windows.map((line) => JSON.parse(line).window.to)).toEqual([6, 12, 18, 20]);
  const alone = await inProcessPipe(`profile-load ${log} --window 1:12 --forecast ema --horizon 2`);
  expect(JSON.parse(windows[1]!).layers).toEqual(JSON.parse(alone.stdout).layers);
});

test.each([
  ["--forecast auto", "--forecast needs --horizon"],
  ["--horizon 5", "go with --forecast"],
  ["--backtest", "go with --forecast"],
  ["--forecast auto --horizon 2 --origins 1:5", "--origins goes with --backtest"],
  ["--forecast auto --horizon 2 --method ema", "leave one of them out"],
  ["--forecast auto --horizon 2 --by-rank", "leave it out"],
  ["--forecast auto --horizon 2 --window last:5", "give FROM:TO"],
  ["--forecast auto --horizon 2 --window 3:3", "at least two recorded iterations"],
])("refuses %s", async (options, message) => {
  const { code, stderr, stdout } = await inProcess(["profile-load", log, ...options.split(" ")]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
});

test("says when nothing tells how far off a forecast is", async () => {
  const { code, stderr, stdout } = await inProcessPipe(`profile-load ${log} --forecast auto --horizon 50 --backtest`);
  expect(code).toBe(0);
  expect(stderr).toMatch(/no forecast 50 iterations ahead could be judged yet/);
  expect(stderr).toMatch(/take a shorter --horizon/);
  expect(JSON.parse(stdout).forecast).toEqual({
    method: "auto",
    horizon: 50,
    origins: 0,
    layers: [0, 1, 2, 3].map((layer) => ({ layer, forecaster: "last" })),
  });
});

test("a damaged forecast is refused with its place", async () => {
  const { stdout } = await inProcessPipe(`profile-load ${log} --forecast ensemble --horizon 3`);
  const damaged = JSON.parse(stdout);
  damaged.forecast.scenarios[2].layers.pop();
  expect((await inProcess(["place", "-n", "4", "-c", "8"], JSON.stringify(damaged))).stderr).toContain(
    "forecast.scenarios[2]: layer 3 is missing",
  );
  damaged.forecast.scenarios[2].layers[0].loads.pop();
  expect((await inProcess(["place", "-n", "4", "-c", "8"], JSON.stringify(damaged))).stderr).toContain(
    "forecast.scenarios[2]: layer 0: expected 16 numbers",
  );
});

describe.skipIf(!haveSharedData)(`the real trace${haveSharedData ? "" : ` (skipped: ${withoutSharedData})`}`, () => {
  test.each([
    [10, 0.0402, 0.0511],
    [100, 0.0435, 0.0553],
    [1000, 0.077, 0.0901],
  ])("%i iterations ahead auto is off by at most %f on the held-out part, the last value by %f", async (horizon, most, last) => {
    const { stderr } = await inProcessPipe(
      `profile-load ${trace} --forecast auto --horizon ${horizon} --backtest --origins 3001:5001`,
    );
    const error = (method: string) => Number(new RegExp(`^${method} +([\\d.]+)`, "m").exec(stderr)?.[1]);
    expect(error("auto")).toBeLessThanOrEqual(most);
    expect(Math.abs(error("last") - last)).toBeLessThan(0.0005);
    for (const method of ["last", "ema", "holt"]) expect(error(method)).toBeGreaterThan(error("auto"));
  });
});
