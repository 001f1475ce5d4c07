/** `place --pareto`: the front of survival against step time, as a chart or as rows. */
import type { ClusterNode } from "../core/cluster.ts";
import type { Policy } from "../core/placement/makePlacement.ts";
import { paretoFront } from "../core/placement/paretoFront.ts";
import type { LayerLoads } from "../core/placement.ts";
import { paretoCsv } from "../formats/paretoCsv.ts";
import { chartSvg } from "../report/chart.ts";
import { paretoChart } from "../report/paretoChart.ts";
import { option } from "./option.ts";
import { startProgress } from "./progress.ts";
import { writeFile } from "./writeFile.ts";

export const paretoOption = option({
  argument: "FILE.svg|FILE.csv",
  parse: (text) => {
    if (!/\.(svg|csv)$/i.test(text)) throw new Error("expected a file name that ends in .svg or .csv");
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
  const points = paretoFront(cluster, layers, policy, (made) => progress.update(made));
  progress.stop();
  const title = `${layers.length} layers on ${cluster.length} nodes`;
  const text = /csv$/i.test(file) ? paretoCsv(points) : await chartSvg(paretoChart(title, points));
  await writeFile(file, [text]);
}
