/** Schemas of the documents, and what goes wrong with them said in one line. */
import * as z from "zod/mini";
import { InputError, quoteInput, shownName } from "../../errors.ts";
import { isLabel, isName, LABEL_EXPECTED, NAME_EXPECTED } from "../names.ts";
import { shownValue } from "../shownValue.ts";

/** A whole number that JSON holds exactly, not negative. */
export const count = z.int().check(z.nonnegative());

/** A whole number of at least 1. */
export const positiveCount = z.int().check(z.positive());

/** Slots and GPUs of a node; beyond these it is a mistake, which would only show as memory that runs out. */
export const nodeSlots = z.int().check(z.positive(), z.maximum(100_000));
/** Slots of a node that may be dead. */
export const someSlots = z.int().check(z.nonnegative(), z.maximum(100_000));
export const nodeGpus = z.int().check(z.positive(), z.maximum(1024));

/** A number that is not negative. */
export const amount = z.number().check(z.nonnegative());

/** What a node or a domain is called. */
export const nodeName = z
  .string()
  .check(z.refine(isName, { error: ({ input }) => `${NAME_EXPECTED}, got ${shownValue(input)}` }));

/** A word that tables and cells show as it is. */
export const label = z.string().check(z.refine(isLabel, { error: ({ input }) => `${LABEL_EXPECTED}, got ${shownValue(input)}` }));
/** First and last iteration of a window. */
export const window = z.object({ from: count, to: count });

/** A probability. */
export const probability = z.number().check(z.minimum(0), z.maximum(1));

/**
 * A long list of numbers, checked in one loop: a document holds millions of them.
 * @param least the smallest whole number allowed
 * @param what the numbers are, for the message
 */
export function wholeNumbers(least: number, what: string): z.ZodMiniType<number[]> {
  const schema = z.custom<number[]>((value) => firstMisfit(value, least) === undefined, {
    error: (issue) => `${what}, ${firstMisfit(issue.input, least)}`,
  });
  return schema.register(bulkSchemas, { type: "array", items: { type: "integer", minimum: least } });
}

/** JSON Schema of those types whose check is a loop. */
export const bulkSchemas = z.registry<Record<string, unknown>>();

/** What is wrong with a list of whole numbers, or nothing. */
function firstMisfit(value: unknown, least: number): string | undefined {
  if (!Array.isArray(value)) return `got ${shownValue(value)}`;
  for (let i = 0; i < value.length; i++) {
    if (!Number.isSafeInteger(value[i]) || value[i] < least) return `got ${shownValue(value[i])} at index ${i}`;
  }
  return undefined;
}

/**
 * Checks a value against the schema of a document.
 * @param source name of the file, for the message
 * @throws InputError naming the path inside the document
 */
export function checkDocument<T>(schema: z.ZodMiniType<T>, kind: string, value: unknown, source: string): T {
  const type = typeof value === "object" && value !== null && "type" in value ? value.type : undefined;
  if (type !== kind) {
    const message =
      typeof type === "string"
        ? `this is a ${shownName(type)}; a ${kind} is wanted here: ${producers.get(kind) ?? "pass the right file"}`
        : `expected a ${kind} document, got ${shownValue(value)} without "type"`;
    throw new InputError(message, { file: source });
  }
  return checkFields(schema, kind, value, source);
}

/**
 * Checks a value that does not say what it is.
 * @param kind what it ought to be, for the message
 * @throws InputError naming the path inside the value
 */
export function checkFields<T>(schema: z.ZodMiniType<T>, kind: string, value: unknown, source: string): T {
  const result = z.safeParse(schema, value, { reportInput: true });
  if (result.success) return result.data;
  throw new InputError(`in the ${kind}: ${explain(result.error.issues[0])}`, { file: source });
}

/** Who makes a kind of document. */
export const producers: ReadonlyMap<string, string> = new Map([
  ["load-profile", "`lazarus profile-load` makes it from a routing log"],
  ["placement", "`lazarus place` makes it"],
  ["pipeline-plan", "`lazarus pipeline-plan` makes it"],
  ["comparison", "`lazarus compare` makes it"],
  ["simulation", "`lazarus simulate` makes it"],
  ["bench", "`lazarus bench` makes it"],
]);

/** Path and expectation of one failed check. */
function explain(issue: z.core.$ZodIssue | undefined): string {
  if (issue === undefined) return "it does not fit its schema";
  const path = issue.path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${shownName(String(part))}`))
    .join("")
    .replace(/^\./, "");
  const where = path === "" ? "the document" : path;
  const got = "input" in issue ? `, got ${shownValue(issue.input)}` : "";
  switch (issue.code) {
    case "custom":
      return `${where}: expected ${issue.message}`;
    case "invalid_type":
      return `${where}: expected ${issue.expected === "int" ? "a whole number" : `a value of type ${issue.expected}`}${got}`;
    case "too_small":
      return `${where}: expected ${issue.inclusive ? "at least" : "more than"} ${issue.minimum}${got}`;
    case "too_big":
      return `${where}: expected at most ${issue.maximum}${got}`;
    case "invalid_value":
      return `${where}: expected ${issue.values.map((value) => JSON.stringify(value)).join(" or ")}${got}`;
    case "unrecognized_keys":
      return `${where}: there is no ${issue.keys.slice(0, 3).map(quoteInput).join(", ")} in it; remove ${issue.keys.length === 1 ? "it" : "them"}`;
    default:
      return `${where}: ${issue.message}${got}`;
  }
}

/** Where the figures of a model or hardware file are from, by field. */
export const sources = z.exactOptional(z.record(z.string(), z.string()));
