import type { ManualSection } from "./manualSection.ts";

export const comparing: readonly ManualSection[] = [
  {
    heading: "FIGURES",
    blocks: [
      "A figure of an iteration is the load of its busiest GPU over the mean, averaged over the layers, which wait for each other. --shares says how copies share tokens. With a model and hardware there is the time of a step, and after how many steps moves are paid for.",
      "--dispatch even,lplb,optimal sets what a dispatcher makes of the same log at run time beside the exact optimum: even shares, a linear program within each node (LPLB for groups of GPUs), and one over all GPUs (SGLang's lp, dispatch-plan --policy balanced).",
    ],
  },
];
