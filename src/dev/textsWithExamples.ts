/** The texts whose examples are run: README.md, and the manual's pages of section 7. */
import { readdirSync, readFileSync } from "node:fs";

const MANUAL = "src/dev/manual";

/** A file in Markdown, in parts: what the commands of one write, only its own later ones read. Together they are the file. */
export interface TextWithExamples {
  /** From the project's folder. */
  readonly path: string;
  readonly parts: readonly { readonly name: string; readonly text: string }[];
}

/** README.md in its walk-throughs, and each page of the manual in one part. */
export function textsWithExamples(): TextWithExamples[] {
  const walks = readFileSync("README.md", "utf8").split(/^(?=## )/m);
  const parts = walks.map((text) => ({ name: /^#+ (.*)/.exec(text)![1]!, text }));
  return [{ path: "README.md", parts }, ...manualPages().map((page) => ({ path: `${MANUAL}/${page.name}.md`, parts: [page] }))];
}

/** Pages of section 7, in Markdown; names without `lazarus-`. */
export function manualPages(): { readonly name: string; readonly text: string }[] {
  const files = readdirSync(MANUAL).filter((file) => file.endsWith(".md"));
  return files.sort().map((file) => ({ name: file.replace(/\.md$/, ""), text: readFileSync(`${MANUAL}/${file}`, "utf8") }));
}
