import type { ManualSection } from "./manualSection.ts";

export const simulating: readonly ManualSection[] = [
  {
    heading: "FAILURES",
    blocks: [
      {
        list: [
          ["--fail-every 5m", "One node at a time, at regular intervals, until half are left."],
          ["--mtbf 4h --repair 30m", "Independently, and back after a repair."],
          ["--preemption-probability 0.05", "As spot instances: with this probability every hour, and back with another one."],
          ["--failures 5m:3,9m:0", "When you say so."],
          [
            "--trace FILE",
            "As recorded: rows ms,add|remove,node; rows hours,count; SkyPilot's JSON (--polarity says what it counts); sacctmgr -P show event; or a membership-trace (lazarus schema membership-trace).",
          ],
        ],
      },
    ],
  },
  {
    heading: "SYSTEMS",
    blocks: [
      "lazarus, ds-ft and ds are the paper's three and the default; tutel and tutel-ft are its others. resilient is lazarus with this toolkit's placement for goodput and its balanced dispatch: it plans for failures as often as the options make them (--expected-mtbf says otherwise; a trace is not looked into), keeps a plan while a step takes at most 2 % longer with it, and does not pause for a rebalance that would change nothing. All systems of a trial meet the same failures.",
    ],
  },
];
