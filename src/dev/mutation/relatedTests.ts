/** Which tests a file of the core answers to: those that import it or one of its users, and those of its folder that reach it. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** Imports of the working tree's source and tests, read once. */
export class ImportGraph {
  readonly #imports = new Map<string, readonly string[]>();
  readonly #reached = new Map<string, ReadonlySet<string>>();
  /**
   * Tests of parts of the core: those of the built program see no change of the source, and those that only run the whole program in
   * process are slow.
   */
  readonly tests: readonly string[];
  /** Those of them that run the whole program, too: for the files that they import themselves. */
  readonly #whole = new Set<string>();

  constructor() {
    const programs = new Set<string>();
    for (const file of [...sources("src"), ...sources("test")]) {
      const text = readFileSync(file, "utf8");
      const found = [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s*|\bmock\(\s*)["'](\.[^"']+)["']/gm)];
      this.#imports.set(
        file,
        found.map(([, path]) => normalize(join(dirname(file), path!))),
      );
      if (/\b(lazarus|shell)\b[^}]*\} from ".*support\/lazarus\.ts"|\.\.\/dist\/|"bin\/lazarus/.test(text)) programs.add(file);
    }
    this.tests = [...this.#imports.keys()]
      .filter((file) => {
        const reached = [...this.#reach(file)];
        if (reached.includes("src/cli.ts")) this.#whole.add(file);
        if (this.#whole.has(file) && !this.#imports.get(file)!.some((name) => name.startsWith("src/core/"))) return false;
        return (
          file.endsWith(".test.ts") &&
          reached.some((name) => name.startsWith("src/core/")) &&
          !reached.some((name) => programs.has(name))
        );
      })
      .sort();
  }

  /**
   * Tests to run one after the other until one fails; the first notice most changes, and quickly.
   * @param file path from the root, such as `src/core/cost/goodput.ts`
   */
  relatedTests(file: string): readonly (readonly string[])[] {
    const folder = `test/${file.split("/")[2]!}/`;
    const related = this.tests.filter((test) => this.#reach(test).has(file));
    const imports = (importer: string) => this.#imports.get(importer)?.includes(file) ?? false;
    const direct = related.filter(imports);
    const others = related.filter(
      (test) => !imports(test) && !this.#whole.has(test) && (test.startsWith(folder) || this.#imports.get(test)!.some(imports)),
    );
    return [direct, others].filter((tests) => tests.length > 0);
  }

  /** The file and all that it imports. */
  #reach(file: string): ReadonlySet<string> {
    const known = this.#reached.get(file);
    if (known !== undefined) return known;
    const found = new Set([file]);
    for (const reached of found) for (const next of this.#imports.get(reached) ?? []) found.add(next);
    this.#reached.set(file, found);
    return found;
  }
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .map((name) => `${folder}/${name.replaceAll("\\", "/")}`)
    .filter((file) => file.endsWith(".ts"));
}
