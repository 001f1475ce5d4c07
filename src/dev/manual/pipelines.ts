import type { ManualSection } from "./manualSection.ts";

export const pipelines: readonly ManualSection[] = [
  {
    heading: "BOUND AND SLOTS",
    blocks: [
      '--stage-times 10ms,9ms,8ms has measured times of forward pass, input gradient and weight gradient (without it, 1,1,1), for each stage between slashes where they differ; --plot plan.svg draws every task. The bound is of any schedule with these techniques and slots, and says what to change: more activation slots, other stages, or nothing. Slots are what the short period costs. "Before" is 1F1B with a common optimizer step. Communication is not in the model.',
    ],
  },
];
