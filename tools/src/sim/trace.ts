/** Lines that are kept for the report of a failure. */
const KEPT_MAX = 4_000;
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** What happened, as text for people and as one number for comparing two runs of a seed. */
export class Trace {
  /** Whether lines are kept; the number is made either way. */
  isKept = false;
  private readonly lines: string[] = [];
  private readonly names = new Map<string, string>();
  private value = 0x811c9dc5;

  get hash(): string {
    return (this.value >>> 0).toString(16).padStart(8, '0');
  }

  mix(one: number, other: number): void {
    this.value = Math.imul(Math.imul(this.value ^ one, 0x01000193) ^ other, 0x01000193);
  }

  /** Random ids of the real code are renamed in order of appearance: only who is who counts, and that repeats. */
  say(atMs: number, line: string): void {
    const text = line.replaceAll(UUID, (id) => this.nameOf(id));
    for (let at = 0; at < text.length; at += 1) this.mix(text.charCodeAt(at), at);
    this.keep(atMs, text);
  }

  /** A line for people only. */
  note(atMs: number, line: string): void {
    this.keep(
      atMs,
      line.replaceAll(UUID, (id) => this.names.get(id) ?? id),
    );
  }

  private keep(atMs: number, text: string): void {
    if (!this.isKept) return;
    this.lines.push(`${(atMs / 1_000).toFixed(4).padStart(9)}  ${text}`);
    if (this.lines.length > 2 * KEPT_MAX) this.lines.splice(0, KEPT_MAX);
  }

  /** The newest lines. */
  tail(count: number): readonly string[] {
    return this.lines.slice(-Math.min(count, KEPT_MAX));
  }

  private nameOf(id: string): string {
    let name = this.names.get(id);
    if (name === undefined) this.names.set(id, (name = `id${String(this.names.size + 1)}`));
    return name;
  }
}
