import { textDecoderOf } from '@lutra/binlog/decoder';
import { must, SyncError } from '@lutra/model';
import type { ColumnValue } from '@lutra/model';
import { textOf } from '../text-of.ts';
import type { Conversion, ConversionRequest } from './conversion.ts';
import { temporalText } from './from-temporal.ts';
import { textWriter } from './write-text.ts';

/** To a column of text: char, varchar, text and their like. */
export function toText(request: ConversionRequest): Conversion {
  const { from, refuse, format } = request;
  const write = textWriter(request);
  switch (from.kind) {
    case 'binary':
      return fromBytes(request, write);
    case 'date':
    case 'time':
    case 'datetime':
    case 'timestamp': {
      const inForm = temporalText(request);
      return (value) => {
        const text = inForm(value);
        return text === null ? null : write(text);
      };
    }
    case 'geometry':
      throw refuse(`${from.declared} does not become ${request.to.declared}`);
    default:
      if (format !== undefined)
        throw refuse(`${from.declared} is written as text in one way only: leave the format out`);
      return (value) => write(textOf(value, from));
  }
}

/** How bytes are written as text. */
type BytesForm = 'hex' | 'base64';

const isBytesForm = (format: string): format is BytesForm => format === 'hex' || format === 'base64';

function fromBytes(
  { charset = 'utf8mb4', format, loss, refuse }: ConversionRequest,
  write: (text: string) => ColumnValue,
): Conversion {
  if (format !== undefined) {
    if (!isBytesForm(format))
      throw refuse('the format of bytes is hex or base64; without one they are text in a charset');
    return (value) => write(bufferOf(value).toString(format));
  }
  const decode = textDecoderOf(charset);
  if (decode === null) throw refuse(`the charset ${charset} is not known`);
  return (value) => {
    const bytes = bufferOf(value);
    try {
      return write(decode(bytes, 0, bytes.length));
    } catch (error) {
      if (SyncError.is(error) && error.code === 'SOURCE_EVENT_UNSUPPORTED') return loss.invalid(`text in ${charset}`);
      throw error;
    }
  };
}

export function bufferOf(value: ColumnValue): Buffer {
  const bytes = must(value instanceof Uint8Array ? value : null, 'a column of bytes');
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
