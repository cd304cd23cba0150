const RESERVED_SCHEMAS = new Set(['lutra', 'retl', 'mysql', 'sys', 'information_schema', 'performance_schema']);

/** Schemas that no mapping ever matches, not even by a wildcard: Lutra's own, Otter's, and the server's. */
export const isReservedSchema = (schema: string): boolean => RESERVED_SCHEMAS.has(schema.toLowerCase());
