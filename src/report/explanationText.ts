/** An explanation of a placement as a person reads it. */
import type { PlacementDocument } from "../formats/documents/placement.ts";
import type { Paint } from "./paint.ts";
import { wrapped } from "./screen.ts";
import { fixed, percent, textTable } from "./table.ts";

const MOST_SETS = 8;
const MOST_NODES = 8;
const LEAST_LIST = 20;

type Explanation = NonNullable<PlacementDocument["explanation"]>;

/** What kills the job first, how far the plan is from the bound, and what more would buy. */
export function explanationText(document: PlacementDocument, explanation: Explanation, paint: Paint, width: number): string {
  return [
    fatalPart(document, explanation, paint, width),
    boundPart(document, paint, width),
    alternativesPart(document, explanation, paint),
  ].join("\n\n");
}

function fatalPart({ recovery }: PlacementDocument, explanation: Explanation, paint: Paint, width: number): string {
  const { fatalFailures, criticalSets, criticality } = explanation;
  const rows = criticalSets
    .slice(0, MOST_SETS)
    .map(({ nodes, experts }) => [
      nodes.join(" + "),
      String(experts.length),
      experts.map(({ layer, expert }) => `${layer}:${expert}`).join(" "),
    ]);
  const beside = Math.max("if all of these fail".length, ...rows.map(([nodes]) => nodes!.length)) + "experts lost".length + 4;
  const shortRows = rows.map(([nodes, count, experts]) => [
    nodes!,
    count!,
    shortened(experts!, Math.max(LEAST_LIST, width - beside)),
  ]);
  const dies = 1 - (recovery?.failures[fatalFailures - 1]?.probability ?? 0);
  const head = `${paint.bold("What kills the job first")}: ${fatalFailures} failed node${fatalFailures === 1 ? "" : "s"} can, with probability ${percent(dies, 2)}`;
  const more = criticalSets.length > MOST_SETS ? `\nand ${criticalSets.length - MOST_SETS} more such sets` : "";
  const columns = [
    { head: "if all of these fail", align: "left" as const },
    { head: "experts lost" },
    { head: "layer:expert", align: "left" as const },
  ];
  const byDanger = criticality
    .toSorted((a, b) => b.probability - a.probability)
    .slice(0, MOST_NODES)
    .map(({ node, probability }) => `${node} ${percent(probability)}`);
  const hinge = `Nodes it hangs on most (chance that it dies when they are among ${fatalFailures} failed): ${byDanger.join(", ")}`;
  return `${wrapped(head, width)}\n${textTable(columns, shortRows, paint)}${more}\n${wrapped(hinge, width)}`;
}

function boundPart({ recovery }: PlacementDocument, paint: Paint, width: number): string {
  const head = paint.bold("How far it is from the best there can be");
  if (recovery?.certified) return wrapped(`${head}: it is the best; every probability meets its upper bound`, width);
  const gaps = (recovery?.failures ?? [])
    .map(({ failed, probability, upperBound = 1 }) => ({ failed, probability, bound: upperBound }))
    .filter(({ probability, bound }) => bound - probability > 5e-5);
  if (gaps.length === 0) return `${head}: within 0.01 % of the upper bound everywhere`;
  const rows = gaps.map(({ failed, probability, bound }) => [
    String(failed),
    percent(probability, 2),
    percent(bound, 2),
    percent(bound - probability, 2),
  ]);
  const columns = ["failed nodes", "all experts survive", "upper bound", "gap at most"].map((text) => ({ head: text }));
  return `${head}\n${textTable(columns, rows, paint)}`;
}

function alternativesPart(
  { recovery, balance }: PlacementDocument,
  { alternatives, fatalFailures }: Explanation,
  paint: Paint,
): string {
  const row = (
    change: string,
    figures: Pick<Explanation["alternatives"][number], "survival" | "tolerates" | "failures" | "balance">,
  ) => [
    change,
    fixed(figures.survival, 6),
    String(figures.tolerates),
    percent(figures.failures[fatalFailures - 1]?.probability ?? 0, 2),
    fixed(figures.balance.optimal, 3),
  ];
  const now = recovery && balance ? [row("as it is", { ...recovery, survival: recovery.survival ?? 0, balance })] : [];
  const rows = [...now, ...alternatives.map((alternative) => row(alternative.change, alternative))];
  const columns = [
    { head: "", align: "left" as const },
    { head: "survival" },
    { head: "always survives" },
    { head: `${fatalFailures} failed` },
    { head: "best balance" },
  ];
  return `${paint.bold("What more would buy")}\n${textTable(columns, rows, paint)}`;
}

function shortened(text: string, longest: number): string {
  return text.length <= longest ? text : `${text.slice(0, text.lastIndexOf(" ", longest - " ...".length))} ...`;
}
