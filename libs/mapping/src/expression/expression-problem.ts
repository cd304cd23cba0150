/** What is wrong with an expression, and where: stays inside of this folder. */
export class ExpressionProblem extends Error {
  override readonly name = 'ExpressionProblem';

  constructor(
    /** A sentence without its point. */
    readonly why: string,
    /** Place in the text, in UTF-16 units from 0. */
    readonly offset: number,
  ) {
    super(why);
  }
}
