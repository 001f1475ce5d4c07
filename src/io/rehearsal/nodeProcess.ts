/** The director's end of a node process. */
import { type ChildProcess, spawn } from "node:child_process";
import { IoError } from "../../errors.ts";
import type { Answer, Order } from "./messages.ts";

const LONGEST_COMPLAINT = 4096;
/** An order takes a second or two; a gigabyte over loopback some more. */
const PATIENCE_SECONDS = 30;

/** A process that plays a node. */
export class NodeProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<NodeJS.Signals | null>;
  #settle: { resolve(answer: Answer): void; reject(error: Error): void } | undefined;
  /** Why the process is not there any more. */
  #end: string | undefined;
  /** What the process wrote to its standard error. */
  #complaint = "";

  /** @param program words after the Node executable that start a node process */
  constructor(name: string, program: readonly string[]) {
    this.name = name;
    this.#child = spawn(process.execPath, program, { stdio: ["ignore", "ignore", "pipe", "ipc"] });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#complaint = (this.#complaint + text).slice(0, LONGEST_COMPLAINT);
    });
    this.#child.on("message", (answer) => this.#answered(answer as Answer));
    this.#ended = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#failed(`could not be started: ${error.message}`);
        resolve(null);
      });
      this.#child.once("close", (code, signal) => {
        this.#failed(`ended early (${signal ?? `exit code ${code}`})${this.#lastWords()}`);
        resolve(signal);
      });
    });
  }

  /** Number of the process; nothing when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Has an order carried out, or gives up when there is no answer for long. One at a time. */
  ask(order: Order, patienceSeconds = PATIENCE_SECONDS): Promise<Answer> {
    let timer: NodeJS.Timeout | undefined;
    return new Promise<Answer>((resolve, reject) => {
      this.#settle = { resolve, reject };
      timer = setTimeout(
        () => this.#reject(`has not answered for ${patienceSeconds} seconds; is it stopped, or is the machine too busy?`),
        patienceSeconds * 1000,
      );
      if (this.#end !== undefined) this.#failed(this.#end);
      // An order that cannot be delivered means that the process is ending; its end says why.
      else if (this.#child.connected) this.#child.send(order, () => {});
    }).finally(() => clearTimeout(timer));
  }

  /** Ends the process as a power cut would, waits until it is gone and returns the signal that ended it. */
  async kill(): Promise<NodeJS.Signals | null> {
    this.#settle = undefined;
    this.#child.kill("SIGKILL");
    return this.#ended;
  }

  #answered(answer: Answer): void {
    if (answer.error === undefined) this.#settle?.resolve(answer);
    else this.#reject(answer.error);
  }

  /** The line of a stack trace that says what happened, when there is one. */
  #lastWords(): string {
    const line = this.#complaint.split("\n").find((text) => text.includes("Error"));
    return line === undefined ? "" : `: ${line.trim()}`;
  }

  #failed(reason: string): void {
    this.#end = reason;
    this.#reject(reason);
  }

  #reject(reason: string): void {
    this.#settle?.reject(new IoError(`rehearsal: the process of ${this.name}: ${reason}`));
  }
}
