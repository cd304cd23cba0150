export type * from './decode-rows.ts';
