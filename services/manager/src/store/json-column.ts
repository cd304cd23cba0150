import type { ValueTransformer } from 'typeorm';

/** JSON in a text column: MySQL and MariaDB differ in what their JSON types hand back, text does not. */
export const jsonColumn: ValueTransformer = {
  to: (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value)),
  from: (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : null),
};

/** Text that should be JSON and is not. */
export class UnreadableJson {
  constructor(
    readonly text: string,
    readonly problem: string,
  ) {}
}

/**
 * As {@link jsonColumn}, for rows that are read together by something that must go on when one of them is broken: the property
 * is then an {@link UnreadableJson}, which is written back as it was found. Whoever reads the property asks first.
 */
export const suspectJsonColumn: ValueTransformer = {
  to: (value: unknown) => (value instanceof UnreadableJson ? value.text : (jsonColumn.to(value) as unknown)),
  from: (text: unknown): unknown => {
    try {
      return jsonColumn.from(text) as unknown;
    } catch (error) {
      return new UnreadableJson(String(text), error instanceof Error ? error.message : String(error));
    }
  },
};

/** BIGINT columns whose values stay far below 2^53 (counts): the driver hands them over as text. */
export const countColumn: ValueTransformer = {
  to: (value: number) => value,
  from: (value: unknown) => Number(value),
};
