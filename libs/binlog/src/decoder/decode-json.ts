import { JsonReader } from './json-reader.ts';

/**
 * MySQL's binary JSON as the text that the server prints: members in stored order, ', ' and ': ' between them, integers and
 * decimals with all digits, doubles that keep being doubles ('1.0'), temporal values and bytes as the server's strings.
 */
export function decodeJson(document: Uint8Array): string {
  const reader = new JsonReader(document);
  return reader.text(reader.root);
}
