import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import * as library from "../src/index.ts";
import { root } from "./support/lazarus.ts";

test("the README's example runs with what the package exports", async () => {
  const example = /```ts\n([\s\S]*?)```/.exec(readFileSync(`${root}README.md`, "utf8"))?.[1] as string;
  const imported = /import \{ ([^}]*) \} from "lazarus-moe";/.exec(example)?.[1]?.split(", ") as string[];
  const exported = new Map<string, unknown>(Object.entries(library));
  for (const name of imported) expect(exported.has(name)).toBe(true);
  const body = example
    .replace(/import .*\n/, "")
    .replace(" as const", "")
    .replace("console.log(", "return (");
  const run = new Function(...imported, body) as (...values: unknown[]) => { probability: number }[];
  const failures = run(...imported.map((name) => exported.get(name)));
  expect(failures).toHaveLength(10);
  expect(failures[0]?.probability).toBe(1);
});
