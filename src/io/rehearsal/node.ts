/** A process that plays one node of a rehearsal; the director starts it and talks to it over Node's IPC channel. */
import { readFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { contentOf, digestOf } from "./content.ts";
import type { Answer, Order, Sending } from "./messages.ts";

/** First line of a connection: the rehearsal's token and the replica whose content follows. */
const HEADER_LIMIT = 4096;

class RehearsalNode {
  readonly #contents = new Map<string, Buffer>();
  readonly #awaited = new Map<string, () => void>();
  #peers: readonly number[] = [];
  #bytes = 0;
  #token = "";

  async carryOut(order: Order): Promise<Answer> {
    switch (order.order) {
      case "hold":
        this.#peers = order.peers;
        this.#bytes = order.bytes;
        this.#token = order.token;
        for (const { replica, seed } of order.replicas) this.#contents.set(replica, contentOf(seed, order.bytes));
        return { port: await this.#listen() };
      case "read":
        for (const { replica, file } of order.files) this.#contents.set(replica, readFileSync(file));
        return {};
      case "transfer":
        await Promise.all([...order.receive.map((replica) => this.#arrival(replica)), ...order.send.map((it) => this.#send(it))]);
        return {};
      case "keep":
        return { digests: this.#keep(new Set(order.replicas)) };
    }
  }

  /** A process that is stopped does not notice that its director is gone: whoever does ends the others. */
  end(): void {
    for (const peer of this.#peers) {
      if (peer === process.pid) continue;
      try {
        process.kill(peer, "SIGKILL");
      } catch {} // It is gone already.
    }
    process.exit(0);
  }

  #listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      const server: Server = createServer((socket) => this.#receive(socket));
      server.once("error", reject);
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
  }

  #receive(socket: Socket): void {
    const chunks: Buffer[] = [];
    let length = 0;
    socket.on("error", () => socket.destroy());
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length > this.#bytes + HEADER_LIMIT) socket.destroy();
    });
    socket.on("end", () => {
      const whole = Buffer.concat(chunks);
      const lineEnd = whole.indexOf("\n");
      const [token, replica = ""] = whole.toString("utf8", 0, lineEnd).split(" ");
      const content = whole.subarray(lineEnd + 1);
      if (lineEnd < 0 || token !== this.#token || content.length !== this.#bytes) return;
      this.#contents.set(replica, content);
      this.#awaited.get(replica)?.();
    });
  }

  /** Resolves when a replica is here. */
  #arrival(replica: string): Promise<void> {
    if (this.#contents.has(replica)) return Promise.resolve();
    return new Promise((resolve) => this.#awaited.set(replica, resolve));
  }

  #send({ replica, port }: Sending): Promise<void> {
    return new Promise((resolve, reject) => {
      const content = this.#contents.get(replica);
      if (content === undefined) {
        reject(new Error(`asked to send ${replica}, which it does not hold`));
        return;
      }
      const socket = connect({ port, host: "127.0.0.1" });
      socket.once("error", reject);
      socket.once("close", () => resolve());
      socket.write(`${this.#token} ${replica}\n`);
      socket.end(content);
      socket.resume();
    });
  }

  #keep(replicas: ReadonlySet<string>): Record<string, string> {
    for (const held of this.#contents.keys()) if (!replicas.has(held)) this.#contents.delete(held);
    return Object.fromEntries([...this.#contents].map(([replica, content]) => [replica, digestOf(content)]));
  }
}

const node = new RehearsalNode();
const answer = (message: Answer) => process.send?.(message);
process.on("message", (order: Order) => {
  node
    .carryOut(order)
    .then(answer, (error: unknown) => answer({ error: error instanceof Error ? error.message : String(error) }));
});
// Without its director, however that ended, the process has nothing left to do.
process.on("disconnect", () => node.end());
