import type { ValueTransformer } from 'typeorm';

/** JSON in a text column: MySQL and MariaDB differ in what their JSON types hand back, text does not. */
export const jsonColumn: ValueTransformer = {
  to: (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value)),
  from: (text: unknown): unknown => (typeof text === 'string' ? JSON.parse(text) : null),
};
