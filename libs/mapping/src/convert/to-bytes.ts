import { charsetEncoderOf } from '@lutra/binlog/decoder';
import type { ColumnDefinition, ColumnValue } from '@lutra/model';
import type { Conversion, ConversionRequest } from './conversion.ts';
import type { Loss } from './loss.ts';
import { bufferOf } from './to-text.ts';
import { BYTES_MAX, without } from './write-text.ts';

const HEX = /^(?:[\da-f]{2})*$/i;
const BASE64 = /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}(?:==)?|[A-Za-z\d+/]{3}=?)?$/;

/** To a column of bytes: of bytes, or of text in a charset. */
export function toBytes(request: ConversionRequest): Conversion {
  const { from, to, loss, refuse } = request;
  const write = bytesWriter(to, loss);
  switch (from.kind) {
    case 'binary':
      return (value) => write(bufferOf(value));
    case 'text':
    case 'enum':
    case 'set':
    case 'json':
      return fromText(request, write);
    default:
      throw refuse(`${from.declared} does not become ${to.declared}: convert it to text first`);
  }
}

/** binary(n) is filled up with zero bytes, as the servers do. */
function bytesWriter({ length, declared }: ColumnDefinition, loss: Loss): (bytes: Buffer) => ColumnValue {
  const max = length ?? BYTES_MAX[declared] ?? Infinity;
  const isPadded = declared.startsWith('binary');
  return (bytes) => {
    if (bytes.length > max) return loss.mayCut ? bytes.subarray(0, max) : loss.lost();
    if (!isPadded || bytes.length === max) return bytes;
    const padded = Buffer.alloc(max);
    bytes.copy(padded);
    return padded;
  };
}

function fromText(
  { charset = 'utf8mb4', format, loss, refuse }: ConversionRequest,
  write: (bytes: Buffer) => ColumnValue,
): Conversion {
  switch (format) {
    case 'hex':
    case 'base64': {
      const form = format === 'hex' ? HEX : BASE64;
      return (value) => {
        const text = String(value);
        return form.test(text) ? write(Buffer.from(text, format)) : loss.invalid(format);
      };
    }
    case undefined: {
      const encoder = charsetEncoderOf(charset);
      if (encoder === null) throw refuse(`the charset ${charset} is not known`);
      return (value) => {
        const text = String(value);
        const bytes = encoder.encode(text) ?? (loss.mayCut ? encoder.encode(without(text, encoder, loss)) : null);
        return bytes === null ? loss.lost() : write(bytes);
      };
    }
    default:
      throw refuse('the format of bytes is hex or base64; without one they are text in a charset');
  }
}
