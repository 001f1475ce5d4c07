/** A headless Chromium, spoken to through its debugging pipe. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "headless_shell"];
const SECONDS = 60;

/** What the browser is called here; nothing where there is none. LAZARUS_CHROMIUM names another. */
export function findChromium(): string | undefined {
  const names = process.env["LAZARUS_CHROMIUM"] === undefined ? NAMES : [process.env["LAZARUS_CHROMIUM"]];
  return names.find((name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0);
}

type Fields = Readonly<Record<string, unknown>>;
interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Fields;
  readonly result?: Fields;
  readonly error?: { readonly message: string };
}

/** Tenths of a second that what a browser leaves behind has to go away in. */
const TRIES = 50;

/** How a page is looked at. */
export interface View {
  readonly width: number;
  readonly scheme: "light" | "dark";
}

/** One browser with one page. */
export class Browser {
  readonly #process: ChildProcess;
  readonly #profile: string;
  readonly #answers = new Map<number, (message: Message) => void>();
  readonly #heard: Message[] = [];
  #session = "";
  #asked = 0;
  #rest = "";

  private constructor(program: string) {
    this.#profile = mkdtempSync(join(tmpdir(), "lazarus-pictures-"));
    const words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"];
    const quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
    this.#process = spawn(program, [...words, ...quiet, `--user-data-dir=${this.#profile}`, "--remote-debugging-pipe"], {
      stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
      detached: true,
    });
    (this.#process.stdio[4] as Readable).setEncoding("utf8").on("data", (text: string) => this.#hear(text));
  }

  static async open(program: string): Promise<Browser> {
    const browser = new Browser(program);
    const { targetId } = await browser.ask("Target.createTarget", { url: "about:blank" });
    browser.#session = String((await browser.ask("Target.attachToTarget", { targetId, flatten: true }))["sessionId"]);
    for (const domain of ["Page", "Network", "Runtime", "Log"]) await browser.ask(`${domain}.enable`);
    await browser.ask("Page.setLifecycleEventsEnabled", { enabled: true });
    return browser;
  }

  #hear(text: string): void {
    const pieces = (this.#rest + text).split("\0");
    this.#rest = pieces.pop()!;
    for (const piece of pieces) {
      const message: Message = JSON.parse(piece);
      if (message.id === undefined) this.#heard.push(message);
      else this.#answers.get(message.id)?.(message);
    }
  }

  /** Asks the page, or the browser before there is one. */
  ask(method: string, params: Fields = {}): Promise<Fields> {
    const id = ++this.#asked;
    const session = this.#session === "" ? {} : { sessionId: this.#session };
    return new Promise((resolve, reject) => {
      const clock = setTimeout(() => reject(new Error(`${method}: no answer in ${SECONDS} s`)), SECONDS * 1000);
      this.#answers.set(id, ({ result, error }) => {
        clearTimeout(clock);
        this.#answers.delete(id);
        if (error !== undefined) reject(new Error(`${method}: ${error.message}`));
        else resolve(result ?? {});
      });
      (this.#process.stdio[3] as Writable).write(`${JSON.stringify({ id, method, params, ...session })}\0`);
    });
  }

  /** Opens a file; what was asked of the network and what went wrong since. */
  async visit(url: string, { width, scheme }: View): Promise<{ readonly requests: string[]; readonly faults: string[] }> {
    this.#heard.length = 0;
    await this.ask("Emulation.setDeviceMetricsOverride", { width, height: 800, deviceScaleFactor: 1, mobile: false });
    await this.ask("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value: scheme }] });
    const { loaderId } = await this.ask("Page.navigate", { url });
    // Not the load of the page before.
    const isLoaded = ({ method, params }: Message) =>
      method === "Page.lifecycleEvent" && params?.["name"] === "load" && params["loaderId"] === loaderId;
    for (let waited = 0; !this.#heard.some(isLoaded); waited += 20) {
      if (waited > SECONDS * 1000) throw new Error(`${url} does not load`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await this.evaluate("0"); // What its scripts threw has been said by then.
    const paramsOf = (name: string) => this.#heard.filter(({ method }) => method === name).map(({ params }) => params ?? {});
    const requests = paramsOf("Network.requestWillBeSent").map(({ request }) => String((request as Fields)["url"]));
    const faults = [...paramsOf("Runtime.exceptionThrown"), ...paramsOf("Log.entryAdded")].map((fault) => JSON.stringify(fault));
    return { requests, faults };
  }

  /** The value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result, exceptionDetails } = await this.ask("Runtime.evaluate", { expression, returnByValue: true });
    if (exceptionDetails !== undefined) throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
    return (result as Fields)["value"];
  }

  /** The whole page as PNG. */
  async photograph(): Promise<Buffer> {
    const { cssContentSize } = await this.ask("Page.getLayoutMetrics");
    const { width, height } = cssContentSize as { width: number; height: number };
    const clip = { x: 0, y: 0, width, height, scale: 1 };
    const { data } = await this.ask("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, clip });
    return Buffer.from(String(data), "base64");
  }

  /** The page as it is printed. */
  async print(): Promise<Buffer> {
    const { data } = await this.ask("Page.printToPDF", { preferCSSPageSize: true });
    return Buffer.from(String(data), "base64");
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#process.once("exit", resolve));
    // Its helpers write to the profile, too: they are of its group, and may take a moment to end.
    process.kill(-this.#process.pid!, "SIGKILL");
    await gone;
    for (let tries = 0; ; tries++) {
      try {
        rmSync(this.#profile, { recursive: true, force: true });
        return;
      } catch (error) {
        if (tries === TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    }
  }
}
