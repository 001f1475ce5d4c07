/** A recovery plan as a picture: who sends to whom, and when. */
import type { RecoveryPlanDocument } from "../formats/documents/recoveryPlan.ts";
import { numberAxis } from "./pictures/axes.ts";
import { type Group, groupName, groups } from "./pictures/groups.ts";
import { heatPanel } from "./pictures/heatMap.ts";
import type { Swatch } from "./pictures/legend.ts";
import { linePlot, type Series } from "./pictures/linePlot.ts";
import { type Panel, type Picture, sentence } from "./pictures/picture.ts";
import { stepScale } from "./pictures/steps.ts";
import { counted, fixed, grouped } from "./table.ts";

/** Most nodes with a row each, and most rounds with a column each. */
const NODES = 64;
const ROUNDS = 120;
const NAMED = 4;

type Transfer = NonNullable<RecoveryPlanDocument["transfers"]>[number];
type Restored = NonNullable<RecoveryPlanDocument["restored"]>[number];

/** Draws the transfers of a plan; a plan that cannot be carried out has none. */
export function recoveryPicture(plan: RecoveryPlanDocument): Picture | string {
  if (!plan.recoverable || plan.placement === undefined) return plan.reason ?? "experts are lost";
  const { transfers = [], restored = [], time } = plan;
  const change = [
    ...(plan.failed.length > 0 ? [`${listed(plan.failed)} failed`] : []),
    ...(plan.joined.length > 0 ? [`${listed(plan.joined)} joined`] : []),
    ...(plan.drained?.length ? [`${listed(plan.drained)} drained`] : []),
  ].join(", ");
  const total = time === undefined ? 0 : time.detectSeconds + time.regroupSeconds + time.transferSeconds;
  const moving = `${counted(transfers.length, "replica")} ${transfers.length === 1 ? "moves" : "move"}`;
  const parts = [
    moving,
    ...(restored.length > 0 ? [`${grouped(restored.length)} come from host memory or the store`] : []),
    ...(time === undefined
      ? []
      : [
          `detect ${fixed(time.detectSeconds, 1)} s, regroup ${fixed(time.regroupSeconds, 1)} s, transfer ${fixed(time.transferSeconds, 3)} s (bound ${fixed(time.lowerBoundSeconds, 3)} s)`,
        ]),
  ];
  const order = nodesOf(plan);
  return {
    title: `${change || "Nothing failed or joined"}: ${plan.failed.length > 0 ? `training resumes after ${fixed(total, 1)} s` : moving}`,
    subtitle: `${parts.join("; ")}.`,
    panels: [
      ...(transfers.length === 0
        ? [sentence("Who sends to whom", "Nothing moves between nodes.")]
        : [whoToWhom(transfers, order), rounds(transfers, order)]),
      ...(restored.length === 0 ? [] : [arrivals(restored, time?.tiers?.network)]),
    ],
  };
}

/** Names of all nodes that may send or receive: those of the new placement, then those that leave. */
function nodesOf({ placement, drained = [], transfers = [] }: RecoveryPlanDocument): string[] {
  return [
    ...new Set([
      ...(placement?.nodes ?? []).map(({ name }) => name),
      ...drained,
      ...transfers.flatMap(({ from, to }) => [from, to]),
    ]),
  ];
}

function listed(names: readonly string[]): string {
  return names.length <= NAMED
    ? names.join(", ")
    : `${names.slice(0, NAMED - 1).join(", ")} and ${names.length - NAMED + 1} more`;
}

function whoToWhom(transfers: readonly Transfer[], order: readonly string[]): Panel {
  const involved = (side: "from" | "to") => order.filter((name) => transfers.some((transfer) => transfer[side] === name));
  const [senders, receivers] = [involved("from"), involved("to")];
  const [rows, columns] = [groups(senders.length, NODES), groups(receivers.length, NODES)];
  const [rowOf, columnOf] = [membership(senders, rows), membership(receivers, columns)];
  const moved = rows.map(() => columns.map(() => ({ replicas: 0, bytes: 0 })));
  for (const { from, to, bytes } of transfers) {
    const cell = moved[rowOf.get(from)!]![columnOf.get(to)!]!;
    cell.replicas++;
    cell.bytes += bytes;
  }
  const scale = stepScale(moved.flatMap((row) => row.map(({ replicas }) => replicas)));
  const several =
    rows[0]!.to > 0 || columns[0]!.to > 0 ? ` ${rows[0]!.to + 1} senders a row, ${columns[0]!.to + 1} receivers a column.` : "";
  return heatPanel("Who sends to whom", `Replicas of all layers; nodes that do neither are left out.${several}`, {
    rows: rows.map((row) => nameOf(senders, row)),
    columns: columns.map((column) => nameOf(receivers, column)),
    rowTitle: "from",
    columnTitle: "to",
    cell: (r, c) => {
      const { replicas, bytes } = moved[r]![c]!;
      if (replicas === 0) return undefined;
      const tip = `${nameOf(senders, rows[r]!)} to ${nameOf(receivers, columns[c]!)}: ${grouped(replicas)} replica${replicas === 1 ? "" : "s"}, ${bytesText(bytes)}`;
      return { look: scale.lookOf(replicas), tip, text: String(replicas) };
    },
    swatches: scale.swatches,
  });
}

