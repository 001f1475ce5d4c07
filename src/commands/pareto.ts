/** `place --pareto`: the front of survival against step time, as a chart or as rows. */

import type { ClusterNode } from "../core/layout/cluster.ts";
import type { LayerLoads } from "../core/layout/placement.ts";
import { type ParetoPoint, paretoFront } from "../core/placement/paretoFront.ts";
import type { Policy } from "../core/placement/policy.ts";
import { counted } from "../report/table.ts";
import { option } from "./option.ts";
import { drawnFor } from "./plotOption.ts";
import { startProgress } from "./progress.ts";
import { writeFile } from "./writeFile.ts";

export const paretoOption = option({
  argument: "FILE.svg|FILE.html|FILE.csv",
  writes: true,
  parse: (text) => {
    if (!/\.(svg|html?|csv)$/i.test(text)) throw new Error("expected a file name that ends in .svg, .html or .csv");
    return text;
  },
  says: "Write the front of survival against step time (against balance without --model and --hardware), with the plans of mro, spread, eplb and resilient marked. It takes a dozen searches; --effort fast shortens them.",
});

/** Writes the front for some loads. */
export async function writePareto(
  file: string,
  cluster: readonly ClusterNode[],
  layers: readonly LayerLoads[],
  policy: Policy,
): Promise<void> {
  const progress = await startProgress("placing for the front", undefined, (made) => `${made} plans`);
  const points = paretoFront(cluster, layers, policy, progress.update);
  progress.stop();
  await writeFile(
    file,
    await (/csv$/i.test(file)
      ? csv(points)
      : picture(file, `${counted(layers.length, "layer")} on ${counted(cluster.length, "node")}`, points)),
  );
}

async function csv(points: readonly ParetoPoint[]): Promise<Iterable<string>> {
  const { paretoCsv } = await import("../formats/paretoCsv.ts");
  return [paretoCsv(points)];
}

async function picture(file: string, subject: string, points: readonly ParetoPoint[]): Promise<Iterable<string>> {
  const { paretoPicture } = await import("../report/paretoPicture.ts");
  return drawnFor(file, paretoPicture(subject, points));
}
