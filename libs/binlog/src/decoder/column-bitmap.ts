/** Bit `index` of a bitmap as rows events have them: the lowest bit of the first byte is the first. */
export const isBitSet = (bits: Uint8Array, index: number): boolean =>
  ((bits[index >> 3] ?? 0) & (1 << (index & 7))) !== 0;
