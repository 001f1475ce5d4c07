/** `npm run pictures` where there is no browser; with one it is a check of its own, which takes minutes. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Browser, findChromium } from "../../src/dev/pictures/browser.ts";
import { FAULTS_IN_PAGE } from "../../src/dev/pictures/faultsInPage.ts";
import { root } from "../support/lazarus.ts";

test("without a browser it is skipped, with its reason", () => {
  const { status, stdout } = spawnSync(process.execPath, [`${root}dist/dev/pictures.js`], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, LAZARUS_CHROMIUM: "/nowhere/chromium" },
  });
  expect([status, stdout]).toEqual([0, "skipped: there is no Chromium here (LAZARUS_CHROMIUM names one)\n"]);
});

describe.skipIf(findChromium() === undefined)("faults in a page are seen (needs a Chromium)", () => {
  const folder = mkdtempSync(join(tmpdir(), "lazarus-faults-"));
  let browser: Browser;
  beforeAll(async () => {
    browser = await Browser.open(findChromium()!);
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const words = (x: number, y: number, said: string) => `<text x="${x}" y="${y}">${said}</text>`;
  const drawn = (marks: string) =>
    `<title>t</title><svg xmlns="http://www.w3.org/2000/svg" width="200" height="100" aria-label="a">${marks}<rect><title>t</title></rect></svg>`;
  test.each([
    [drawn(words(10, 20, "one") + words(10, 60, "two")), []],
    [drawn(words(10, 20, "one") + words(12, 22, "two")), ["over each other: one | two"]],
    [drawn(words(180, 20, "cut off here")), ["cut off: cut off here"]],
    [`${drawn("")}<div style="width:900px">x</div>`, [expect.stringMatching(/the page is \d+ pixels wide/)]],
    [`${drawn("")}<img src="http://127.0.0.1:9/x.png">`, [expect.stringMatching(/requests: 2/)]],
    [`${drawn("")}<script>throw new Error("oh")</script>`, [expect.stringMatching(/oh/)]],
  ])("%s", async (body, expected) => {
    writeFileSync(join(folder, "page.html"), `<!DOCTYPE html><meta charset="utf-8"><link rel="icon" href="data:,">${body}`);
    const url = pathToFileURL(join(folder, "page.html")).href;
    const { requests, faults } = await browser.visit(url, { width: 360, scheme: "light" });
    const files = requests.filter((request) => !request.startsWith("data:"));
    const inPage = (await browser.evaluate(FAULTS_IN_PAGE)) as string[];
    const others = files.length === 1 ? faults : [`requests: ${files.length}`];
    expect([...inPage, ...others]).toEqual(expected);
  });
});
