/**
 * What several generators yield, in the order of its arrival: the order within each stays. Ends when all have ended; one that
 * fails ends it. The generators are not returned: who made them ends them by their signal.
 */
export async function* mergeStreams<T>(
  streams: readonly AsyncGenerator<T, void, undefined>[],
): AsyncGenerator<T, void, undefined> {
  const ready: { readonly stream: AsyncGenerator<T, void, undefined>; readonly result: IteratorResult<T, void> }[] = [];
  let failure: { readonly error: unknown } | null = null;
  let wake: () => void = () => undefined;
  const ask = (stream: AsyncGenerator<T, void, undefined>): void => {
    stream.next().then(
      (result) => {
        ready.push({ stream, result });
        wake();
      },
      (error: unknown) => {
        failure = { error };
        wake();
      },
    );
  };
  streams.forEach(ask);
  for (let open = streams.length; open > 0;) {
    const next = ready.shift();
    if (next !== undefined) {
      if (next.result.done === true) {
        open -= 1;
        continue;
      }
      ask(next.stream);
      yield next.result.value;
    } else if (failure === null)
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    else throw (failure as { readonly error: unknown }).error;
  }
}
