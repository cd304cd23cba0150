import { EncodedText } from '@lutra/model';
import type { ColumnValue, MappingRules, RowImage } from '@lutra/model';
import type { CompiledValue } from './compiled-value.ts';

/** Whether images may hold {@link EncodedText}: not where others than the rules of this library look at values. */
export const leavesTexts = ({ aggregate, lookups, processors }: MappingRules = {}): boolean =>
  aggregate === undefined && lookups === undefined && processors === undefined;

/**
 * The image with the large texts of some columns as strings, for rules that look at them: one at a time, and gone with what is
 * made of it. The image itself where there are none, as in nearly all.
 */
export function withTexts(image: RowImage, positions: readonly number[]): RowImage {
  for (let i = 0; i < positions.length; i++)
    if (image[positions[i] as number] instanceof EncodedText) return decoded(image, positions);
  return image;
}

/** A computed column sees strings; one that is only taken over stays as it came. */
export function readingTexts(value: CompiledValue): CompiledValue {
  const { isTaken = false, reads } = value;
  if (isTaken || reads.length === 0) return value;
  return { ...value, valueOf: (image, facts) => value.valueOf(withTexts(image, reads), facts) };
}

function decoded(image: RowImage, positions: readonly number[]): RowImage {
  const copy: (ColumnValue | undefined)[] = [...image];
  for (const position of positions) {
    const value = copy[position];
    if (value instanceof EncodedText) copy[position] = value.text;
  }
  return copy;
}
