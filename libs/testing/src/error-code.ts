/** The system's code of an error ('ENOENT'), if it has one. Not by `instanceof`: inside Jest, errors of Node are of another realm. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}
