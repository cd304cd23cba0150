/** The machine lacks something that only a person can provide. The message says what, in full sentences, ready for the screen. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
