/** The data of a class without being one: what a literal with these fields is. */
export type Plain<T> = { [K in keyof T]: T[K] };
