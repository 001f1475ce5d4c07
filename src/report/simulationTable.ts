/** Simulations as a person reads them. */
import { type MeanInterval, meanInterval } from "../core/simulation/meanInterval.ts";
import { type SystemSummary, summarize } from "../core/simulation/summary.ts";
import type { SimulationDocument } from "../formats/documents/simulation.ts";
import type { Paint } from "./paint.ts";
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

/** Tables of all simulations, a group after the other. */
export function simulationTable(documents: readonly SimulationDocument[], paint: Paint): string {
  return simulationGroups(documents)
    .map((group) => groupTable(group, paint))
    .join("\n\n");
}

function groupTable({ trials: documents, parameters, systems }: SimulationGroup, paint: Paint): string {
  const trials = systems[0]?.trials ?? 0;
  const setting = Object.entries(parameters)
    .map(([name, value]) => `${name} ${value}`)
    .join(", ");
  const title = `${paint.bold("Simulation")} ${setting}; ${trials === 1 ? "one trial" : `means of ${trials} trials, 95 % intervals`}`;
  const bought = whatResilientBought(systems);
  const changes = whatIfTable(documents, paint);
  return [
    title,
    `${reachedTable(systems, paint)}${bought === undefined ? "" : `\n${bought}`}`,
    timeTable(systems, paint),
    stepTable(systems, paint),
    ...(changes === undefined ? [] : [changes]),
  ].join("\n\n");
}

function reachedTable(systems: readonly SystemSummary[], paint: Paint): string {
  const first = systems[0]?.system ?? "";
  const columns = ["samples", "samples/s", `over ${first}`, "effective", "hours", "steps", "failures", "restarts", "lost steps"];
  const rows = systems.map((summary) => [
    summary.system,
    grouped(Math.round(summary.samples.mean)),
    withInterval(summary.samplesPerSecond, (value) => fixed(value, 2)),
    Number.isFinite(summary.ratio.mean) ? withInterval(summary.ratio, (value) => fixed(value, 3)) : "–",
    withInterval(summary.effective, (value) => fixed(value, 3)),
    withInterval(summary.totalSeconds, (value) => fixed(value / 3600, 2)),
    fixed(summary.steps, 0),
    fixed(summary.failures, 1),
    fixed(summary.restarts, 1),
    fixed(summary.lostSteps, 0),
  ]);
  return textTable([{ head: "system", align: "left" }, ...columns.map((head) => ({ head }))], rows, paint);
}

/** Falls below lazarus by so much before a line says what for. */
const WORTH_A_LINE = 0.01;

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
      return withInterval(meanInterval(gains), (value) => `${value < 0 ? "" : "+"}${fixed(100 * value, 2)} %`);
    }),
  ]);
  return textTable([{ head: "what if", align: "left" }, ...systems.map((head) => ({ head }))], rows, paint);
}

function timeTable(systems: readonly SystemSummary[], paint: Paint): string {
  const activities = Object.keys(systems[0]?.seconds ?? {}) as (keyof SystemSummary["seconds"])[];
  const rows = systems.map(({ system, seconds, totalSeconds }) => [
    system,
    ...activities.map((activity) => percent(seconds[activity] / totalSeconds.mean)),
  ]);
  return textTable([{ head: "time spent on", align: "left" }, ...activities.map((head) => ({ head }))], rows, paint);
}

function stepTable(systems: readonly SystemSummary[], paint: Paint): string {
  const heads = new Map<keyof SystemSummary["stepParts"], string>([
    ["overhead", "overhead"],
    ["dense", "dense compute"],
    ["denseSync", "dense gradients"],
    ["experts", "expert compute"],
    ["allToAll", "all-to-all"],
    ["expertSync", "expert gradients"],
  ]);
  if (systems.some(({ stepParts }) => stepParts.bubble !== undefined)) heads.set("bubble", "pipeline waits");
  const rows = systems.map(({ system, stepParts }) => {
    const parts = [...heads.keys()].map((part) => stepParts[part] ?? 0);
    return [system, fixed(stepOf({ stepParts }) * 1e3, 1), ...parts.map((seconds) => fixed(seconds * 1e3, 1))];
  });
  const columns = ["step (ms)", ...heads.values()].map((head) => ({ head }));
  return textTable([{ head: "mean step", align: "left" }, ...columns], rows, paint);
}

function stepOf({ stepParts }: Pick<SystemSummary, "stepParts">): number {
  return Object.values(stepParts).reduce((sum, seconds) => sum + seconds, 0);
}

function withInterval({ mean, interval }: MeanInterval, format: (value: number) => string): string {
  return interval === undefined ? format(mean) : `${format(mean)} (${format(interval[0])} to ${format(interval[1])})`;
}
