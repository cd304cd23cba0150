/** MariaDB's UUID: 16 bytes in reading order. */
export function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** INET4 (4 bytes) or INET6 (16 bytes) as the server prints it: longest run of zero groups, be it one, as '::', mapped IPv4 in dots. */
export function inetText(bytes: Buffer): string {
  if (bytes.length === 4) return [...bytes].join('.');
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(index * 2));
  const run = longestZeroRun(groups);
  const isMapped = run.start === 0 && run.length === 5 && groups[5] === 0xffff;
  const isCompatible = run.start === 0 && run.length === 6;
  if (isMapped || isCompatible) {
    const dotted = [...bytes.subarray(12)].join('.');
    return isMapped ? `::ffff:${dotted}` : `::${dotted}`;
  }
  const hex = groups.map((group) => group.toString(16));
  if (run.length === 0) return hex.join(':');
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(groups: readonly number[]): { readonly start: number; readonly length: number } {
  let best = { start: -1, length: 0 };
  let start = -1;
  groups.forEach((group, index) => {
    if (group !== 0) start = -1;
    else if (start < 0) start = index;
    if (start >= 0 && index - start + 1 > best.length) best = { start, length: index - start + 1 };
  });
  return best;
}
