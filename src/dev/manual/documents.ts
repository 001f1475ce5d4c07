import type { ManualSection } from "./section.ts";

export const documents: readonly ManualSection[] = [
  {
    heading: "DOCUMENTS",
    blocks: [
      "Every command writes JSON on a pipe and a table on a terminal; --format and -o FILE override that. lazarus schema NAME prints the JSON Schema of a document. A recovery-plan is accepted wherever a placement is. What a command writes with --format csv the next one reads as it reads JSON, told apart by the header, and gives the same result. The columns:",
      {
        list: [
          [
            "load-profile",
            "[window,]iteration,layer[,rank],expert,tokens; iteration is the last of the window. Loads of several iterations add from, iterations, method, alpha; a forecast adds forecast, horizon, origins, error, lastError, coverage, of each layer forecaster, layerError, layerLastError, of each expert low, high and scenario:NAME",
          ],
          [
            "placement",
            "[window,]layer,node,domain,rank,slot,expert,tokens,placement,shares,minReplicas and then, where they are needed, the policy's settings (failureUnit, failureProbability, allocation, seed, groups, effort, balanceSlack, objective, stepBudget, hostCopies, training_..., failures_...), of recoveries generation, failedSoFar, decidedAt, movedAt, levelLeft, and dead",
          ],
          ["dispatch-plan", "[window,]layer,expert,source,target,tokens; with --weights: [window,]layer,expert,rank,weight"],
          ["recovery-plan", "[window,]round,layer,expert,from,to,bytes,source; with --rows placement the new placement"],
          ["simulation", "seed,system,...: a row a system, the job's parameters as JSON in the last column"],
          ["bench", "backend,adapter,kernel,size,...: a row a kernel"],
        ],
      },
      "window (FROM-TO) is there where there are several. A placement has a row a slot; a free slot has no expert, a GPU without slots has a row without slot (a dead one with 1 in the column dead), an expert without a slot (--spill cpu) has a row without node, and then one for each node that keeps it in host memory, without rank and slot. The order of nodes, GPUs and slots is that of the rows. The last columns say the same in all rows; settings are there only when they are not what is taken where nobody says otherwise. In a dispatch-plan a row of no tokens says how many ranks there are, where the last one neither sends nor receives.",
      "Not in CSV are the figures of a placement, which follow from it, and the SHA-256 of the plan that a recovery follows. Rows that are missing, there twice or out of order are refused with their line.",
    ],
  },
];
