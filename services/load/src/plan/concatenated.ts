/** All elements in one list. Array.prototype.flat and flatMap look at every element, which costs as much as a step of the plan. */
export function concatenated<T>(lists: readonly (readonly T[])[]): readonly T[] {
  const [first] = lists;
  return lists.length === 1 && first !== undefined ? first : ([] as T[]).concat(...lists);
}
