export const two = (value: number): string => (value < 10 ? `0${String(value)}` : String(value));

/** The number that the digits between the two places write; -1 when others are among them. */
export function numberAt(text: string, start: number, end: number): number {
  if (end > text.length) return -1;
  let value = 0;
  for (let at = start; at < end; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value;
}
