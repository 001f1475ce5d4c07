/** How large experts a machine rehearses with, and how long that takes it. */
import { availableParallelism, freemem, loadavg } from "node:os";
import type { Rehearsal } from "../../core/reconfigure/rehearsal.ts";
import { contentOf, digestOf } from "./content.ts";

/** Most processes that a rehearsal starts. */
export const MOST_PROCESSES = 80;
/** Most bytes that its processes hold together. */
export const MOST_BYTES = 2 ** 30;
/** Size of an expert unless somebody says another, and the least that it is made smaller to for the sake of time. */
const USUAL_BYTES = 2 ** 16;
const LEAST_BYTES = 2 ** 10;
/** Seconds that a rehearsal takes unless somebody says how large experts are. */
const USUAL_SECONDS = 20;
/** Processor seconds of a process, and of a replica held or checked; measured, 64 processes with 117,000 of these. */
const PROCESS_SECONDS = 0.06;
const REPLICA_SECONDS = 40e-6;

/** What the size and the time of a rehearsal depend on. */
export interface Machine {
  readonly freeBytes: number;
  readonly cores: number;
  /** Processes that want a core. */
  readonly load: number;
  /** Bytes of content that a core makes and hashes in a second. */
  readonly bytesPerSecond: number;
}

/** A rehearsal that fits. */
export interface Fit {
  /** Size of the content that stands for an expert. */
  readonly bytes: number;
  /** About how long it takes. */
  readonly seconds: number;
  /** Why experts are smaller than wanted. */
  readonly because?: "memory" | "time";
}

/** This machine as it is now. */
export function thisMachine(): Machine {
  const bytes = 2 ** 22;
  const begun = process.cpuUsage();
  digestOf(contentOf("speed", bytes));
  const { user, system } = process.cpuUsage(begun);
  return {
    freeBytes: freemem(),
    cores: availableParallelism(),
    load: loadavg()[0]!,
    bytesPerSecond: bytes / Math.max(1e-4, (user + system) / 1e6),
  };
}

/**
 * The most bytes an expert, up to those wanted, that memory holds and, where nobody says how many, that take no longer than is usual.
 * @param wanted bytes an expert, where somebody says so
 */
export function fitRehearsal({ nodes }: Rehearsal, machine: Machine, wanted?: number): Fit {
  const replicas = nodes.reduce(
    (sum, { holds, reads = [], shallHold }) => sum + holds.length + reads.length + shallHold.length,
    0,
  );
  const { freeBytes, cores, load, bytesPerSecond } = machine;
  // Contents are held two or three times over while they are made and sent.
  const inMemory = Math.max(1, Math.floor(Math.min(MOST_BYTES, freeBytes / 4) / Math.max(1, replicas)));
  const share = cores / Math.max(1, load / cores);
  const fixed = (nodes.length * PROCESS_SECONDS + replicas * REPLICA_SECONDS) / share;
  const perByte = replicas / bytesPerSecond / share;
  const inTime = Math.max(LEAST_BYTES, Math.floor((USUAL_SECONDS - fixed) / perByte));
  const bytes = wanted === undefined ? Math.min(USUAL_BYTES, inMemory, inTime) : Math.min(wanted, inMemory);
  const isSmaller = bytes < (wanted ?? USUAL_BYTES);
  return {
    bytes,
    seconds: fixed + bytes * perByte,
    ...(isSmaller && { because: bytes === inMemory ? ("memory" as const) : ("time" as const) }),
  };
}
