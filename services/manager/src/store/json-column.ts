import type { ValueTransformer } from 'typeorm';

/** JSON in a text column: MySQL and MariaDB differ in what their JSON types hand back, text does not. */
export const jsonColumn: ValueTransformer = {
  to: (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value)),
  from: (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : null),
};

/** BIGINT columns whose values stay far below 2^53 (counts): the driver hands them over as text. */
export const countColumn: ValueTransformer = {
  to: (value: number) => value,
  from: (value: unknown) => Number(value),
};
