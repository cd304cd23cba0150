/** A row of retl_buffer that was not sent, and why. */
export interface BufferRejection {
  /** Of the row in retl_buffer. */
  readonly id: string;
  readonly table: string;
  readonly type: string;
  readonly key: readonly string[];
  readonly reason: string;
}

/** As people read it among the events of a pipeline. */
export const bufferRejectionText = ({ id, table, type, key, reason }: BufferRejection): string =>
  `Row ${id} of retl.retl_buffer is not sent: ${reason}. It says ${JSON.stringify({ table, type, key })}`;

const TEXT = /^Row (.*?) of retl\.retl_buffer is not sent: (.*?)\. It says (\{.*\})$/s;

/** The other way round; null when it is no such text. */
export function readBufferRejection(text: string): BufferRejection | null {
  const [, id = '', reason = '', json = ''] = TEXT.exec(text) ?? [];
  try {
    const said: unknown = JSON.parse(json);
    if (typeof said !== 'object' || said === null || !('table' in said && 'type' in said && 'key' in said)) return null;
    const key = Array.isArray(said.key) ? said.key.map(String) : [];
    return { id, reason, table: String(said.table), type: String(said.type), key };
  } catch {
    return null;
  }
}
