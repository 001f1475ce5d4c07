/** What the machines can do and how long recovery takes on them: measured or fitted constants, as data. */

/** One kind of cluster. Rates are what a training job attains, unless an efficiency beside them says otherwise. */
export interface HardwareSpec {
  readonly name: string;
  readonly gpusPerNode: number;
  /** Nodes that share a server, and so the faster links inside it. */
  readonly nodesPerServer: number;
  readonly fp16Flops: number;
  readonly fp8Flops?: number;
  /** Part of the arithmetic rate that a job attains. */
  readonly computeEfficiency: number;
  readonly memoryBytesPerSecond?: number;
  /** A GPU's share of the network between servers. */
  readonly networkBytesPerSecond: number;
  /** Between two GPUs of a server. */
  readonly serverBytesPerSecond: number;
  /** Part of the memory's and the links' rates that a job attains. */
  readonly bandwidthEfficiency: number;
  /** Time of a step that neither computes nor sends (kernel launches, data loading, optimizer). */
  readonly stepOverheadSeconds: number;
  /** Where the figures are from, by field. */
  readonly sources?: Readonly<Record<string, string>>;
  readonly recovery: RecoveryTimes;
}

/** How long a job stands still for what. */
export interface RecoveryTimes {
  /** A checkpoint, beside the time the state takes to the store. */
  readonly checkpointSeconds: number;
  /** A restart, beside the time the state takes from the store. */
  readonly restartSeconds: number;
  /** Rate of the checkpoint store for all nodes together; without this one and the next the two times above include the state. */
  readonly storeBytesPerSecond?: number;
  /** Rate at which a single node reaches the store. */
  readonly storeBytesPerSecondPerNode?: number;
  /** A GPU's way to its host's memory. */
  readonly hostBytesPerSecond?: number;
  /** Until a failure is noticed, and until new communication groups are formed, where transfers are counted by their bytes. */
  readonly detectSeconds?: number;
  readonly regroupSeconds?: number;
  /** Going on with the surviving nodes after a failure. */
  readonly reconfigureSeconds: number;
  /** Taking in nodes that joined. */
  readonly scaleUpSeconds: number;
  /** How long joining nodes are collected before they are taken in. */
  readonly scaleUpDelaySeconds: number;
  /** Moving replicas to follow the loads. */
  readonly rebalanceSeconds: number;
}

/** How the source of a figure begins that bench measured, or took over from other hardware. */
export const MEASURED = "measured by lazarus bench";
export const KEPT = "kept from";

/** Names of the figures that bench measured, and of the hardware that the others are from; nothing where it measured none. */
export function calibrationOf({ sources = {} }: HardwareSpec): { measured: string; keptFrom: string | undefined } | undefined {
  const measured = Object.entries(sources).filter(([, source]) => source.startsWith(MEASURED));
  if (measured.length === 0) return undefined;
  const kept = Object.values(sources).find((source) => source.startsWith(KEPT));
  return { measured: measured.map(([names]) => names).join(", "), keptFrom: kept?.slice(KEPT.length + 1).split(":")[0] };
}

/** Rate at which a node sends to other servers, and receives. */
export function nodeBytesPerSecond({ networkBytesPerSecond, bandwidthEfficiency, gpusPerNode }: HardwareSpec): number {
  return networkBytesPerSecond * bandwidthEfficiency * gpusPerNode;
}