/** What a node does in a round. */
const KINDS = [
  { name: "sends", look: "c5" },
  { name: "receives", look: "c0" },
  { name: "receives out of host memory", look: "c4" },
  { name: "sends and receives", look: "c2" },
] as const;

/** A row a node, a box for each round in which it sends or receives. */
function rounds(transfers: readonly Transfer[], order: readonly string[]): Panel {
  const names = order.filter((name) => transfers.some(({ from, to }) => from === name || to === name));
  const count = transfers.reduce((most, { round }) => Math.max(most, round), 0) + 1;
  const [rows, columns] = [groups(names.length, NODES), groups(count, ROUNDS)];
  const rowOf = membership(names, rows);
  const size = columns[0]!.to + 1;
  const cells = rows.map(() => columns.map(() => ({ sends: [] as Transfer[], receives: [] as Transfer[] })));
  for (const transfer of transfers) {
    const column = Math.floor(transfer.round / size);
    cells[rowOf.get(transfer.from)!]![column]!.sends.push(transfer);
    cells[rowOf.get(transfer.to)!]![column]!.receives.push(transfer);
  }
  const isGrouped = rows[0]!.to > 0 || size > 1;
  const scale = stepScale(cells.flatMap((row) => row.map(({ receives }) => receives.length)));
  const swatches: Swatch[] = isGrouped
    ? [...scale.swatches]
    : KINDS.filter(({ name }) => cells.some((row) => row.some((cell) => kindOf(cell)?.name === name)));
  return heatPanel(
    "Who sends and receives in which round",
    isGrouped
      ? `Replicas received by ${rows[0]!.to + 1} node${rows[0]!.to === 0 ? "" : "s"} in ${size} round${size === 1 ? "" : "s"}.`
      : "In a round a node sends at most one replica and receives at most one.",
    {
      rows: rows.map((row) => nameOf(names, row)),
      columns: columns.map(groupName),
      rowTitle: "node",
      columnTitle: "round",
      cell: (r, c) => {
        const cell = cells[r]![c]!;
        const where = `${nameOf(names, rows[r]!)}, round ${groupName(columns[c]!)}`;
        if (isGrouped) {
          if (cell.receives.length === 0) return undefined;
          return { look: scale.lookOf(cell.receives.length), tip: `${where}: ${grouped(cell.receives.length)} received` };
        }
        const kind = kindOf(cell);
        if (kind === undefined) return undefined;
        const said = [
          ...cell.receives.map(
            ({ layer, expert, from, source }) =>
              `receives layer ${layer} expert ${expert} from ${from}${source === "host" ? ", out of host memory" : ""}`,
          ),
          ...cell.sends.map(({ layer, expert, to }) => `sends layer ${layer} expert ${expert} to ${to}`),
        ];
        return { look: kind.look, tip: `${where}: ${said.join("; ")}` };
      },
      swatches,
    },
  );
}

function kindOf({ sends, receives }: { readonly sends: readonly Transfer[]; readonly receives: readonly Transfer[] }) {
  if (receives.length === 0) return sends.length === 0 ? undefined : KINDS[0];
  if (receives[0]!.source === "host") return KINDS[2];
  return sends.length === 0 ? KINDS[1] : KINDS[3];
}

/** How many restored experts are there after so many seconds, by tier. */
function arrivals(restored: readonly Restored[], networkDone: number | undefined): Panel {
  const named = { host: "host memory", store: "checkpoint store" };
  const series = (["host", "store"] as const).flatMap((tier, colour): Series[] => {
    const seconds = restored
      .filter((copy) => copy.tier === tier)
      .map((copy) => copy.seconds)
      .sort((a, b) => a - b);
    if (seconds.length === 0) return [];
    const last = new Map(seconds.map((second, i) => [second, i + 1]));
    const points = [...last].map(([x, y]) => ({ x, y, tip: `${named[tier]}: ${y} after ${fixed(x, 3)} s` }));
    return [{ name: named[tier], colour, kind: "steps", points: [{ x: 0, y: 0 }, ...points] }];
  });
  const seconds = [...restored.map((copy) => copy.seconds), networkDone ?? 0];
  return {
    title: "When restored experts are there, by tier",
    note: "Copies in place after so many seconds of the transfers.",
    draw: (width) =>
      linePlot(
        {
          x: numberAxis("seconds", [0, ...seconds]),
          y: numberAxis("copies", [0, ...series.flatMap(({ points }) => points.map(({ y }) => y))]),
          series,
          ...(networkDone !== undefined && {
            rugs: [
              { name: "network done", colour: 2, at: [{ x: networkDone, tip: `network done after ${fixed(networkDone, 3)} s` }] },
            ],
          }),
        },
        width,
      ),
  };
}

/** Number of the group that each name is in. */
function membership(names: readonly string[], of: readonly Group[]): ReadonlyMap<string, number> {
  return new Map(of.flatMap(({ from, to }, g) => names.slice(from, to + 1).map((name) => [name, g] as const)));
}

function nameOf(names: readonly string[], { from, to }: Group): string {
  return from === to ? names[from]! : `${names[from]} to ${names[to]}`;
}

function bytesText(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log2(bytes) / 10)));
  return `${Number((bytes / 1024 ** power).toPrecision(3))} ${units[power]}`;
}
