/**
 * Methods that every Node buffer has and that skip the argument handling of `toString` and `write`: on short texts, the
 * hot path of the row codec, that handling costs more than the work. The types of Node leave them out.
 */
export type FastBuffer = Buffer<ArrayBuffer> & {
  latin1Slice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  latin1Write(text: string, offset: number, length: number): number;
};

export const fastBuffer = (buffer: Buffer): FastBuffer => buffer as FastBuffer;
