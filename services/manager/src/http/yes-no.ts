/** What a switch in a query may say. */
export const YES_NO = ['true', 'false'] as const;
export type YesNo = (typeof YES_NO)[number];
