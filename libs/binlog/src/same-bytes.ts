/** True when both hold the same bytes from `at` on. A loop, because the call of `Buffer.compare` costs more than 100 bytes do. */
export function isSameBehind(at: number, left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = at; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}
