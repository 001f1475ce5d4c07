/** Acts out a reconfiguration on this machine: processes for nodes, bytes for experts, SIGKILL for failures. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Rehearsal, RehearsedNode } from "../../core/reconfigure/rehearsal.ts";
import { IoError, UsageError } from "../../errors.ts";
import { contentOf, digestOf } from "./content.ts";
import { MOST_BYTES, MOST_PROCESSES } from "./fit.ts";
import type { Answer } from "./messages.ts";
import { NodeProcess } from "./nodeProcess.ts";

/** How a rehearsal is staged. */
export interface Staging {
  /** Size of the content that stands for an expert. */
  readonly bytes: number;
  /** Seconds after which the rehearsal is given up. */
  readonly timeoutSeconds: number;
  /** Words after the Node executable that start a node process: the built `rehearsal/node` file. */
  readonly nodeProgram: readonly string[];
  /** Told how many replicas have been made, sent, read or checked, and how many there are in all. */
  readonly watch?: ((done: number, all: number) => void) | undefined;
}

/** What came of a rehearsal. */
export interface RehearsalReport {
  /** Whether every live node ended with exactly the replicas that it shall hold, and their content was right. */
  readonly passed: boolean;
  /** Names of the nodes whose processes were killed. */
  readonly killed: readonly string[];
  readonly transfers: number;
  readonly bytesMoved: number;
  /** Replicas read from files that stand for the store. */
  readonly read: number;
  /** Replicas on live nodes whose content was compared. */
  readonly verified: number;
  /** What is wrong, a line each. */
  readonly faults: readonly string[];
}

/**
 * Starts a process for every node, gives each the content of the replicas that it holds, kills those of failed nodes,
 * runs the transfers round by round over loopback TCP, and compares by hash what every live node holds in the end with
 * what it shall hold. Processes get seeds only of what they hold at first, so that they cannot make up the rest. All
 * processes are gone when it returns, and they go by themselves should this process die.
 * @throws UsageError when it needs more processes or bytes than allowed
 * @throws IoError when a process fails or the time is up
 */
export async function rehearse(rehearsal: Rehearsal, staging: Staging): Promise<RehearsalReport> {
  checkSize(rehearsal, staging.bytes);
  const processes: NodeProcess[] = [];
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new IoError(`rehearsal: not done after ${staging.timeoutSeconds} seconds; use fewer bytes or more time`)),
      staging.timeoutSeconds * 1000,
    );
  });
  try {
    return await Promise.race([direct(rehearsal, staging, processes), timeout]);
  } finally {
    clearTimeout(timer);
    await Promise.all(processes.map((process) => process.kill()));
  }
}

