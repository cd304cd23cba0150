/** First release of each series that keeps the rows of a bulk execute whatever a trigger does (MDEV-24411, MDEV-34718). */
const MENDED: readonly (readonly [series: string, release: number])[] = [
  ['10.5', 27],
  ['10.6', 20],
  ['10.11', 10],
  ['11.2', 6],
  ['11.4', 4],
  ['11.6', 2],
];

/**
 * Whether a MariaDB of this version keeps all rows of a bulk execute. Older ones lose some, without an error, where a trigger
 * fires; one that is made at any time is enough, and no count of rows could tell for certain.
 */
export function keepsBulkRows(version: string): boolean {
  const [, major = '', minor = '', release = ''] = /^(?:5\.5\.5-)?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  if (release === '') return false;
  if (Number(major) > 11 || (Number(major) === 11 && Number(minor) >= 7)) return true;
  return MENDED.some(([series, first]) => series === `${major}.${minor}` && Number(release) >= first);
}
