import type { DecodedEvent, DecodedRow, RowsDecoder, RowSink } from '@lutra/binlog/decoder';
import type { ColumnValue, RawEvent, RowImage, ValueSink } from '@lutra/model';

/** Makes values of what is handed to it. */
class CollectingSink implements ValueSink {
  readonly images: (ColumnValue | undefined)[][] = [];
  private columnCount = 0;
  private absent: Uint8Array | null = null;

  beginImage(columnCount: number, absent: Uint8Array | null): void {
    this.images.push([]);
    this.columnCount = columnCount;
    this.absent = absent;
    this.passAbsent();
  }

  takeNull(): void {
    this.takeValue(null);
  }

  takeNumber(value: number): void {
    this.takeValue(value);
  }

  takeInt64(bytes: Uint8Array, at: number): void {
    this.takeValue(Buffer.from(bytes).readBigInt64LE(at));
  }

  takeUint64(bytes: Uint8Array, at: number): void {
    this.takeValue(Buffer.from(bytes).readBigUInt64LE(at));
  }

  takeAscii(bytes: Buffer, start: number, end: number): boolean {
    const text = bytes.subarray(start, end);
    if (text.some((byte) => byte > 0x7f)) return false;
    this.takeValue(text.toString('latin1'));
    return true;
  }

  takeLargeText(bytes: Buffer, start: number, end: number): void {
    this.takeValue(bytes.toString('utf8', start, end));
  }

  takeBytes(bytes: Buffer, start: number, end: number): void {
    this.takeValue(bytes.subarray(start, end));
  }

  takeValue(value: ColumnValue): void {
    this.images.at(-1)?.push(value);
    this.passAbsent();
  }

  takeImage(image: RowImage): void {
    this.images.push([...image]);
  }

  private passAbsent(): void {
    const image = this.images.at(-1) ?? [];
    while (image.length < this.columnCount && this.isAbsent(image.length)) image.push(undefined);
  }

  private isAbsent(column: number): boolean {
    return this.absent !== null && ((this.absent[column >> 3] ?? 0) & (1 << (column & 7))) !== 0;
  }
}

/** What `decoder.pass` hands over, in the form in which `decoder.rows` returns it. */
export function passedRows(decoder: RowsDecoder, event: RawEvent): DecodedEvent {
  const images = new CollectingSink();
  const heads: Omit<DecodedEvent, 'rows'>[] = [];
  let rowCount = 0;
  const sink: RowSink = { images, beginEvent: (head) => heads.push(head), beginRow: () => (rowCount += 1) };
  decoder.pass(event, sink);
  const [head] = heads;
  if (head === undefined) throw new Error('an event was not begun');
  const perRow = head.kind === 'update' ? 2 : 1;
  if (images.images.length !== rowCount * perRow) throw new Error('a row has too few images or too many');
  const rows = Array.from({ length: rowCount }, (_unused, row): DecodedRow => {
    const [first = [], second = []] = images.images.slice(row * perRow);
    if (head.kind === 'update') return { before: first, after: second };
    return head.kind === 'insert' ? { after: first } : { before: first };
  });
  return { ...head, rows };
}
