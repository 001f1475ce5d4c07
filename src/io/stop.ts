/** Work that goes on until somebody ends it: SIGTERM, SIGINT and SIGHUP end it between two pieces, and that is no failure. */

const SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** Waits for what may be ended by a signal. */
export interface Stoppable {
  /** What a promise comes to; nothing once a signal has come. */
  readonly unlessStopped: <T>(promise: Promise<T>) => Promise<T | undefined>;
  /** Listens no more. */
  readonly release: () => void;
}

/** Listens to signals. Nothing is kept of promises that have been waited for, as a race with one that never ends would. */
export function stopSignals(): Stoppable {
  let isStopped = false;
  let wake = () => {};
  const stop = () => {
    isStopped = true;
    wake();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return {
    unlessStopped: (promise) =>
      new Promise((resolve, reject) => {
        wake = () => resolve(undefined);
        promise.then(resolve, reject);
        if (isStopped) wake();
      }),
    release: () => {
      for (const signal of SIGNALS) process.off(signal, stop);
    },
  };
}

/** What comes, until a signal: what is being worked on is finished, and what has not come yet is not waited for. */
export async function* untilStopped<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
  const { unlessStopped, release } = stopSignals();
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const next = await unlessStopped(iterator.next());
      if (next === undefined || next.done === true) return;
      yield next.value;
    }
  } finally {
    release();
  }
}
