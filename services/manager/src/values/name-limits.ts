/** Longest name of a schema, table or column in MySQL and MariaDB. */
export const NAME_CHARS_MAX = 64;
/** A name, and the brackets with the second number. */
export const RANGE_CHARS_MAX = NAME_CHARS_MAX + 12;
/** Of an expression over names. */
export const REGEX_CHARS_MAX = 500;
