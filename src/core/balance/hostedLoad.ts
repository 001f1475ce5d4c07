import { Infeasible } from "../layout/infeasible.ts";
/** Tokens of the experts of one layer that have the same hosts. */
export interface HostedLoad {
  readonly hosts: readonly number[];
  readonly load: number;
}

/** Tokens of the experts all of whose hosts are among these nodes: no dispatcher can send them elsewhere. */
export function captiveLoad(nodes: readonly number[], hosted: readonly HostedLoad[]): number {
  const inside: boolean[] = [];
  for (const node of nodes) inside[node] = true;
  return hosted.reduce((sum, { hosts, load }) => (hosts.every((node) => inside[node]) ? sum + load : sum), 0);
}

/** GPUs of some nodes together. */
export function gpusOf(nodes: readonly number[], gpus: readonly number[]): number {
  return nodes.reduce((sum, node) => sum + gpus[node]!, 0);
}

/**
 * Loads summed over the experts that share a host set; experts without tokens are left out.
 * @throws RangeError when an expert has tokens and no host, or a count is not whole or does not fit
 */
export function hostedLoads(
  hostSets: readonly (readonly number[])[],
  loads: readonly number[],
  gpus: readonly number[],
): HostedLoad[] {
  if (gpus.length === 0 || !gpus.every((count) => Number.isSafeInteger(count) && count >= 1)) {
    throw new RangeError(`gpus must be positive whole numbers of at least one node, got [${gpus.join(", ")}]`);
  }
  if (hostSets.length !== loads.length) throw new RangeError(`${hostSets.length} host sets for ${loads.length} loads`);
  const merged = new Map<string, { hosts: readonly number[]; load: number }>();
  loads.forEach((load, expert) => {
    if (!Number.isSafeInteger(load) || load < 0)
      throw new RangeError(`load of expert ${expert} must be a whole number, got ${load}`);
    if (load === 0) return;
    const hosts = hostSets[expert]!;
    if (hosts.length === 0) throw new Infeasible(`expert ${expert} has ${load} tokens and no host`);
    if (!hosts.every((node) => Number.isInteger(node) && node >= 0 && node < gpus.length)) {
      throw new RangeError(`hosts of expert ${expert} must be nodes 0..${gpus.length - 1}, got [${hosts.join(", ")}]`);
    }
    const key = hosts.join();
    const entry = merged.get(key);
    if (entry) entry.load += load;
    else merged.set(key, { hosts, load });
  });
  const hosted = [...merged.values()];
  if (!Number.isSafeInteger(hosted.reduce((sum, { load }) => sum + load, 0)))
    throw new Infeasible("more than 2^53 tokens in a layer");
  return hosted;
}
