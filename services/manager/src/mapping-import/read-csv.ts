import { SyncError } from '@lutra/model';

/** One record, with the line on which it begins. */
export interface CsvRecord {
  readonly line: number;
  readonly values: readonly string[];
}

/** Reads CSV after RFC 4180: quoted values may hold commas, line ends and doubled quotes. Empty lines are left out. Throws REQUEST_INVALID. */
export function readCsv(text: string): readonly CsvRecord[] {
  const records: CsvRecord[] = [];
  let values: string[] = [];
  let line = 1;
  let begin = 1;
  // One value with what ends it: quoted, or up to the next comma or line end.
  const value = /(?:"([^"]*(?:""[^"]*)*)"|([^",\r\n]*))(,|\r\n|\n|\r|$)/y;
  while (value.lastIndex < text.length || values.length > 0) {
    const at = value.lastIndex;
    const match = value.exec(text);
    if (match === null) return refuse(`line ${String(line)}: a quote stands inside of a value, or is not closed`);
    const [whole, quoted, plain = '', end = ''] = match;
    values.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    line += whole.match(/\r\n|\n|\r/g)?.length ?? 0;
    if (end === ',') {
      // A comma at the very end is followed by one more empty value.
      if (value.lastIndex >= text.length) values.push('');
      else continue;
    }
    if (values.some((one) => one !== '')) records.push({ line: begin, values });
    values = [];
    begin = line;
    if (value.lastIndex === at) break;
  }
  return records;
}

function refuse(problem: string): never {
  throw new SyncError('REQUEST_INVALID', {
    problem: `content, ${problem}`,
    fields: [{ field: 'content', problem }],
  });
}
