/** Records of several files in one order. */

/**
 * Records of files that are each in order, all of a step before those of the next.
 * @param stepOf the step of a record
 */
export async function* mergeRecords<T>(files: readonly AsyncGenerator<T>[], stepOf: (record: T) => number): AsyncGenerator<T> {
  const heads = await Promise.all(files.map(async (file) => ({ file, next: await file.next() })));
  for (;;) {
    const steps = heads.flatMap(({ next }) => (next.done ? [] : [stepOf(next.value)]));
    if (steps.length === 0) return;
    const step = steps.reduce((least, one) => Math.min(least, one));
    for (const head of heads) {
      while (!head.next.done && stepOf(head.next.value) <= step) {
        yield head.next.value;
        head.next = await head.file.next();
      }
    }
  }
}
