/** The layers of a placement: how even each is, and who is hot in it. */
import { layerBalance } from "../core/balance/planBalance.ts";
import { withLiveGpus } from "../core/layout/cluster.ts";
import { type PlacementDocument, placementOf } from "../formats/documents/placement.ts";
import { checkShown } from "./checkShown.ts";
import type { Paint } from "./paint.ts";
import { countsOnShares } from "./placementVerdict.ts";
import { worstOf, wrapped } from "./screen.ts";
import { fixed, grouped, percent, textTable } from "./table.ts";

/**
 * A row for each layer, or for the least even ones of many and a line on the others.
 * @param chosen numbers of the layers to show
 */
export function layersTable(
  document: PlacementDocument,
  chosen: readonly number[] | undefined,
  paint: Paint,
  width: number,
): string {
  checkShown({ layers: chosen }, document.nodes, document.layers);
  const shares = countsOnShares(document);
  const { cluster, layers } = placementOf(document);
  const live = withLiveGpus(cluster);
  const figures = document.layers.map(({ layer, loads, replicas }, l) => {
    // Experts that wait in host memory are left out, as in the document's balance.
    const onGpus = loads.map((load, expert) => (replicas[expert] === 0 ? 0 : load));
    const balance = layerBalance(live, { ...layers[l]!, loads: onGpus })[shares === "even" ? "even" : "optimal"];
    return { layer, loads, replicas, balance, least: Math.min(...replicas), most: Math.max(...replicas) };
  });
  const { shown, rest } =
    chosen === undefined
      ? worstOf(figures, ({ balance }) => balance)
      : { shown: figures.filter(({ layer }) => chosen.includes(layer)), rest: [] };
  const rows = shown.map(({ layer, loads, replicas, balance, least, most }) => {
    const tokens = loads.reduce((sum, load) => sum + load, 0);
    const hottest = loads.reduce((best, load, expert) => (load > loads[best]! ? expert : best), 0);
    return [
      String(layer),
      grouped(tokens),
      fixed(balance, 3),
      `${hottest} (${percent(tokens === 0 ? 0 : loads[hottest]! / tokens, 0)})`,
      String(replicas[hottest]),
      String(least),
      String(most),
    ];
  });
  const columns = ["layer", "tokens", "GPU over mean", "hottest expert", "its copies", "fewest", "most"].map((head) => ({
    head,
  }));
  const table = textTable(columns, rows, paint);
  if (rest.length === 0) return table;
  const least = Math.min(...rest.map(({ least }) => least));
  const most = Math.max(...rest.map(({ most }) => most));
  const worst = Math.max(...rest.map(({ balance }) => balance));
  const all = figures.map(({ layer }) => layer);
  const note = `The other ${rest.length} layers: at most ${fixed(worst, 3)} of the mean on a GPU, ${least} to ${most} copies of an expert; --layers ${Math.min(...all)}-${Math.max(...all)} shows them`;
  return `${table}\n${wrapped(note, width)}`;
}
