/**
 * What the next command reads of a placement besides nodes, slots and loads: settings of its policy, and what came before it. Columns
 * at the end of its rows, there only where they say other than what is assumed of such nodes and such a policy.
 */
import type { ClusterNode } from "../../core/layout/cluster.ts";
import { ALLOCATION_POLICIES, EFFORTS, FAILURE_UNITS, OBJECTIVES } from "../../core/placement/policy.ts";
import { defaultFailureProbability } from "../../core/recovery/failureUnits.ts";
import { quoteInput } from "../../errors.ts";
import { hostCopiesOf, isAlive, type PlacementDocument } from "../documents/placement.ts";
import type { FollowedPlan } from "../documents/recoveryPlan.ts";
import { isName, NAME_EXPECTED } from "../names.ts";
import { assumedPolicyFields } from "../policyFields.ts";
import { decimalNumber } from "../units.ts";

/** What a column holds, and how it is read; throws what was expected instead. */
interface CellKind {
  readonly read: (text: string) => unknown;
  readonly write?: (value: unknown) => string;
}

const oneOf = (words: readonly string[]): CellKind => ({
  read: (text) => words.find((word) => word === text) ?? expected(words.join(" or ")),
});
const number = (what: string, fits: (value: number) => boolean): CellKind => ({
  read: (text) => (fits(decimalNumber(text)) ? decimalNumber(text) : expected(what)),
});
const count = number("a whole number", (value) => Number.isSafeInteger(value) && value >= 0);
const positive = number("a whole number from 1", (value) => Number.isSafeInteger(value) && value > 0);
const amount = number("a number from 0", (value) => value >= 0);
const NO_LIMIT = "none";
const limit: CellKind = {
  read: (text) => (text === NO_LIMIT ? null : number(`a number from 0, or ${NO_LIMIT}`, (value) => value >= 0).read(text)),
  write: (value) => (value === null ? NO_LIMIT : String(value)),
};
const names: CellKind = {
  read: (text) => {
    const list = listIn(text);
    return list.every((name) => typeof name === "string" && isName(name))
      ? list
      : expected(`a list in JSON, each ${NAME_EXPECTED}`);
  },
  write: (value) => JSON.stringify(value),
};

type Path = readonly string[];

const TRAINING = ["base", "perCompute", "perTraffic", "perSync", "samplesPerStep"];
const COSTS = [
  ...["secondsBetween", "reconfigureSeconds", "restartSeconds", "repeatedSeconds", "repeatedSteps", "savingSecondsPerStep"],
];

/** Columns in their order, and where in a plan they stand. */
const COLUMNS: readonly (readonly [string, Path, CellKind])[] = [
  ["failureUnit", ["policy", "failureUnit"], oneOf(FAILURE_UNITS)],
  ["failureProbability", ["policy", "failureProbability"], number("a number from 0 to 1", (value) => value >= 0 && value <= 1)],
  ["allocation", ["policy", "allocation"], oneOf(ALLOCATION_POLICIES)],
  ["seed", ["policy", "seed"], count],
  ["groups", ["policy", "groups"], positive],
  ["effort", ["policy", "effort"], oneOf(EFFORTS)],
  ["balanceSlack", ["policy", "balanceSlack"], limit],
  ["objective", ["policy", "objective"], oneOf(OBJECTIVES)],
  ["stepBudget", ["policy", "stepBudget"], amount],
  ["hostCopies", ["policy", "hostCopies"], positive],
  ...TRAINING.map((name) => [`training_${name}`, ["policy", "training", name], amount] as const),
  ...COSTS.map((name) => [`failures_${name}`, ["policy", "training", "failures", name], amount] as const),
  ["generation", ["history", "generation"], count],
  ["failedSoFar", ["history", "gone"], names],
  ["decidedAt", ["reviewed", "iteration"], count],
  ["movedAt", ["reviewed", "movedAt"], count],
  ["levelLeft", ["reviewed", "left"], amount],
];

/** The columns that may be there, in their order. */
export const TERM_COLUMNS: readonly string[] = COLUMNS.map(([name]) => name);

