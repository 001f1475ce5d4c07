/** What survival costs, as a picture. */
import type { ParetoPoint } from "../core/placement/paretoFront.ts";
import { numberAxis } from "./pictures/axes.ts";
import { type Axis, linePlot, type Series } from "./pictures/linePlot.ts";
import type { Picture } from "./pictures/picture.ts";
import { percent } from "./table.ts";

/** A logarithmic axis has no place for plans that never lose the job: they stand below its last power. */
const LEAST = 1e-12;

interface Placed {
  readonly plan: string;
  readonly name: string;
  readonly price: number;
  readonly lost: number;
  readonly isOnFront: boolean;
}

/** The front as a line, our plan on it, those of other policies beside it, every point with its name. */
export function paretoPicture(subject: string, points: readonly ParetoPoint[]): Picture {
  const timed = points.every(({ stepSeconds }) => stepSeconds !== undefined);
  const placed = points.map(
    ({ plan, asked, survival, balance, stepSeconds, isOnFront }): Placed => ({
      plan,
      name: plan === "front" ? asked : plan === "resilient" ? "resilient (this plan)" : plan,
      price: stepSeconds ?? balance,
      lost: 1 - survival,
      isOnFront,
    }),
  );
  const y = lostAxis(placed.map(({ lost }) => lost));
  const shown = placed.map((point) => ({ ...point, lost: Math.max(y.from, point.lost) }));
  const ours = placed.find(({ plan }) => plan === "resilient");
  const theirs = placed.find(({ plan }) => plan === "mro");
  const tip = ({ name, price, lost }: Placed) =>
    `${name}: lost with ${lost === 0 ? "0 %" : lossText(lost)}, ${timed ? `step ${price.toPrecision(4)} s` : `busiest ${price.toFixed(3)}`}`;
  const dots = (name: string, colour: number, isOne: (point: Placed) => boolean, kind: "dots" | "discs" = "dots"): Series[] => {
    const own = shown.flatMap((point, i) => (isOne(point) ? [{ x: point.price, y: point.lost, tip: tip(placed[i]!) }] : []));
    return own.length === 0 ? [] : [{ name, colour, kind, points: own }];
  };
  const front = shown.filter(({ isOnFront }) => isOnFront).sort((a, b) => a.price - b.price || b.lost - a.lost);
  const x = numberAxis(
    timed ? "step, in seconds" : "busiest GPU over the mean, worst layer",
    shown.map(({ price }) => price),
  );
  return {
    title: ours && theirs ? titleOf(ours, theirs, timed) : "What survival costs",
    subtitle: `${subject}; plans that lose less stand lower, ${timed ? "faster" : "more even"} ones further left. Other limits are searches of their own.`,
    panels: [
      {
        title: `Survival against ${timed ? "step time" : "balance"}`,
        draw: (width) =>
          linePlot(
            {
              x,
              y,
              series: [
                {
                  name: "front: nothing is better in both",
                  colour: 6,
                  kind: "steps",
                  points: front.map(({ price, lost }) => ({ x: price, y: lost })),
                },
                ...dots("other limits", 6, ({ plan }) => plan === "front"),
                ...dots("other policies", 1, ({ plan }) => plan !== "resilient" && plan !== "front"),
                ...dots("this plan", 0, ({ plan }) => plan === "resilient", "discs"),
              ],
              names: together(shown),
              height: 420,
            },
            width,
          ),
      },
    ],
  };
}

/** Both plans by what they lose, or by their price where that is the same. */
function titleOf(ours: Placed, theirs: Placed, timed: boolean): string {
  const [loss, other] = [lossText(ours.lost), lossText(theirs.lost)];
  if (loss !== other) return `This plan loses an expert with ${loss}, the paper's with ${other}`;
  const price = ({ price }: Placed) => (timed ? `${price.toPrecision(3)} s` : `${price.toFixed(2)} x the mean`);
  return `With ${loss} of losing an expert, this plan is at ${price(ours)}, the paper's at ${price(theirs)}`;
}

/** Points at one place have one name, which is all of theirs. */
function together(points: readonly Placed[]): { x: number; y: number; name: string }[] {
  const places = new Map<string, Placed[]>();
  for (const point of points) {
    const key = `${point.price.toPrecision(4)} ${point.lost.toPrecision(3)}`;
    places.set(key, [...(places.get(key) ?? []), point]);
  }
  return [...places.values()].map((own) => ({ x: own[0]!.price, y: own[0]!.lost, name: joined(own.map(({ name }) => name)) }));
}

/** Names one after the other; what they begin with is said once, as in `balance slack 0.1, 0.2` or `balance slack 0.1 to 0.5`. */
function joined(names: readonly string[]): string {
  const beginning = (name: string) => (/ [\d.]+$/.test(name) ? name.slice(0, name.lastIndexOf(" ") + 1) : undefined);
  const runs: string[][] = [];
  for (const name of names) {
    const begun = beginning(name);
    if (begun !== undefined && begun === beginning(runs.at(-1)?.[0] ?? "")) runs.at(-1)!.push(name.slice(begun.length));
    else runs.push([name]);
  }
  return runs.map((run) => (run.length > 2 ? `${run[0]} to ${run.at(-1)}` : run.join(", "))).join(", ");
}

/** Powers of ten as percentages; where something is never lost, the lowest is 0. */
function lostAxis(lost: readonly number[]): Axis {
  const some = lost.filter((probability) => probability >= LEAST);
  const hasNever = some.length < lost.length;
  const power = (probability: number) => Math.log10(probability);
  const top = Math.min(0, Math.ceil(Math.max(...some.map(power), -3) - 1e-9));
  const bottom = Math.min(top - 1, Math.floor(Math.min(...some.map(power), top - 1) + 1e-9)) - (hasNever ? 1 : 0);
  const step = Math.ceil((top - bottom) / 8);
  const ticks = Array.from({ length: top - bottom + 1 }, (_, i) => bottom + i)
    .filter((exponent) => (top - exponent) % step === 0 || (hasNever && exponent === bottom))
    .map((exponent) => ({ at: 10 ** exponent, name: hasNever && exponent === bottom ? "0 %" : lossText(10 ** exponent) }));
  return { title: "probability that an expert is lost", from: 10 ** bottom, to: 10 ** top, ticks, isLogarithmic: true };
}

function lossText(probability: number): string {
  if (probability === 0) return "0 %";
  if (probability >= 0.1) return percent(probability, Number.isInteger(Math.log10(probability)) ? 0 : 1);
  const share = Number((100 * probability).toPrecision(2));
  return share >= 1e-4 ? `${share} %` : `${share.toExponential().replace("e-", "e−")} %`;
}
