/** Simulations as a person reads them. */
import { type MeanInterval, meanInterval } from "../core/simulation/meanInterval.ts";
import { type SystemSummary, summarize } from "../core/simulation/summary.ts";
import type { SimulationDocument } from "../formats/documents/simulation.ts";
import type { Paint } from "./paint.ts";
import { parameterText } from "./parameterText.ts";
import { wrapped } from "./screen.ts";
import { fixed, grouped, percent, textTable } from "./table.ts";

/** Documents that depend on the same things but for the seed. */
export interface SimulationGroup {
  readonly trials: readonly SimulationDocument[];
  readonly parameters: SimulationDocument["parameters"];
  readonly systems: readonly SystemSummary[];
}

/** Gathers documents by what they depend on, in the order in which that appears first. */
export function simulationGroups(documents: readonly SimulationDocument[]): SimulationGroup[] {
  const groups = new Map<string, SimulationDocument[]>();
  for (const document of documents) {
    const key = JSON.stringify([document.parameters, document.runs.map(({ system }) => system)]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [document]);
    else group.push(document);
  }
  return [...groups.values()].map((group) => ({
    trials: group,
    parameters: group[0]!.parameters,
    systems: summarize(group.map(({ runs }) => runs)),
  }));
}

/** Tables of all simulations, a group after the other; what is the same in all is said once. */
export function simulationTable(documents: readonly SimulationDocument[], paint: Paint, width: number): string {
  const groups = simulationGroups(documents);
  const first = groups[0]?.parameters ?? {};
  const isCommon = (name: string) => groups.length > 1 && groups.every(({ parameters }) => parameters[name] === first[name]);
  const common = Object.entries(first).filter(([name]) => isCommon(name));
  const head = common.length === 0 ? [] : [wrapped(`${paint.bold("Simulations")} of ${settingText(common)}`, width)];
  const tables = groups.map((group) =>
    groupTable(
      group,
      Object.entries(group.parameters).filter(([name]) => !isCommon(name)),
      groups.length > 1,
      paint,
      width,
    ),
  );
  return [...head, ...tables].join("\n\n");
}

function settingText(parameters: readonly (readonly [string, string | number])[]): string {
  return parameters.map(([name, value]) => `${name} ${parameterText(name, value)}`).join(", ");
}

function groupTable(
  { trials: documents, systems }: SimulationGroup,
  setting: readonly (readonly [string, string | number])[],
  isOneOfSeveral: boolean,
  paint: Paint,
  width: number,
): string {
  const trials = systems[0]?.trials ?? 0;
  const counted = trials === 1 ? "one trial" : `means of ${trials} trials, 95 % intervals`;
  const title = `${paint.bold("Simulation")} ${[settingText(setting), counted].filter((text) => text !== "").join("; ")}`;
  const verdict = [bestSystem(systems), whatResilientBought(systems)].filter((text) => text !== undefined);
  const changes = whatIfTable(documents, paint);
  return [
    (isOneOfSeveral ? [title, ...verdict] : [...verdict, title]).map((text) => wrapped(text, width)).join("\n"),
    ...panels(systems, paint, width),
    ...(changes === undefined ? [] : [changes]),
  ].join("\n\n");
}

/** Which system trains most, and how the first compares. */
function bestSystem(systems: readonly SystemSummary[]): string | undefined {
  const [first] = systems;
  if (first === undefined || systems.length < 2) return undefined;
  const rate = ({ samplesPerSecond }: SystemSummary) => samplesPerSecond.mean;
  const best = systems.reduce((most, system) => (rate(system) > rate(most) ? system : most), first);
  const others = systems
    .filter(({ system }) => system !== best.system)
    .map((other) => `${fixed(rate(other) / rate(best), 3)} of that with ${other.system}`);
  return `Most samples a second: ${fixed(rate(best), 2)} with ${best.system}; ${others.join(", ")}`;
}

/** A figure a row, a system a column; side by side as many systems as the width holds. */
function panels(systems: readonly SystemSummary[], paint: Paint, width: number): string[] {
  const rows = [...reachedRows(systems), ...timeRows(systems), ...stepRows(systems)];
  const headWidth = Math.max(...rows.map(([head]) => head!.length));
  const widthOf = (place: number) =>
    Math.max(systems[place]!.system.length, ...rows.map((row) => (row[place + 1] ?? "").length)) + 2;
  const parts: number[][] = [];
  let free = 0;
  systems.forEach((_, place) => {
    if (parts.length === 0 || widthOf(place) > free) {
      parts.push([]);
      free = width - headWidth;
    }
    parts.at(-1)!.push(place);
    free -= widthOf(place);
  });
  return parts.map((places) =>
    textTable(
      [{ head: "", align: "left" }, ...places.map((place) => ({ head: systems[place]!.system }))],
      rows.map((row) => [row[0]!, ...places.map((place) => row[place + 1] ?? "")]),
      paint,
    ),
  );
}

