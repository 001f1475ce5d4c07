import type { ManualSection } from "./section.ts";

export const failures: readonly ManualSection[] = [
  {
    heading: "WHAT FAILED",
    blocks: [
      "--failed takes names, Slurm host lists, and @FILE or @- with what a cluster manager prints: host lists or tables of sinfo (with their header), sacctmgr -P show event, kubectl get nodes -o json (nodes that are not Ready), AWS interruption notices. Nodes that the placement does not have are left out with a warning; of names that somebody typed, they are refused.",
      "gpu03:5 is one GPU of a node, and gpu03:2-3 are two: the node goes on with the slots of the others, the dead GPU keeps its rank and gets nothing (nodes[].deadGpus), and --joined gpu03:5 brings it back. Where a node has several GPUs, placements say what they survive when GPUs, nodes or domains fail (recovery.byUnit); place --failure-unit gpu seeks the first.",
      "Nodes that are to leave hand over what they hold first: --drain gpu03 makes them sources of transfers, so that nothing is at risk, and of --drain @FILE it takes the drained or cordoned nodes. Such planned changes, --joined and a newer --profile among them, are not charged for detection. A node that a list of kubectl get nodes no longer has counts as failed (--missing alive, if it has not); what a table of sinfo, or a list with few of the plan's nodes, does not have is alive, with a warning, unless --missing failed is given.",
      "Experts without a live host end the job, unless they are restored: --restore names what a node takes out of its own host memory (host=25GBps; --host-copies-of own|neighbour|FILE says whose experts it keeps, and the copies fail with it) and what all nodes together read from the checkpoint store (store=2GBps; one node of them: store-node=1GBps). The plan lists them in restored. place --host-copies 1 plans with such copies: it says what survives when every node keeps, in its host memory, what the node before it holds, and a later recover --restore host=RATE takes them from there.",
      "Engines that do not number their ranks anew when some die want the others where they were: --keep-ranks leaves dead nodes in the plan, without slots, a node that joins takes the ranks of its name or of a dead one, and dispatch-plan numbers ranks so. The map of vLLM has such ranks: 0.33.0 takes slots of -1 for none. SGLang 0.5.23 and vllm-ascend 0.23.0 take each slot for a live copy, -1 for one of the last expert, and TensorRT-LLM stops at ids below 0, so that plans for these are refused, and are made without --keep-ranks for a start on the live ranks.",
      "A node that is ready again has not failed, and a line names it; whether it can be trusted is for somebody else to say. --joined gpu03 takes it back.",
    ],
  },
  {
    heading: "CONTROLLERS",
    blocks: [
      "recover PLAN --failed @- -o PLAN is the step of a controller: what is already handled changes nothing, and of two at once one is refused. lazarus-controllers(7) has the whole of it, for failures and for loads that drift.",
    ],
  },
];