async function direct({ nodes, rounds }: Rehearsal, staging: Staging, processes: NodeProcess[]): Promise<RehearsalReport> {
  const { bytes, nodeProgram, watch } = staging;
  const lengths = (of: readonly (readonly unknown[])[]) => of.reduce((sum, list) => sum + list.length, 0);
  const all = lengths(nodes.flatMap(({ holds, reads = [], shallHold }) => [holds, reads, shallHold])) + lengths(rounds);
  let done = 0;
  const count = (more: number) => {
    done += more;
    watch?.(done, all);
  };
  const [token, secret] = [randomBytes(16).toString("hex"), randomBytes(16).toString("hex")];
  const seedOf = (replica: string) => `${secret} ${replica}`;
  for (const { name } of nodes) processes.push(new NodeProcess(name, nodeProgram));
  const peers = nodes.flatMap(({ fails }, n) => (fails ? [] : (processes[n]!.pid ?? [])));
  const ports = await Promise.all(
    nodes.map(async ({ holds }, n) => {
      const replicas = holds.map((replica) => ({ replica, seed: seedOf(replica) }));
      const { port } = await processes[n]!.ask({ order: "hold", replicas, bytes, token, peers });
      count(holds.length);
      return port!;
    }),
  );
  const failing = nodes.flatMap(({ fails }, n) => (fails ? [n] : []));
  const signals = await Promise.all(failing.map((n) => processes[n]!.kill()));

  const read = await readStore(nodes, processes, (replica) => contentOf(seedOf(replica), bytes));
  count(read);
  for (const round of rounds) {
    const busy = new Set(round.flatMap(({ from, to }) => [from, to]));
    await Promise.all(
      Array.from(busy, (n) =>
        processes[n]!.ask({
          order: "transfer",
          send: round.filter(({ from }) => from === n).map(({ replica, to }) => ({ replica, port: ports[to]! })),
          receive: round.filter(({ to }) => to === n).map(({ replica }) => replica),
        }),
      ),
    );
    count(round.length);
  }

  const expected = new Map<string, string>();
  const digest = (replica: string) => {
    const known = expected.get(replica) ?? digestOf(contentOf(seedOf(replica), bytes));
    expected.set(replica, known);
    return known;
  };
  const faults = failing
    .filter((_, i) => signals[i] !== "SIGKILL")
    .map((n) => `${nodes[n]!.name} was not killed, it had ended before`);
  const live = [...nodes.keys()].filter((n) => !nodes[n]!.fails);
  const found = await Promise.all(
    live.map(async (n) => {
      const answer = await processes[n]!.ask({ order: "keep", replicas: nodes[n]!.shallHold });
      count(nodes[n]!.shallHold.length);
      return faultsOf(nodes[n]!, answer, digest);
    }),
  );
  faults.push(...found.flat());
  const verified = lengths(live.map((n) => nodes[n]!.shallHold));
  const transfers = lengths(rounds);
  return {
    passed: faults.length === 0,
    killed: failing.map((n) => nodes[n]!.name),
    transfers,
    bytesMoved: transfers * bytes,
    read,
    verified,
    faults,
  };
}

/** Nodes read from files what a plan reads from the store. @returns how many replicas */
async function readStore(
  nodes: readonly RehearsedNode[],
  processes: readonly NodeProcess[],
  content: (replica: string) => Buffer,
): Promise<number> {
  const readers = nodes.flatMap(({ reads = [] }, n) => (reads.length > 0 ? [{ n, reads }] : []));
  if (readers.length === 0) return 0;
  const store = await mkdtemp(join(tmpdir(), "rehearsal-store-"));
  try {
    const fileOf = (replica: string) => join(store, replica.replace("/", "-"));
    for (const replica of readers.flatMap(({ reads }) => reads)) await writeFile(fileOf(replica), content(replica));
    await Promise.all(
      readers.map(({ n, reads }) =>
        processes[n]!.ask({ order: "read", files: reads.map((replica) => ({ replica, file: fileOf(replica) })) }),
      ),
    );
  } finally {
    await rm(store, { recursive: true, force: true });
  }
  return readers.reduce((sum, { reads }) => sum + reads.length, 0);
}

function faultsOf({ name, shallHold }: RehearsedNode, { digests = {} }: Answer, digest: (replica: string) => string): string[] {
  const wanted = new Set(shallHold);
  const surplus = Object.keys(digests).filter((replica) => !wanted.has(replica));
  return [
    ...shallHold.flatMap((replica) => {
      const found = digests[replica];
      if (found === undefined) return [`${name} lacks expert ${replica}`];
      return found === digest(replica) ? [] : [`${name} holds a wrong content for expert ${replica}`];
    }),
    ...surplus.map((replica) => `${name} holds expert ${replica}, which it should not`),
  ];
}

function checkSize({ nodes }: Rehearsal, bytes: number): void {
  if (nodes.length > MOST_PROCESSES) {
    throw new UsageError(`a rehearsal starts a process a node, at most ${MOST_PROCESSES}; this one needs ${nodes.length}`);
  }
  const most = nodes.reduce((sum, { holds, reads = [], shallHold }) => sum + holds.length + reads.length + shallHold.length, 0);
  if (most * bytes > MOST_BYTES) {
    throw new UsageError(
      `the rehearsal would hold ${most} replicas of ${bytes} bytes, more than ${MOST_BYTES} bytes in all; use at most ${Math.floor(MOST_BYTES / most)} bytes an expert`,
    );
  }
}
