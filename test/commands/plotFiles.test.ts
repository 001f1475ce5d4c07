import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lastOf } from "../../src/commands/plotOption.ts";
import { type Renderers, writeDocuments } from "../../src/commands/writeDocuments.ts";
import { sentence } from "../../src/report/pictures/picture.ts";

const renderers: Renderers<string> = {
  check: () => {},
  csv: async () => (text) => [text],
  table: async () => (text) => text,
  picture: async () => lastOf((text) => ({ title: text, subtitle: "", panels: [sentence("a", "b")] })),
};

test("a picture appears with its document or not at all", async () => {
  const folder = mkdtempSync(join(tmpdir(), "lazarus-plot-files-"));
  try {
    const [plot, output] = [join(folder, "plot.svg"), join(folder, "result.csv")];
    writeFileSync(output, "of somebody else");
    const options = { format: "csv", output, plot };
    const write = (follows?: string) =>
      writeDocuments(
        options,
        renderers,
        (one) => one("x"),
        () => ({ follows }),
      );
    await expect(write("0".repeat(64))).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(["result.csv"]);
    expect(readFileSync(output, "utf8")).toBe("of somebody else");
    await write();
    expect(readdirSync(folder).toSorted()).toEqual(["plot.svg", "result.csv"]);
    expect(readFileSync(plot, "utf8")).toContain(">x</text>");
  } finally {
    rmSync(folder, { recursive: true });
  }
});
