import { SyncError } from '@lutra/model';
import { SINGLE_BYTE_CHARSETS } from './single-byte-charsets.ts';

/** Decodes bytes `start` to `end` of `bytes`. Throws SOURCE_EVENT_UNSUPPORTED when they are no valid text: no replacement characters, ever. */
export type TextDecode = (bytes: Buffer, start: number, end: number) => string;

/**
 * The decoder of a charset, or null when Lutra cannot decode it exactly as the server would. Compared with the servers'
 * own conversion for every one- and two-byte sequence; big5, ujis, eucjpms and gb18030 differ from what Node knows.
 */
export function textDecoderOf(charset: string): TextDecode | null {
  const known = DECODERS.get(charset);
  if (known !== undefined) return known;
  const single = SINGLE_BYTE_CHARSETS[charset];
  if (single === undefined) return null;
  const decode = singleByte(charset, single);
  DECODERS.set(charset, decode);
  return decode;
}

const DECODERS = new Map<string, TextDecode>([
  ['utf8mb4', utf8('utf8mb4')],
  ['utf8mb3', utf8('utf8mb3')],
  ['utf8', utf8('utf8mb3')],
  ['ucs2', strict('ucs2', 'utf-16be')],
  ['utf16', strict('utf16', 'utf-16be')],
  ['utf16le', strict('utf16le', 'utf-16le')],
  ['utf32', utf32],
  ['gbk', strict('gbk', 'gbk')],
  // The servers read two signs of GB 2312 otherwise than GBK does.
  ['gb2312', strict('gb2312', 'gbk', { replaced: { '·': '・', '—': '―' } })],
  // Node's table moves three control characters around (an old IBM habit); the servers do not.
  ['cp932', strict('cp932', 'shift_jis', { replaced: { '\x1a': '\x7f', '\x1c': '\x1a', '\x7f': '\x1c' } })],
  // '\' of full width would become the ASCII one and could not be told from it any more.
  [
    'sjis',
    strict('sjis', 'shift_jis', {
      replaced: {
        '\x1a': '\x7f',
        '\x1c': '\x1a',
        '\x7f': '\x1c',
        '～': '〜',
        '∥': '‖',
        '－': '−',
        '￠': '¢',
        '￡': '£',
        '￢': '¬',
      },
      refused: /＼/u,
    }),
  ],
  // Outside KS X 1001 Node passes the lead byte through as a control character.
  ['euckr', strict('euckr', 'euc-kr', { refused: /[\u0080-\u009f]/u })],
]);

export function invalidText(charset: string): SyncError {
  const problem = `A column of charset ${charset} holds bytes that are no text in it`;
  return new SyncError('SOURCE_EVENT_UNSUPPORTED', { problem, type: charset, charset });
}

function utf8(charset: string): TextDecode {
  return (bytes, start, end) => {
    const text = bytes.toString('utf8', start, end);
    // U+FFFD is either in the data itself or Node's mark for bytes that are not UTF-8: only then is the slow proof needed.
    if (text.includes('\ufffd') && !bytes.subarray(start, end).equals(Buffer.from(text, 'utf8'))) {
      throw invalidText(charset);
    }
    return text;
  };
}

/** `replaced` turns characters of Node's table into those of the servers; `refused` finds what has no exact counterpart. */
function strict(
  charset: string,
  label: string,
  differences: { readonly replaced?: Readonly<Record<string, string>>; readonly refused?: RegExp } = {},
): TextDecode {
  const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
  const { replaced = {}, refused } = differences;
  const marks = Object.keys(replaced);
  const pattern = marks.length === 0 ? null : new RegExp(`[${marks.join('')}]`, 'gu');
  return (bytes, start, end) => {
    let text: string;
    try {
      text = decoder.decode(bytes.subarray(start, end));
    } catch {
      throw invalidText(charset);
    }
    if (refused?.test(text) === true) throw invalidText(charset);
    return pattern === null ? text : text.replace(pattern, (mark) => replaced[mark] ?? mark);
  };
}

function singleByte(charset: string, table: string): TextDecode {
  const isWhole = table.length === 256;
  return (bytes, start, end) => {
    if (!isWhole && isAscii(bytes, start, end)) return bytes.toString('latin1', start, end);
    const units = Buffer.allocUnsafe((end - start) * 2);
    for (let at = start; at < end; at += 1) {
      const byte = bytes.readUInt8(at);
      const unit = isWhole ? table.charCodeAt(byte) : byte < 0x80 ? byte : table.charCodeAt(byte - 0x80);
      if (unit === 0xfffd) throw invalidText(charset);
      units.writeUInt16LE(unit, (at - start) * 2);
    }
    return units.toString('utf16le');
  };
}

function isAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at += 1) if (bytes.readUInt8(at) > 0x7f) return false;
  return true;
}

function utf32(bytes: Buffer, start: number, end: number): string {
  if ((end - start) % 4 !== 0) throw invalidText('utf32');
  let text = '';
  for (let at = start; at < end; at += 4) {
    const point = bytes.readUInt32BE(at);
    if (point > 0x10_ff_ff || (point >= 0xd800 && point <= 0xdfff)) throw invalidText('utf32');
    text += String.fromCodePoint(point);
  }
  return text;
}
