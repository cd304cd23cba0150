/** Bytes that a decoded value takes in memory, roughly: letters two each, views as if they were copies. */
export function measureOutput(value: unknown): number {
  switch (typeof value) {
    case 'string':
      return 16 + 2 * value.length;
    case 'bigint':
      return 16;
    case 'object':
      if (value === null) return 8;
      if (ArrayBuffer.isView(value)) return 16 + value.byteLength;
      return Object.values(value).reduce((sum: number, item: unknown) => sum + 8 + measureOutput(item), 16);
    default:
      return 8;
  }
}

/** Bytes that `work` asks Buffer for, and its result. */
export function countAllocated<T>(work: () => T): { readonly result: T; readonly bytes: number } {
  const { alloc, allocUnsafe, allocUnsafeSlow } = Buffer;
  let bytes = 0;
  const count = (size: number): number => {
    bytes += size;
    return size;
  };
  Buffer.alloc = (size, fill?: string | Uint8Array | number, encoding?: BufferEncoding) =>
    alloc(count(size), fill, encoding);
  Buffer.allocUnsafe = (size) => allocUnsafe(count(size));
  Buffer.allocUnsafeSlow = (size) => allocUnsafeSlow(count(size));
  try {
    return { result: work(), bytes };
  } finally {
    Object.assign(Buffer, { alloc, allocUnsafe, allocUnsafeSlow });
  }
}
