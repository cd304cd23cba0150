/**
 * Finds the rows at fault by halves: `write` writes rows together and says whether the target took them all, having changed
 * nothing otherwise; `settle` is given each row that is refused alone. Every row is either written or settled, exactly once,
 * and in order: what stands before a row has been dealt with when its turn comes.
 */
export async function bisect<T>(
  rows: readonly T[],
  steps: { readonly write: (rows: readonly T[]) => Promise<boolean>; readonly settle: (row: T) => Promise<void> },
): Promise<void> {
  if (rows.length === 0 || (await steps.write(rows))) return;
  const [only] = rows;
  if (rows.length === 1 && only !== undefined) {
    await steps.settle(only);
    return;
  }
  const middle = rows.length >> 1;
  await bisect(rows.slice(0, middle), steps);
  await bisect(rows.slice(middle), steps);
}
