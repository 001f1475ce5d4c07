/** Work that goes on until somebody ends it: SIGTERM, SIGINT and SIGHUP end it between two pieces, and that is no failure. */

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** What ends work that follows something; listeners are removed when it is over. */
export function stopSignals(): { readonly stopped: Promise<void>; readonly release: () => void } {
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => {
    stop = () => resolve(); // Not with the signal.
  });
  for (const signal of SIGNALS) process.on(signal, stop);
  return {
    stopped,
    release: () => {
      for (const signal of SIGNALS) process.off(signal, stop);
    },
  };
}

/** What comes, until a signal: what is being worked on is finished, and what has not come yet is not waited for. */
export async function* untilStopped<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const { stopped, release } = stopSignals();
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), stopped]);
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    release();
  }
}
