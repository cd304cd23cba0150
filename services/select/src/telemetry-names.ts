/** Names of spans and attributes that only select writes; those shared by all stages are service-kit's. */
export const SPAN_SELECT = 'select';
export const ATTRIBUTE_TRANSACTIONS = 'lutra.transactions';
