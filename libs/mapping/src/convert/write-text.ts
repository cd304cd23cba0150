import { charsetEncoderOf } from '@lutra/binlog/decoder';
import type { CharsetEncoder } from '@lutra/binlog/decoder';
import { must } from '@lutra/model';
import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import type { ConversionRequest } from './conversion.ts';
import type { Loss } from './loss.ts';

/** Bytes of the types whose declaration says no length; longtext and longblob hold more than a row may have. */
export const BYTES_MAX: Readonly<Record<string, number>> = {
  ...{ tinytext: 255, text: 65_535, mediumtext: 16_777_215 },
  ...{ tinyblob: 255, blob: 65_535, mediumblob: 16_777_215 },
};
const QUESTION_MARK = '?';

/**
 * Makes a value of a text column: characters that its charset lacks and those that it is too short for are lost. Truncate leaves
 * both out, clamp writes a question mark for the first, as the servers do.
 */
export function textWriter({ to, loss, refuse }: ConversionRequest): (text: string) => ColumnValue {
  const charset = to.charset ?? 'utf8mb4';
  const encoder = charsetEncoderOf(charset);
  if (encoder === null) throw refuse(`the charset ${charset} is not known`);
  const fit = fitter(to, { encoder, loss });
  if (charset === 'utf8mb4') return fit;
  return (text) => {
    if (isAscii(text) || encoder.encode(text) !== null) return fit(text);
    return loss.mayCut ? fit(without(text, encoder, loss)) : loss.lost();
  };
}

/** What the charset lacks is left out, or becomes a question mark. */
export function without(text: string, encoder: CharsetEncoder, { policy }: Loss): string {
  const mark = policy === 'clamp' && encoder.bytesOf(QUESTION_MARK.charCodeAt(0)) > 0 ? QUESTION_MARK : '';
  let kept = '';
  for (const character of text) kept += encoder.bytesOf(character.codePointAt(0) ?? 0) > 0 ? character : mark;
  return kept;
}

function fitter(
  to: ColumnDefinition,
  { encoder, loss }: { readonly encoder: CharsetEncoder; readonly loss: Loss },
): (text: string) => ColumnValue {
  const { length, declared } = to;
  const isCounted = length !== undefined;
  const max = length ?? BYTES_MAX[declared] ?? Infinity;
  const sizeOf = isCounted ? () => 1 : (point: number) => encoder.bytesOf(point);
  // No character takes more than four bytes, and none of one unit more than itself.
  const alwaysFits = isCounted ? max : Math.floor(max / 4);
  return (text) => {
    if (text.length <= alwaysFits) return text;
    const end = endOf(text, max, sizeOf);
    if (end === text.length) return text;
    return loss.mayCut ? text.slice(0, end) : loss.lost();
  };
}

/** Where the last character ends that still fits. */
function endOf(text: string, max: number, sizeOf: (point: number) => number): number {
  let size = 0;
  let at = 0;
  while (at < text.length) {
    const point = must(text.codePointAt(at), 'inside of the text');
    size += sizeOf(point);
    if (size > max) return at;
    at += point > 0xffff ? 2 : 1;
  }
  return at;
}

const NOT_ASCII = /[^\x00-\x7f]/; // the border of ASCII is the point

const isAscii = (text: string): boolean => !NOT_ASCII.test(text);
