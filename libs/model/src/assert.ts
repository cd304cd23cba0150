/** Narrows away `undefined` and `null`; the reason says why the value has to exist. Throws a plain Error: a programmer's mistake. */
export function must<T>(value: T | undefined | null, reason: string): T {
  if (value === undefined || value === null) throw new Error(`must: ${reason}`);
  return value;
}

/** Ends a `switch` over a closed union: a new member is then a compile error, and a run-time one if types were bypassed. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
