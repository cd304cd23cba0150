import type { RowRefusal } from '@lutra/model';
import type { ByteDecoder } from './byte-decoder.ts';
import { encodeBlock } from './byte-encoder.ts';
import type { ByteEncoder } from './byte-encoder.ts';
import { malformed } from './malformed.ts';

const IS_ONLY_BEFORE = 1;

/** A length-prefixed block: flags, code, problem, details as JSON, positions. */
export function encodeRefusal(to: ByteEncoder, { code, problem, details, columns, isOnlyBefore }: RowRefusal): void {
  const block = encodeBlock((inner) => {
    inner.varint(isOnlyBefore ? IS_ONLY_BEFORE : 0);
    inner.text(code);
    inner.text(problem);
    inner.text(JSON.stringify(details));
    inner.varint(columns.length);
    for (const position of columns) inner.varint(position);
  });
  to.bytesValue(block);
}

export function decodeRefusal(from: ByteDecoder): RowRefusal {
  const block = from.block();
  const flags = block.varint();
  const code = block.text();
  const problem = block.text();
  const details = detailsOf(block.text());
  const columns = Array.from({ length: block.count(1) }, () => block.varint());
  return { code, problem, details, columns, isOnlyBefore: (flags & IS_ONLY_BEFORE) !== 0 };
}

export function skipRefusal(from: ByteDecoder): void {
  from.skip(from.varint());
}

function detailsOf(text: string): RowRefusal['details'] {
  const details: unknown = JSON.parse(text);
  if (typeof details !== 'object' || details === null || Array.isArray(details))
    throw malformed('the details of a refusal are no object');
  return details as RowRefusal['details'];
}
