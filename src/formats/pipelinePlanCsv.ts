/** pipeline-plan as CSV: a row a task. */
import type { PipelinePlanDocument } from "./documents/pipelinePlan.ts";

/** CSV `worker,stage,task,pipeline,microBatch,start,end` in pieces; a job that lost a stage has the header only. */
export function* pipelinePlanCsv({ workers = [] }: PipelinePlanDocument, header: boolean): Generator<string> {
  if (header) yield "worker,stage,task,pipeline,microBatch,start,end\n";
  for (const { worker, tasks } of workers) {
    const stage = worker.slice(worker.indexOf(".") + 1);
    const rows = tasks.map((task) => `${worker},${stage},${task.join(",")}\n`);
    if (rows.length > 0) yield rows.join("");
  }
}
