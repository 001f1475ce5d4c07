/** `npm run faults`: kills, full disks, read-only folders, closed streams, writers of one file, interrupts of rehearsals; a table. */

import { paint } from "../report/paint.ts";
import { textTable } from "../report/table.ts";
import { closedStreams, fullDisk, readOnly } from "./faults/places.ts";
import { interruptedRehearsals, killed, writersTogether } from "./faults/processes.ts";
import { cleared, prepared, type Row } from "./faults/stage.ts";

const stage = prepared();
// Children inherit it, so that those that are left can be told from others.
process.env["LAZARUS_FAULTS"] = stage.folder;
const rows: Row[] = [];
try {
  rows.push(...(await Promise.all(Object.keys(stage.commands).map((name) => killed(stage, name)))));
  rows.push(await fullDisk(stage), await readOnly(stage), await closedStreams(stage), await writersTogether(stage));
  rows.push(await interruptedRehearsals(stage));
} finally {
  cleared(stage);
}
const columns = [
  { head: "fault", align: "left" as const },
  ...["runs", "half files", "left over", "odd ends"].map((head) => ({ head })),
  { head: "", align: "left" as const },
];
const cells = rows.map(({ fault, runs, half, left, odd, note = "" }) => [
  fault,
  String(runs),
  String(half),
  left === undefined ? "-" : String(left),
  String(odd),
  note,
]);
process.stdout.write(`${textTable(columns, cells, paint(false))}\n`);
if (rows.some(({ half, left = 0, odd }) => half + left + odd > 0)) process.exitCode = 1;
