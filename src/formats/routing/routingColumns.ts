/** The header of a routing log: which column holds what. */
import { InputError, type InputPosition, quoteInput } from "../../errors.ts";

/** CSV shapes of a routing log. */
export type RoutingTable = "wide" | "long" | "tokens";

/** Ids are bounded so that a stray number cannot ask for gigabytes. */
export const ID_LIMITS = { layer: 65_536, rank: 1_048_576, expert: 65_536 } as const;

/** Column numbers from 0; -1 for a column that the log does not have. */
export interface RoutingColumns {
  readonly table: RoutingTable;
  readonly names: readonly string[];
  readonly iteration: number;
  readonly layer: number;
  readonly rank: number;
  /** `long` and `tokens`. */
  readonly expert: number;
  /** `long`: the count. */
  readonly tokens: number;
  /** `tokens`: the token's number. */
  readonly token: number;
  /** `wide`: column of each expert, shape [experts]; empty otherwise. */
  readonly expertColumns: readonly number[];
}

/** Columns of each table; wide and long ones without iteration are of one. */
const REQUIRED = {
  wide: ["layer"],
  long: ["layer", "expert", "tokens"],
  tokens: ["iteration", "layer", "token", "expert"],
} as const satisfies Record<RoutingTable, readonly string[]>;

const SHAPES =
  'a header "[iteration,]layer[,rank],e0,e1,..." (wide), "[iteration,]layer[,rank],expert,tokens" (long) ' +
  'or "iteration,layer[,rank],token,expert" (tokens)';

/**
 * Reads the header's names. Names count exactly as written, in any order; columns that the format does not know are
 * refused, not skipped: they may be what tells two rows apart.
 * @param table the format if the user named it; otherwise the names tell
 * @throws InputError
 */
export function routingColumns(names: readonly string[], table: RoutingTable | undefined, at: InputPosition): RoutingColumns {
  const shape = table ?? detectTable(names, at);
  const columnOf = new Map<string, number>();
  names.forEach((name, column) => {
    const first = columnOf.get(name);
    if (first !== undefined) {
      throw new InputError(
        `columns ${first + 1} and ${column + 1} are both named ${quoteInput(name)}; expected every column once: rename or cut one`,
        at,
      );
    }
    columnOf.set(name, column);
  });
  for (const name of REQUIRED[shape]) {
    if (!columnOf.has(name)) throw missingColumn(`column "${name}" is missing`, names, at);
  }
  const expertColumns = shape === "wide" ? wideExperts(columnOf, names, at) : [];
  refuseUnknown(
    names,
    new Set<string>([...REQUIRED[shape], "iteration", "rank", ...expertColumns.map((_, e) => `e${e}`)]),
    shape,
    at,
  );
  const column = (name: string) => columnOf.get(name) ?? -1;
  return {
    table: shape,
    names,
    iteration: column("iteration"),
    layer: column("layer"),
    rank: column("rank"),
    expert: column("expert"),
    tokens: column("tokens"),
    token: column("token"),
    expertColumns,
  };
}

function detectTable(names: readonly string[], at: InputPosition): RoutingTable {
  if (names.includes("tokens")) return "long";
  if (names.includes("token")) return "tokens";
  if (names.some((name) => expertOf(name) !== undefined)) return "wide";
  throw missingColumn("this is no header of a routing log", names, at);
}

function missingColumn(what: string, names: readonly string[], at: InputPosition): InputError {
  const only = names.length === 1 ? (names[0] as string) : "";
  let remedy = "add the header or rename the columns";
  if (only.includes(";")) remedy = "turn semicolons into commas: tr ';' ','";
  else if (only.includes("\t")) remedy = "turn tabs into commas: tr '\\t' ','";
  return new InputError(`${what}, found ${quoteInput(names.join(","))}; expected ${SHAPES}: ${remedy}`, at);
}

/** Expert id of a column `e0`, `e1`, ... */
function expertOf(name: string): number | undefined {
  return /^e(0|[1-9]\d{0,8})$/.test(name) ? Number(name.slice(1)) : undefined;
}

function wideExperts(columnOf: ReadonlyMap<string, number>, names: readonly string[], at: InputPosition): number[] {
  const columns: number[] = [];
  for (let e = 0, column = columnOf.get("e0"); column !== undefined; column = columnOf.get(`e${++e}`)) columns.push(column);
  const beyond = names.find((name) => (expertOf(name) ?? -1) >= columns.length);
  if (beyond !== undefined || columns.length === 0) {
    const found = beyond === undefined ? "" : ` although there is ${beyond}`;
    throw new InputError(
      `column "e${columns.length}" is missing${found}; expected one column for every expert, e0 to the last: add it (0 tokens)`,
      at,
    );
  }
  if (columns.length > ID_LIMITS.expert) {
    throw new InputError(`${columns.length} experts; expected at most ${ID_LIMITS.expert}: cut the columns beyond`, at);
  }
  return columns;
}

function refuseUnknown(names: readonly string[], known: ReadonlySet<string>, shape: RoutingTable, at: InputPosition): void {
  const unknown = names.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const several = unknown.length > 1;
  throw new InputError(
    `${several ? "columns" : "column"} ${unknown.slice(0, 5).map(quoteInput).join(", ")}${unknown.length > 5 ? ", ..." : ""} ` +
      `${several ? "are" : "is"} not part of a ${shape} log; expected ${["iteration", ...REQUIRED[shape].filter((name) => name !== "iteration")].join(", ")}, rank` +
      `${shape === "wide" ? ", e0, e1, ..." : ""}: keep those only, cut -d, -f${keptFields(names, known)}`,
    at,
  );
}

/** Column list of `cut`, runs joined: `1-2,4-35`. */
function keptFields(names: readonly string[], known: ReadonlySet<string>): string {
  const runs: [first: number, last: number][] = [];
  names.forEach((name, column) => {
    if (!known.has(name)) return;
    const run = runs.at(-1);
    if (run?.[1] === column) run[1]++;
    else runs.push([column + 1, column + 1]);
  });
  return runs.map(([first, last]) => (first === last ? first : `${first}-${last}`)).join(",");
}
