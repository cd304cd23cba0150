/**
 * True when two different tables that match the expression can never get the same target name: all that varies stands in
 * groups, and the target's name uses every one of them. Careful: what is not simple to see (nested or repeated groups, groups
 * side by side in the target's name) counts as false.
 */
export function isOneToOne(regex: string, targetName: string): boolean {
  const used = [...targetName.matchAll(/\$([1-9])/g)].map(([, digit]) => Number(digit));
  if (/\$[1-9]\$[1-9]/.test(targetName)) return false;
  const outer = outsideOfGroups(regex);
  return (
    outer !== null &&
    outer.isLiteral &&
    Array.from({ length: outer.groupCount }, (_, i) => i + 1).every((group) => used.includes(group))
  );
}

/** Looks at the expression outside of its groups; null when that is not simple (nested or unnamed groups, repeated groups). */
function outsideOfGroups(regex: string): { readonly isLiteral: boolean; readonly groupCount: number } | null {
  // Escaped characters stand for themselves unless they name a class (\d, \w, …), which varies.
  const text = regex.replaceAll(/\\(\W)/g, '_');
  const groups = [...text.matchAll(/\(([^()]*)\)([?*+{]?)/g)];
  if (groups.some(([, body = '', repeat]) => body.startsWith('?') || repeat !== '')) return null;
  const rest = text.replaceAll(/\([^()]*\)/g, '_');
  return { isLiteral: !/[.*+?|()[\]{}\\^$]/.test(rest), groupCount: groups.length };
}
