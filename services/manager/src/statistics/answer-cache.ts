/** Of a byte each, or two where a table's name is not Latin: a hundred and fifty answers of 750 points. */
const CHARACTERS_MAX = 64 * 1024 * 1024;

interface Kept {
  readonly state: string;
  readonly text: Promise<string>;
  /** 0 while it is made. */
  size: number;
}

/**
 * Answers that were made of what is stored, as text, for as long as the store is in the same state; those that were not asked
 * for longest go first.
 */
export class AnswerCache {
  /** Oldest use first. */
  private readonly kept = new Map<string, Kept>();
  private size = 0;

  constructor(private readonly charactersMax = CHARACTERS_MAX) {}

  /** The answer in this state; `make` makes it when it is not there. Who asks meanwhile waits for the same. */
  async find(
    { question, state }: { readonly question: string; readonly state: string },
    make: () => Promise<string>,
  ): Promise<string> {
    const known = this.kept.get(question);
    if (known?.state === state) {
      this.kept.delete(question);
      this.kept.set(question, known);
      return known.text;
    }
    this.drop(question);
    const made: Kept = { state, text: make(), size: 0 };
    this.kept.set(question, made);
    try {
      const text = await made.text;
      this.count(question, made, text.length);
      return text;
    } catch (error) {
      if (this.kept.get(question) === made) this.drop(question);
      throw error;
    }
  }

  private count(question: string, made: Kept, size: number): void {
    if (this.kept.get(question) !== made) return;
    made.size = size;
    this.size += size;
    for (const oldest of this.kept.keys()) {
      if (this.size <= this.charactersMax) return;
      this.drop(oldest);
    }
  }

  private drop(question: string): void {
    this.size -= this.kept.get(question)?.size ?? 0;
    this.kept.delete(question);
  }
}
