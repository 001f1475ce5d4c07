/**
 * `npm run pictures`: draws the pictures of all commands and looks at each in a real headless Chromium, light, dark, on 360 pixels and
 * printed. `-- --keep FOLDER` leaves pictures and photographs there. Where there is no Chromium, it says so and is content.
 */
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { Browser, findChromium, type View } from "./pictures/browser.ts";
import { drawPictures } from "./pictures/drawPictures.ts";
import { FAULTS_IN_PAGE } from "./pictures/faultsInPage.ts";

const VIEWS: readonly View[] = [
  { width: 1000, scheme: "light" },
  { width: 1000, scheme: "dark" },
  { width: 360, scheme: "light" },
];
const MOST_BYTES = 2_000_000;

const chromium = findChromium();
if (chromium === undefined) {
  process.stdout.write("skipped: there is no Chromium here (LAZARUS_CHROMIUM names one)\n");
} else {
  const at = process.argv.indexOf("--keep");
  const kept = at < 0 ? undefined : resolve(process.argv[at + 1] ?? "pictures");
  const folder = kept ?? mkdtempSync(join(tmpdir(), "lazarus-pictures-"));
  mkdirSync(folder, { recursive: true });
  const browser = await Browser.open(chromium);
  try {
    for (const file of drawPictures(folder)) {
      const faults = [...new Set(await faultsOf(browser, file))];
      process.stdout.write(
        `${faults.length === 0 ? "fine" : "BAD "}  ${file.slice(folder.length + 1)}  ${statSync(file).size} bytes\n`,
      );
      for (const fault of faults) process.stdout.write(`      ${fault}\n`);
      if (faults.length > 0) process.exitCode = 1;
    }
  } finally {
    await browser.close();
    if (kept === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function faultsOf(page: Browser, file: string): Promise<string[]> {
  const found: string[] = [];
  const isPage = file.endsWith(".html");
  const photographs = new Map<string, Buffer>();
  for (const view of VIEWS) {
    if (!isPage && view.width === 360) continue;
    const name = `${view.scheme}-${view.width}`;
    const { requests, faults } = await page.visit(pathToFileURL(file).href, view);
    if (requests.length !== 1) found.push(`${name}: asks for ${requests.join(", ")}`);
    found.push(...faults.map((fault) => `${name}: ${fault}`));
    const inPage = (await page.evaluate(FAULTS_IN_PAGE)) as string[];
    found.push(...inPage.map((fault) => `${name}: ${fault}`));
    const photograph = await page.photograph();
    photographs.set(name, photograph);
    if (process.argv.includes("--keep")) writeFileSync(`${file}-${name}.png`, photograph);
  }
  if (photographs.get("light-1000")!.equals(photographs.get("dark-1000")!)) found.push("looks the same in light and dark");
  if ((await page.print()).length < 1000) found.push("prints nothing");
  if (statSync(file).size > MOST_BYTES) found.push(`is larger than ${MOST_BYTES} bytes`);
  return found;
}