function reachedRows(systems: readonly SystemSummary[]): string[][] {
  const row = (head: string, cell: (summary: SystemSummary) => string) => [head, ...systems.map(cell)];
  const ratio = ({ ratio }: SystemSummary) => (Number.isFinite(ratio.mean) ? withMargin(ratio, (value) => fixed(value, 3)) : "–");
  return [
    row("samples", ({ samples }) => grouped(Math.round(samples.mean))),
    row("samples/s", ({ samplesPerSecond }) => withMargin(samplesPerSecond, (value) => fixed(value, 2))),
    row(`over ${systems[0]?.system ?? ""}`, ratio),
    row("effective time", ({ effective }) => withMargin(effective, (value) => fixed(value, 3))),
    row("hours", ({ totalSeconds }) => withMargin(totalSeconds, (value) => fixed(value / 3600, 2))),
    row("steps", ({ steps }) => grouped(Math.round(steps))),
    row("failures", ({ failures }) => fixed(failures, 1)),
    row("restarts", ({ restarts }) => fixed(restarts, 1)),
    row("lost steps", ({ lostSteps }) => grouped(Math.round(lostSteps))),
  ];
}

/** Falls below lazarus by so much before a line says what for. */
const WORTH_A_LINE = 0.01;

/** A share of the time that would be shown as 0.0 %. */
const LEAST_SHARE = 5e-4;

/** What would be shown as 0.0 is no difference. */
const LEAST_SHOWN = 0.05;

/** What it bought and what for: restarts and step time, each on the side on which it stands. */
function whatResilientBought(systems: readonly SystemSummary[]): string | undefined {
  const [lazarus, resilient] = ["lazarus", "resilient"].map((name) => systems.find(({ system }) => system === name));
  if (lazarus === undefined || resilient === undefined) return undefined;
  const below = 1 - resilient.samplesPerSecond.mean / lazarus.samplesPerSecond.mean;
  if (!(below > WORTH_A_LINE)) return undefined;
  const loss = `resilient trains ${percent(below)} fewer samples a second than lazarus here`;
  const [restarts, step] = [lazarus.restarts - resilient.restarts, 1000 * (stepOf(lazarus) - stepOf(resilient))];
  const bought = [
    ...(restarts >= LEAST_SHOWN ? [`${fixed(restarts, 1)} fewer restarts a trial`] : []),
    ...(step >= LEAST_SHOWN ? [`steps ${fixed(step, 1)} ms shorter`] : []),
  ];
  const paid = [
    ...(restarts <= -LEAST_SHOWN ? [`${fixed(-restarts, 1)} more restarts a trial`] : []),
    ...(step <= -LEAST_SHOWN ? [`steps ${fixed(-step, 1)} ms longer`] : []),
  ];
  const gain = bought.length === 0 ? "it bought nothing" : `it bought ${bought.join(" and ")}`;
  return `${loss}; ${gain}${paid.length === 0 ? "" : ` for ${paid.join(" and ")}`}`;
}

/** What a change would buy: the difference of the rates trial by trial, on the same failures. */
function whatIfTable(trials: readonly SimulationDocument[], paint: Paint): string | undefined {
  const changes = trials[0]?.whatIf ?? [];
  if (changes.length === 0) return undefined;
  const systems = trials[0]!.runs.map(({ system }) => system);
  const rows = changes.map(({ change }, c) => [
    change,
    ...systems.map((_, place) => {
      const gains = trials.flatMap(({ runs, whatIf }) => {
        const changed = whatIf?.[c]?.runs[place];
        return changed === undefined ? [] : [changed.samplesPerSecond / runs[place]!.samplesPerSecond - 1];
      });
      const { mean } = meanInterval(gains);
      return `${mean < 0 ? "" : "+"}${withMargin(meanInterval(gains), (value) => fixed(100 * value, 2))} %`;
    }),
  ]);
  return textTable([{ head: "what if", align: "left" }, ...systems.map((head) => ({ head }))], rows, paint);
}

/** What time went to; what no system spent any on is left out. */
function timeRows(systems: readonly SystemSummary[]): string[][] {
  const activities = Object.keys(systems[0]?.seconds ?? {}) as (keyof SystemSummary["seconds"])[];
  const share = ({ seconds, totalSeconds }: SystemSummary, activity: (typeof activities)[number]) =>
    seconds[activity] / totalSeconds.mean;
  const spent = activities.filter((activity) => systems.some((summary) => share(summary, activity) >= LEAST_SHARE));
  return [
    ["time spent on"],
    ...spent.map((activity) => [`  ${activity}`, ...systems.map((summary) => percent(share(summary, activity)))]),
  ];
}

const STEP_PARTS = new Map<keyof SystemSummary["stepParts"], string>([
  ["overhead", "overhead"],
  ["dense", "dense compute"],
  ["denseSync", "dense gradients"],
  ["experts", "expert compute"],
  ["allToAll", "all-to-all"],
  ["expertSync", "expert gradients"],
  ["bubble", "pipeline waits"],
]);

function stepRows(systems: readonly SystemSummary[]): string[][] {
  const milliseconds = (seconds: number) => fixed(seconds * 1e3, 1);
  return [
    ["mean step (ms)", ...systems.map((summary) => milliseconds(stepOf(summary)))],
    ...[...STEP_PARTS]
      .filter(([part]) => systems.some(({ stepParts }) => stepParts[part] !== undefined))
      .map(([part, head]) => [`  ${head}`, ...systems.map(({ stepParts }) => milliseconds(stepParts[part] ?? 0))]),
  ];
}

function stepOf({ stepParts }: Pick<SystemSummary, "stepParts">): number {
  return Object.values(stepParts).reduce((sum, seconds) => sum + seconds, 0);
}

/** A mean and half the width of its interval, which is as wide to both sides. */
function withMargin({ mean, interval }: MeanInterval, format: (value: number) => string): string {
  return interval === undefined ? format(mean) : `${format(mean)} ± ${format((interval[1] - interval[0]) / 2)}`;
}