/** A plan, and what came before it where that is to be read again. */
export type TermedPlan = Pick<FollowedPlan, "placement" | "reviewed"> & Partial<Pick<FollowedPlan, "history">>;

/** Names of the columns that a plan needs. */
export function termsOf(plan: TermedPlan): string[] {
  const assumed = assumedOf(plan.placement);
  const said = saidOf(plan);
  return COLUMNS.flatMap(([name, path]) =>
    JSON.stringify(valueAt(said, path)) === JSON.stringify(valueAt(assumed, path)) ? [] : [name],
  );
}

/** Cells of a plan's columns; an empty one says that there is no such figure. */
export function termCells(plan: TermedPlan, columns: readonly string[]): string[] {
  const said = saidOf(plan);
  return COLUMNS.filter(([name]) => columns.includes(name)).map(([, path, { write = String }]) => {
    const value = valueAt(said, path);
    return value === undefined ? "" : write(value);
  });
}

/** What columns said. */
export interface ReadTerms {
  readonly policy: PlacementDocument["policy"];
  readonly history?: FollowedPlan["history"] | undefined;
  readonly reviewed?: FollowedPlan["reviewed"];
}

/**
 * The policy of a placement in rows, and what came before it.
 * @param cells by the names of the columns that are there
 * @param wrong makes the error of a cell
 */
export function readTerms(
  always: Pick<PlacementDocument["policy"], "placement" | "minReplicas" | "shares">,
  cluster: readonly ClusterNode[],
  cells: ReadonlyMap<string, string>,
  wrong: (message: string) => Error,
): ReadTerms {
  const tree: Tree = { policy: assumedPolicyFields(always, cluster) };
  for (const [name, path, { read }] of COLUMNS) {
    const text = cells.get(name);
    if (text === undefined) continue;
    try {
      put(tree, path, text === "" && name !== "failureProbability" && name !== "seed" ? undefined : read(text));
    } catch (error) {
      if (!(error instanceof Unexpected)) throw error;
      throw wrong(`${name} is ${quoteInput(text)}; expected ${error.message}`);
    }
  }
  const { policy, history, reviewed } = tree as unknown as {
    readonly policy: PlacementDocument["policy"];
    readonly history?: Partial<FollowedPlan["history"]>;
    readonly reviewed?: Omit<NonNullable<FollowedPlan["reviewed"]>, "move">;
  };
  const { iteration, movedAt } = reviewed ?? {};
  return {
    policy,
    ...(history && { history: { generation: history.generation ?? 1, gone: history.gone ?? [] } }),
    ...(reviewed && { reviewed: { ...reviewed, move: iteration === movedAt } }),
  };
}

/** What stands in a plan, as a tree that the paths lead through. */
function saidOf({ placement: document, history, reviewed }: TermedPlan): Tree {
  const { recovery, policy, nodes } = document;
  const failureProbability = recovery?.failureProbability ?? policy.failureProbability ?? defaultFailureProbability(nodes.length);
  const before = history && { ...history, gone: history.gone.length === 0 ? undefined : history.gone };
  return { policy: { ...policy, failureProbability, hostCopies: hostCopiesOf(document) }, history: before, reviewed };
}

/** What is taken for said where no column says it. */
function assumedOf({ nodes, policy }: PlacementDocument): Tree {
  const { placement, minReplicas, shares } = policy;
  const assumed = assumedPolicyFields({ placement, minReplicas, shares }, nodes.filter(isAlive) as ClusterNode[]);
  return { policy: { ...assumed, failureProbability: defaultFailureProbability(nodes.length) } };
}

type Tree = { [key: string]: unknown };

function valueAt(tree: Tree, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (at as Tree | undefined)?.[key], tree);
}

function put(tree: Tree, [key, ...rest]: Path, value: unknown): void {
  if (rest.length > 0) {
    if (value === undefined && tree[key!] === undefined) return;
    tree[key!] ??= {};
    put(tree[key!] as Tree, rest, value);
  } else if (value === undefined) delete tree[key!];
  else tree[key!] = value;
}

class Unexpected extends Error {}

function expected(what: string): never {
  throw new Unexpected(what);
}

function listIn(text: string): unknown[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [undefined];
  } catch {
    return [undefined];
  }
}
